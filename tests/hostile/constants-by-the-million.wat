;; Adds a million constants at each start, which no budget would see.
;;
;; covers: P46
;; ends: at load
;; says: plugin `sha256:...` is refused: ... bytes of constant expressions, at most 1048576 are admitted
;; memory: 400 MiB
;; time: 60 s
(component (core module <<repeat 1000 (global i32 (i32.const 0) <<repeat 1000 (i32.const 1) (i32.add) >>)>>))
