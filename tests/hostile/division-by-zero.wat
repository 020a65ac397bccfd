;; Divides by zero.
;;
;; covers: P79
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` trapped: it divided by zero
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (i32.div_u (i32.const 1) (i32.const 0))))
