;; An honest plugin with all the memory that it may have and a fifth of the host calls, for a slow build.
;;
;; covers: P12
;; ends: passes
;; says: hostile/broken: It is broken
;; memory: 256 MiB
;; time: 60 s
(module
  (import "portcullis:policy/documents@1.0.0" "root" (func $root (param i32) (result i32)))
  <<honest memory describe prepare realloc finding>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (local $n i32)
    (drop (memory.grow (i32.const 1019)))
    (loop $l
      (drop (call $root (i32.const 0)))
      (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 20000))))
    (call $finding (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))
