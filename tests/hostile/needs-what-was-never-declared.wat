;; Asks for a kind of fact that its description does not name.
;;
;; covers: P54
;; ends: in evaluate
;; kind: fact
;; says: plugin `hostile` asked for a fact wrongly: the kind `sec\u{1b}ret` is not declared in its description
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc query>>
  (data (i32.const 8192) "sec\1bret") (data (i32.const 8200) "{}")
  (func (export "evaluate") (param i32 i32) (result i32)
    (call $query (i32.const 8192) (i32.const 7) (i32.const 8200) (i32.const 2))))
