;; Two functions call each other through a table until the stack is used up.
;;
;; covers: P06
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` trapped: it used up its stack of 256 KiB
;; memory: 256 MiB
;; time: 60 s
;; or: timeout: plugin `hostile` spent its 50 ms
(module
  <<honest memory describe prepare realloc>>
  (type $t (func (param i32) (result i32)))
  (table 2 funcref) (elem (i32.const 0) $one $two)
  (func $one (type $t) (i32.add (i32.const 1) (call_indirect (type $t) (local.get 0) (i32.const 1))))
  (func $two (type $t) (i32.add (i32.const 1) (call_indirect (type $t) (local.get 0) (i32.const 0))))
  (func (export "evaluate") (param i32 i32) (result i32)
    (call $one (i32.const 0))))
