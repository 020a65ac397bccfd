;; Says one line of 900 KB.
;;
;; covers: P75
;; ends: passes
;; says: hostile/broken: xxxxxxxx...…
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc finding>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (drop (memory.grow (i32.const 20)))
    (memory.fill (i32.const 65536) (i32.const 120) (i32.const 900000))
    (call $finding (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 65536) (i32.const 900000))))
