;; Gives a message with one half of a UTF-16 pair, as UTF-8 would write it.
;;
;; covers: P18 P72
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` broke the contract: ...
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc finding>>
  (data (i32.const 8192) "\ed\a0\80")
  (func (export "evaluate") (param i32 i32) (result i32)
    (call $finding (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8192) (i32.const 3))))
