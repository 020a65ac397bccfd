;; Has one function of 120,000 operations in a straight line, which must compile.
;;
;; covers: P64
;; ends: passes
;; memory: 600 MiB
;; time: 120 s
(module
  <<honest memory describe prepare realloc evaluate>>
  (func <<repeat 120000 (drop (i32.const 1))>>))
