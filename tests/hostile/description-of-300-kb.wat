;; Describes itself in 300 KB.
;;
;; covers: P55 P75
;; ends: at load
;; says: plugin `sha256:...` ...
;; memory: 256 MiB
;; time: 60 s
(module (memory (export "memory") 8) <<honest prepare realloc evaluate>>
  <<describe {"contract":"1.0.0","version":"1.0.0","settings":{},"name":"hostile","title":"<<repeat 300000 a>>","rules":[]}>>)
