;; Has a memory with pages of one byte.
;;
;; covers: P32
;; ends: at load
;; says: plugin `sha256:...` is not a valid component: ...
;; memory: 256 MiB
;; time: 60 s
(component (core module (memory 1 (pagesize 1))))
