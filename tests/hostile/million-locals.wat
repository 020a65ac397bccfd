;; Has one function with a million locals.
;;
;; covers: P59
;; ends: at load
;; says: plugin `sha256:...` is refused: 1000000 locals in one function, at most 4096 are admitted
;; memory: 400 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc evaluate>>
  (func <<repeat 1000000 (local i64)>>))
