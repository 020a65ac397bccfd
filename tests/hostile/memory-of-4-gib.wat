;; Begins with 4 GiB of memory.
;;
;; covers: P25
;; ends: at load
;; says: plugin `sha256:...` wanted more than its 64 MiB of memory
;; memory: 256 MiB
;; time: 60 s
(module (memory (export "memory") 65536)
  <<honest describe prepare realloc evaluate>>)
