;; Calls a place of its table where no function is.
;;
;; covers: P79
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` trapped: it broke a rule of WebAssembly
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc>>
  (table 1 funcref)
  (func (export "evaluate") (param i32 i32) (result i32)
    (call_indirect (result i32) (i32.const 0))))
