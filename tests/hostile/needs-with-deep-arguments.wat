;; Asks a question with 8,000 lists inside each other.
;;
;; covers: P76 P71
;; ends: in evaluate
;; kind: fact
;; says: plugin `hostile` asked for a fact wrongly: the arguments are not JSON
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc query>>
  (data (i32.const 8192) "approval") (data (i32.const 8200) "{}")
  (func (export "evaluate") (param i32 i32) (result i32)
    (memory.fill (i32.const 65536) (i32.const 91) (i32.const 8000))
    (call $query (i32.const 8192) (i32.const 8) (i32.const 65536) (i32.const 8000))))
