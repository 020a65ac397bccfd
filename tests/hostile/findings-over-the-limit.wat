;; Finds one thing more than it may.
;;
;; covers: P23
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` broke the contract: 1001 findings, at most 1000 are admitted
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (i32.store (i32.const 20) (i32.const 100000)) (i32.store (i32.const 24) (i32.const 1001)) (i32.const 16)))
