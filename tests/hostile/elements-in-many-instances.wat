;; Writes 10,000 elements into one table at each start, thirty times over.
;;
;; covers: P27 P46
;; ends: at load
;; says: plugin `sha256:...` is refused: ... elements written into tables of all instances together, at most 200000 are admitted
;; memory: 300 MiB
;; time: 60 s
(component
  (core module $m (table (export "t") 10000 funcref))
  (core module $d (import "m" "t" (table 10000 funcref)) (func $f) (elem (i32.const 0) <<repeat 10000 $f >>))
  (core instance $i (instantiate $m))
  <<repeat 30 (core instance (instantiate $d (with "m" (instance $i))))>>)
