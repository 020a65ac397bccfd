;; Shares its memory between threads.
;;
;; covers: P30
;; ends: at load
;; says: plugin `sha256:...` is not a valid component: ...threads must be enabled...
;; memory: 256 MiB
;; time: 60 s
(component (core module (memory 1 1 shared)))
