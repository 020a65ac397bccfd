;; Gives itself the name of a file elsewhere.
;;
;; covers: P51
;; ends: at load
;; says: plugin `sha256:...` describes itself wrongly: the name `../../etc/passwd` is not in kebab-case
;; memory: 256 MiB
;; time: 60 s
(module <<honest memory prepare realloc evaluate>>
  <<describe {"contract":"1.0.0","version":"1.0.0","settings":{},"name":"../../etc/passwd","title":"T","rules":[]}>>)
