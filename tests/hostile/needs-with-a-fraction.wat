;; Asks a question with a number that has several spellings.
;;
;; covers: P72
;; ends: in evaluate
;; kind: fact
;; says: plugin `hostile` asked for a fact wrongly: the number `1e+300` in the arguments is not a whole number of 64 bits
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc query>>
  (data (i32.const 8192) "approval") (data (i32.const 8200) "{\"a\":1e300}")
  (func (export "evaluate") (param i32 i32) (result i32)
    (call $query (i32.const 8192) (i32.const 8) (i32.const 8200) (i32.const 11))))
