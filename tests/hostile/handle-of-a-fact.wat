;; Reads a node of a fact that nobody gave it.
;;
;; covers: P68
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` used the node 50331649, which it was never given
;; memory: 256 MiB
;; time: 60 s
(module
  (import "portcullis:policy/documents@1.0.0" "get" (func $get (param i32 i32) (result i32)))
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (call $get (i32.const 50331649) (i32.const 0))))
