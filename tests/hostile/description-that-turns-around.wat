;; Has a title that is shown from right to left.
;;
;; covers: P74
;; ends: at load
;; says: plugin `sha256:...` describes itself wrongly: the title `T\u{202e}exe` is not one line of text
;; memory: 256 MiB
;; time: 60 s
(module <<honest memory prepare realloc evaluate>>
  <<describe {"contract":"1.0.0","version":"1.0.0","settings":{},"name":"hostile","title":"T\u202eexe","rules":[]}>>)
