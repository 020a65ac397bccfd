;; Asks for a kind of fact that it declared and the policy set does not grant.
;;
;; covers: P54
;; ends: in evaluate
;; kind: fact
;; says: ...`approval`...grants...
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc query>>
  (data (i32.const 8192) "approval") (data (i32.const 8200) "{}")
  (func (export "evaluate") (param i32 i32) (result i32)
    (call $query (i32.const 8192) (i32.const 8) (i32.const 8200) (i32.const 2))))
