;; Has one function of 60,000 vector operations, all of whose results are alive: it compiles.
;;
;; covers: P63 P62
;; ends: passes
;; memory: 900 MiB
;; time: 120 s
(module
  <<honest memory describe prepare realloc evaluate>>
  (func (local $v v128) <<repeat 900 (local.get $v) (i32x4.mul (local.get $v) (v128.const i32x4 {n} 1 2 3))>> <<repeat 1799 (i32x4.add)>> (drop)))
