;; Asks a question of 100 KB.
;;
;; covers: P76
;; ends: in evaluate
;; kind: fact
;; says: plugin `hostile` asked for a fact wrongly: the arguments have 100000 bytes, at most 16384 are admitted
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc query>>
  (data (i32.const 8192) "approval") (data (i32.const 8200) "{}")
  (func (export "evaluate") (param i32 i32) (result i32)
    (memory.fill (i32.const 65536) (i32.const 32) (i32.const 100000))
    (call $query (i32.const 8192) (i32.const 8) (i32.const 65536) (i32.const 100000))))
