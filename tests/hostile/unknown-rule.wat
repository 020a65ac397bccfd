;; Says that a rule is broken which it does not have.
;;
;; covers: P73
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` broke the contract: a finding for rule number 7, it has 1
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc finding>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (call $finding (i32.const 7) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))
