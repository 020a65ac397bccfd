;; Says that something is missing where nothing of the object is.
;;
;; covers: P73
;; ends: passes
;; says: hostile/broken: It is broken
;; memory: 256 MiB
;; time: 60 s
(module
  (import "portcullis:policy/documents@1.0.0" "root" (func $root (param i32) (result i32)))
  <<honest memory describe prepare realloc finding>>
  (data (i32.const 8192) "/no/where/9/at/all")
  (func (export "evaluate") (param i32 i32) (result i32)
    (call $finding (i32.const 0) (call $root (i32.const 0)) (i32.const 8192) (i32.const 18) (i32.const 0) (i32.const 0))))
