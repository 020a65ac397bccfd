;; Says 500,000 control characters, each of which takes six to show.
;;
;; covers: P74 P75
;; ends: passes
;; says: hostile/broken: \u{7}\u{7}...…
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc finding>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (drop (memory.grow (i32.const 10)))
    (memory.fill (i32.const 65536) (i32.const 7) (i32.const 500000))
    (call $finding (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 65536) (i32.const 500000))))
