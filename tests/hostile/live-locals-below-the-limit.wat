;; Has 4,000 locals that are alive in a loop, which is within the limit: they compile.
;;
;; covers: P59 P62
;; ends: passes
;; memory: 900 MiB
;; time: 120 s
(module
  <<honest memory describe prepare realloc evaluate>>
  (func (local <<repeat 4000 i64 >>) (loop $l <<repeat 4000 (local.set {n} (i64.add (local.get {n}) (i64.const 1)))>> (br $l))))
