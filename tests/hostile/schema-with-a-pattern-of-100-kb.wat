;; Describes its settings by a pattern of 100 KB.
;;
;; covers: P56
;; ends: passes
;; memory: 256 MiB
;; time: 60 s
(module (memory (export "memory") 8) <<honest prepare realloc evaluate>>
  <<describe {"contract":"1.0.0","version":"1.0.0","name":"hostile","title":"T","rules":[],"settings":{"properties":{"a":{"pattern":"<<repeat 50000 (a>>"}}}}>>)
