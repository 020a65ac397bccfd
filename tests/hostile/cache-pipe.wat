;; An honest plugin whose remembered machine code was poisoned: a pipe.
;;
;; covers: P86
;; ends: passes
;; says: hostile/broken: found
;; memory: 256 MiB
;; time: 60 s
;; cache: a pipe
(module
  <<honest memory describe prepare realloc finding>>
  (data (i32.const 8192) "found")
  (func (export "evaluate") (param i32 i32) (result i32)
    (call $finding (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8192) (i32.const 5))))
