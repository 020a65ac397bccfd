;; Has one function of a megabyte.
;;
;; covers: P57
;; ends: at load
;; says: plugin `sha256:...` is refused: ... bytes in one function, at most 524288 are admitted
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc evaluate>>
  (func <<repeat 350000 (drop (i32.const 1))>>))
