;; Points at an answer beyond its memory.
;;
;; covers: P13
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` broke the contract: ...
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (i32.const -4)))
