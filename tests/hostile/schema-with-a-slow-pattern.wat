;; Describes its settings by patterns that take exponential time or space.
;;
;; covers: P56
;; ends: passes
;; memory: 256 MiB
;; time: 60 s
;; settings: {a: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!}
(module <<honest memory prepare realloc evaluate>>
  <<describe {"contract":"1.0.0","version":"1.0.0","name":"hostile","title":"T","rules":[],"settings":{"properties":{"a":{"pattern":"^(a+)+$"},"b":{"pattern":"(((a{1,1000}){1,1000}){1,1000}){1,1000}"}}}}>>)
