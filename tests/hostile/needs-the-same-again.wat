;; Asks the same question again after it was answered.
;;
;; covers: P76
;; ends: in evaluate
;; kind: fact
;; says: plugin `hostile` asked for a fact wrongly: it asks nothing new
;; memory: 256 MiB
;; time: 60 s
;; grants: [approval]
;; facts: [{kind: approval, arguments: {}, status: absent}]
(module
  <<honest memory describe prepare realloc query>>
  (data (i32.const 8192) "approval") (data (i32.const 8200) "{}")
  (func (export "evaluate") (param i32 i32) (result i32)
    (call $query (i32.const 8192) (i32.const 8) (i32.const 8200) (i32.const 2))))
