;; Fills its table with three million elements at each start, which no budget would see.
;;
;; covers: P27 P46
;; ends: at load
;; says: plugin `sha256:...` is refused: ... elements written into tables, at most 200000 are admitted
;; memory: 400 MiB
;; time: 60 s
(component (core module (func $f) (table 1000 funcref) <<repeat 3000 (elem (i32.const 0) <<repeat 1000 $f >>)>>))
