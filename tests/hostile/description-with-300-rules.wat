;; Has more rules than it may.
;;
;; covers: P23
;; ends: at load
;; says: plugin `sha256:...` describes itself wrongly: 300 `rules`, at most 256 are admitted
;; memory: 256 MiB
;; time: 60 s
(module (memory (export "memory") 8) <<honest prepare realloc evaluate>>
  <<describe {"contract":"1.0.0","version":"1.0.0","settings":{},"name":"hostile","title":"T","rules":[{"id":"r","title":"R","severity":"low"}<<repeat 299 ,{"id":"r-{n}","title":"R","severity":"low"}>>]}>>)
