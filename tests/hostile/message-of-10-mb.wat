;; Says one line of 10 MB.
;;
;; covers: P75
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` broke the contract: ...too much data...
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc finding>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (drop (memory.grow (i32.const 200)))
    (memory.fill (i32.const 65536) (i32.const 120) (i32.const 10000000))
    (call $finding (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 65536) (i32.const 10000000))))
