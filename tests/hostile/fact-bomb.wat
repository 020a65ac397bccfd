;; Looks for a fact with arguments of 900,000 lists inside each other, again and again.
;;
;; covers: P70 P71
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` moved more than its 1048576 bytes across the boundary
;; memory: 256 MiB
;; time: 60 s
;; or: timeout: plugin `hostile` spent its 50 ms
(module
  (import "portcullis:policy/facts@1.0.0" "find" (func $find (param i32 i32 i32 i32) (result i32)))
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (drop (memory.grow (i32.const 20)))
    (memory.fill (i32.const 65536) (i32.const 91) (i32.const 900000))
    (loop $l (drop (call $find (i32.const 0) (i32.const 0) (i32.const 65536) (i32.const 900000))) (br $l))
    (unreachable)))
