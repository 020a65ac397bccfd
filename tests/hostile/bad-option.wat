;; Says of a fix that it is neither there nor absent.
;;
;; covers: P19 P20
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` broke the contract: ...
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc finding>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (i32.store8 (i32.const 280) (i32.const 7))
    (call $finding (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))
