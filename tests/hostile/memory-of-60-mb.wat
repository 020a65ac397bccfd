;; Begins with 60 MB of memory, which is within its limit.
;;
;; covers: P26
;; ends: passes
;; memory: 256 MiB
;; time: 60 s
(module (memory (export "memory") 960)
  <<honest describe prepare realloc evaluate>>)
