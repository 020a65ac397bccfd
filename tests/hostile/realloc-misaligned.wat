;; Gives the host room for a list of numbers at an odd address.
;;
;; covers: P14
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` broke the contract: ...
;; memory: 256 MiB
;; time: 60 s
;; not served: its room is as bad on the trial object
(module
  (import "portcullis:policy/documents@1.0.0" "root" (func $root (param i32) (result i32)))
  (import "portcullis:policy/documents@1.0.0" "select" (func $select (param i32 i32 i32)))
  <<honest memory describe prepare>>
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65537))
  (func (export "evaluate") (param i32 i32) (result i32)
    (call $select (call $root (i32.const 0)) (i32.const 0) (i32.const 64)) (i32.const 16)))
