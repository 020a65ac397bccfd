;; Says that its findings stand beyond its memory.
;;
;; covers: P20
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` broke the contract: ...
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (i32.store (i32.const 20) (i32.const 0x7ffffffc)) (i32.store (i32.const 24) (i32.const 10)) (i32.const 16)))
