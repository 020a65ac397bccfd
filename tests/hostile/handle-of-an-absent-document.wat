;; Reads a node of an old object that is not there.
;;
;; covers: P68
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` used the node 16777217, which it was never given
;; memory: 256 MiB
;; time: 60 s
(module
  (import "portcullis:policy/documents@1.0.0" "get" (func $get (param i32 i32) (result i32)))
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (call $get (i32.const 16777217) (i32.const 0))))
