;; Finds a thousand things, which is as many as it may.
;;
;; covers: P12 P23
;; ends: passes
;; says: hostile/broken: It is broken
;; memory: 256 MiB
;; time: 60 s
;; times: 1000
(module
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (i32.store (i32.const 20) (i32.const 100000)) (i32.store (i32.const 24) (i32.const 1000)) (i32.const 16)))
