;; A hundred plugins, each with 20,001 diamonds, in one set.
;;
;; covers: P66
;; ends: at load
;; says: plugin `sha256:...` is refused: 20001 blocks in one function, at most 20000 are admitted
;; memory: 256 MiB
;; time: 60 s
;; copies: 100
(module
  <<honest memory describe prepare realloc evaluate>>
  (func <<repeat 20001 (if (i32.const 1) (then) (else))>>))
