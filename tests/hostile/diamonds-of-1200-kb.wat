;; Has one function of 150,000 diamonds, which would compile for three minutes.
;;
;; covers: P57
;; ends: at load
;; says: plugin `sha256:...` is refused: ... in one function, at most ... are admitted
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc evaluate>>
  (func <<repeat 150000 (if (i32.const 1) (then) (else))>>))
