;; Says that it has so many findings that their bytes overflow 32 bits.
;;
;; covers: P20 P23
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` broke the contract: ...
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (i32.store (i32.const 20) (i32.const 256)) (i32.store (i32.const 24) (i32.const 0x40000001)) (i32.const 16)))
