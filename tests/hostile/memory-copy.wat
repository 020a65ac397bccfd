;; Copies all the memory that it may have onto itself, one byte further, again and again.
;;
;; covers: P10
;; ends: in evaluate
;; kind: timeout
;; says: plugin `hostile` spent its 50 ms
;; memory: 320 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (drop (memory.grow (i32.const 900)))
    (loop $l (memory.copy (i32.const 1) (i32.const 0) (i32.const 58982400)) (br $l))
    (unreachable)))
