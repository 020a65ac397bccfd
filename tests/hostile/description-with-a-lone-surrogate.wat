;; Has a name with one half of a UTF-16 pair.
;;
;; covers: P72 P18
;; ends: at load
;; says: plugin `sha256:...` describes itself wrongly: ... hex escape at line 1 column ...
;; memory: 256 MiB
;; time: 60 s
(module <<honest memory prepare realloc evaluate>>
  <<describe {"contract":"1.0.0","version":"1.0.0","settings":{},"name":"\ud800","title":"T","rules":[]}>>)
