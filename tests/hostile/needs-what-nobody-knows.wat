;; Asks for a fact that nobody recorded.
;;
;; covers: P54
;; ends: in evaluate
;; kind: fact
;; says: the fact `approval` could not be looked up: ...
;; memory: 256 MiB
;; time: 60 s
;; grants: [approval]
;; facts: []
(module
  <<honest memory describe prepare realloc query>>
  (data (i32.const 8192) "approval") (data (i32.const 8200) "{}")
  (func (export "evaluate") (param i32 i32) (result i32)
    (call $query (i32.const 8192) (i32.const 8) (i32.const 8200) (i32.const 2))))
