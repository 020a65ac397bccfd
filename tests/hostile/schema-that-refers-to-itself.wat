;; Describes its settings by a schema whose parts refer to each other without end.
;;
;; covers: P56
;; ends: passes
;; memory: 256 MiB
;; time: 60 s
(module <<honest memory prepare realloc evaluate>>
  <<describe {"contract":"1.0.0","version":"1.0.0","name":"hostile","title":"T","rules":[],"settings":{"$ref":"#/$defs/a","$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"},{"$ref":"#/$defs/b"}]},"b":{"allOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}]}}}}>>)
