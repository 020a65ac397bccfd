;; Asks 254 questions at once.
;;
;; covers: P76
;; ends: in evaluate
;; kind: fact
;; says: plugin `hostile` asked for a fact wrongly: 254 queries, at most 253 are admitted
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (i32.store8 (i32.const 16) (i32.const 1)) (i32.store (i32.const 20) (i32.const 65536)) (i32.store (i32.const 24) (i32.const 254)) (i32.const 16)))
