;; Calls itself with so many values alive that each call takes much of the stack.
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
  (func $deep (param i64) (result i64)
    <<repeat 300 (i64.mul (local.get 0) (i64.const {n}))>>
    (call $deep (i64.add (local.get 0) (i64.const 1)))
    <<repeat 300 (i64.add)>>)
  (func (export "evaluate") (param i32 i32) (result i32)
    (i32.wrap_i64 (call $deep (i64.const 1)))))
