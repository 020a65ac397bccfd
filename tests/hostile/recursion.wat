;; Calls itself until the stack is used up.
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
  (func $deep (result i32) (i32.add (call $deep) (i32.const 1)))
  (func (export "evaluate") (param i32 i32) (result i32)
    (call $deep)))
