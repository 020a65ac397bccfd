;; Calls a function through its table as if it had another type.
;;
;; covers: P79
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` trapped: it broke a rule of WebAssembly
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc>>
  (table 1 funcref) (elem (i32.const 0) $realloc)
  (func (export "evaluate") (param i32 i32) (result i32)
    (call_indirect (param i64) (result i32) (i64.const 0) (i32.const 0))))
