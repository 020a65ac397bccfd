;; Says that something is missing at `../../etc`.
;;
;; covers: P73
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` broke the contract: `missing` is not a JSON Pointer: `../../etc`
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc finding>>
  (data (i32.const 8192) "../../etc")
  (func (export "evaluate") (param i32 i32) (result i32)
    (call $finding (i32.const 0) (i32.const 0) (i32.const 8192) (i32.const 9) (i32.const 0) (i32.const 0))))
