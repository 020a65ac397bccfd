;; Begins with two memories, each within the limit, and together beyond it.
;;
;; covers: P25
;; ends: at load
;; says: plugin `sha256:...` wanted more than its 64 MiB of memory
;; memory: 256 MiB
;; time: 60 s
(module (memory (export "memory") 640) (memory 640)
  <<honest describe prepare realloc evaluate>>)
