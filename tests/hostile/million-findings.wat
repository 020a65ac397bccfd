;; Finds 800,000 things, which is as many as its memory holds.
;;
;; covers: P23
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` broke the contract: ...
;; memory: 320 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (drop (memory.grow (i32.const 950)))
    (i32.store (i32.const 20) (i32.const 262144)) (i32.store (i32.const 24) (i32.const 800000)) (i32.const 16)))
