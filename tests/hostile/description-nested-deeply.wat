;; Describes its settings with 20,000 maps inside each other, which nobody reads to judge.
;;
;; covers: P56 P71
;; ends: passes
;; memory: 256 MiB
;; time: 60 s
(module (memory (export "memory") 8) <<honest prepare realloc evaluate>>
  <<describe {"contract":"1.0.0","version":"1.0.0","name":"hostile","title":"T","rules":[],"settings":<<repeat 20000 {"a":>>1<<repeat 20000 }>>}>>)
