;; Describes itself in no JSON.
;;
;; covers: P55
;; ends: at load
;; says: plugin `sha256:...` describes itself wrongly: ...
;; memory: 256 MiB
;; time: 60 s
(module <<honest memory prepare realloc evaluate>>
  <<describe {"name">>)
