;; Says nothing about what it finds.
;;
;; covers: P75
;; ends: passes
;; says: hostile/broken: It is broken
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc finding>>
  (data (i32.const 8192) " \0a ")
  (func (export "evaluate") (param i32 i32) (result i32)
    (call $finding (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8192) (i32.const 3))))
