;; Says that a page of help is at `javascript:`.
;;
;; covers: P74
;; ends: at load
;; says: plugin `sha256:...` describes itself wrongly: `help` of rule `r` is not an https URL
;; memory: 256 MiB
;; time: 60 s
(module <<honest memory prepare realloc evaluate>>
  <<describe {"contract":"1.0.0","version":"1.0.0","settings":{},"name":"hostile","title":"T","rules":[{"id":"r","title":"R","severity":"low","help":"javascript:alert(1)"}]}>>)
