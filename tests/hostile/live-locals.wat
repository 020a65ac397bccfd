;; Has 8,000 locals that are alive in a loop.
;;
;; covers: P59
;; ends: at load
;; says: plugin `sha256:...` is refused: 8000 locals in one function, at most 4096 are admitted
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc evaluate>>
  (func (local <<repeat 8000 i64 >>) (loop $l <<repeat 8000 (local.set {n} (i64.add (local.get {n}) (i64.const 1)))>> (br $l))))
