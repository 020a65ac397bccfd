;; Has 100,000 functions.
;;
;; covers: P58
;; ends: at load
;; says: plugin `sha256:...` is refused: 1000... functions, at most 50000 are admitted
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc evaluate>>
  <<repeat 100000 (func)>>)
