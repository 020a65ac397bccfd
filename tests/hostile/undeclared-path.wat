;; Selects by a path that it does not declare.
;;
;; covers: P68
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` used the path number 7, which it does not declare
;; memory: 256 MiB
;; time: 60 s
(module
  (import "portcullis:policy/documents@1.0.0" "root" (func $root (param i32) (result i32)))
  (import "portcullis:policy/documents@1.0.0" "select" (func $select (param i32 i32 i32)))
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (call $select (call $root (i32.const 0)) (i32.const 7) (i32.const 64)) (i32.const 16)))
