;; Says that something is missing at a pointer of 100 KB.
;;
;; covers: P73 P75
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` broke the contract: `missing` is not a JSON Pointer: ...
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc finding>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (memory.fill (i32.const 8192) (i32.const 47) (i32.const 100000))
    (call $finding (i32.const 0) (i32.const 0) (i32.const 8192) (i32.const 100000) (i32.const 0) (i32.const 0))))
