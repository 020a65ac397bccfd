;; Reads a number of 700,000 digits as a quantity, again and again.
;;
;; covers: P70
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` moved more than its 1048576 bytes across the boundary
;; memory: 256 MiB
;; time: 60 s
;; or: timeout: plugin `hostile` spent its 50 ms
(module
  (import "portcullis:policy/documents@1.0.0" "parse-quantity" (func $parse (param i32 i32 i32)))
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (drop (memory.grow (i32.const 20)))
    (memory.fill (i32.const 65536) (i32.const 57) (i32.const 700000))
    (loop $l (call $parse (i32.const 65536) (i32.const 700000) (i32.const 64)) (br $l))
    (unreachable)))
