;; Says with a 7 that its fix is safe: the canonical ABI reads every number but zero as true.
;;
;; covers: P20
;; ends: passes
;; says: hostile/broken: It is broken
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc finding>>
  (data (i32.const 8192) "remove")
  (func (export "evaluate") (param i32 i32) (result i32)
    (i32.store8 (i32.const 280) (i32.const 1))
    (i32.store (i32.const 292) (i32.const 8192)) (i32.store (i32.const 296) (i32.const 6))
    (i32.store8 (i32.const 308) (i32.const 7))
    (call $finding (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))
