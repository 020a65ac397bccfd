;; Has a table of references to things of the host.
;;
;; covers: P34
;; ends: at load
;; says: plugin `sha256:...` is not a valid component: ...
;; memory: 256 MiB
;; time: 60 s
(component (core module (table 1 externref)))
