;; Has 49,000 functions, which is within the limit: they compile.
;;
;; covers: P58
;; ends: passes
;; memory: 900 MiB
;; time: 120 s
(module
  <<honest memory describe prepare realloc evaluate>>
  <<repeat 49000 (func)>>)
