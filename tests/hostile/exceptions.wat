;; Throws exceptions.
;;
;; covers: P35
;; ends: at load
;; says: plugin `sha256:...` is not a valid component: ...exceptions proposal not enabled...
;; memory: 256 MiB
;; time: 60 s
(component (core module (tag)))
