;; Has one function with forty thousand locals, written in a few bytes.
;;
;; covers: P59
;; ends: at load
;; says: plugin `sha256:...` is refused: 40000 locals in one function, at most 4096 are admitted
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc evaluate>>
  (func (local <<repeat 40000 i64 >>)))
