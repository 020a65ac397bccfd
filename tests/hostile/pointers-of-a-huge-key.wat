;; Finds a thousand things below a key of 1 MB, which the author of the manifest chose.
;;
;; covers: P71 P73
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` broke the contract: ...pointers...
;; memory: 320 MiB
;; time: 60 s
;; long key: 1000000
;; not served: the manifest of the other cases has no such key
(module
  (import "portcullis:policy/documents@1.0.0" "root" (func $root (param i32) (result i32)))
  (import "portcullis:policy/documents@1.0.0" "get" (func $get (param i32 i32) (result i32)))
  (import "portcullis:policy/documents@1.0.0" "at" (func $at (param i32 i32) (result i32)))
  (import "portcullis:policy/documents@1.0.0" "len" (func $len (param i32) (result i32)))
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (local $spec i32) (local $at i32) (local $end i32)
    (drop (memory.grow (i32.const 4)))
    (local.set $spec (call $get (call $root (i32.const 0)) (i32.const 0)))
    (local.set $spec (call $at (local.get $spec) (i32.sub (call $len (local.get $spec)) (i32.const 1))))
    (local.set $at (i32.const 200000))
    (local.set $end (i32.const 272000))
    (loop $l
      (i32.store offset=4 (local.get $at) (local.get $spec))
      (local.set $at (i32.add (local.get $at) (i32.const 72)))
      (br_if $l (i32.lt_u (local.get $at) (local.get $end))))
    (i32.store (i32.const 20) (i32.const 200000)) (i32.store (i32.const 24) (i32.const 1000)) (i32.const 16)))
