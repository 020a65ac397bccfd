;; Reads by a key that it does not declare.
;;
;; covers: P68
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` used the key number 7, which it does not declare
;; memory: 256 MiB
;; time: 60 s
(module
  (import "portcullis:policy/documents@1.0.0" "root" (func $root (param i32) (result i32)))
  (import "portcullis:policy/documents@1.0.0" "get" (func $get (param i32 i32) (result i32)))
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (call $get (call $root (i32.const 0)) (i32.const 7))))
