;; Says that its findings stand at an odd address.
;;
;; covers: P14 P20
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` broke the contract: ...
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (i32.store (i32.const 20) (i32.const 257)) (i32.store (i32.const 24) (i32.const 1)) (i32.const 16)))
