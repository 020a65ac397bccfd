;; Asks another question in every round.
;;
;; covers: P76
;; ends: in evaluate
;; kind: fact
;; says: ...4...
;; memory: 256 MiB
;; time: 60 s
;; grants: [approval]
;; facts: [{kind: approval, arguments: {a: 0}, status: absent}, {kind: approval, arguments: {a: 1}, status: absent}, {kind: approval, arguments: {a: 2}, status: absent}, {kind: approval, arguments: {a: 3}, status: absent}, {kind: approval, arguments: {a: 4}, status: absent}, {kind: approval, arguments: {a: 5}, status: absent}]
(module
  (import "portcullis:policy/facts@1.0.0" "count" (func $count (result i32)))
  <<honest memory describe prepare realloc query>>
  (data (i32.const 8192) "approval") (data (i32.const 8200) "{\"a\":0}")
  (func (export "evaluate") (param i32 i32) (result i32)
    (i32.store8 (i32.const 8205) (i32.add (i32.const 48) (call $count)))
    (call $query (i32.const 8192) (i32.const 8) (i32.const 8200) (i32.const 7))))
