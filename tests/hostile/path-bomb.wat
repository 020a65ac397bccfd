;; Selects by a path of 900,000 segments.
;;
;; covers: P70
;; ends: passes
;; memory: 256 MiB
;; time: 60 s
(module
  (import "portcullis:policy/documents@1.0.0" "root" (func $root (param i32) (result i32)))
  (import "portcullis:policy/documents@1.0.0" "find-all" (func $find_all (param i32 i32 i32 i32)))
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (drop (memory.grow (i32.const 20)))
    (memory.fill (i32.const 65536) (i32.const 47) (i32.const 900000))
    (call $find_all (call $root (i32.const 0)) (i32.const 65536) (i32.const 900000) (i32.const 64)) (i32.const 16)))
