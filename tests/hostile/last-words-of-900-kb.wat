;; Says 900 KB when it gives up, as a panic does.
;;
;; covers: P21 P75
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` gave up: xxxxxxxx...…
;; memory: 256 MiB
;; time: 60 s
;; or: timeout: plugin `hostile` spent its 50 ms
(module
  (import "portcullis:policy/documents@1.0.0" "find" (func $find (param i32 i32 i32) (result i32)))
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (drop (memory.grow (i32.const 20)))
    (memory.fill (i32.const 65536) (i32.const 120) (i32.const 900000))
    (drop (call $find (i32.const -1) (i32.const 65536) (i32.const 900000))) (unreachable)))
