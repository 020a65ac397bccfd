;; Grows four memories in turn, each of which alone would stay within the limit.
;;
;; covers: P09
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` wanted more than its 64 MiB of memory
;; memory: 256 MiB
;; time: 60 s
;; or: timeout: plugin `hostile` spent its 50 ms
(module
  <<honest memory describe prepare realloc>>
  (memory $b 1) (memory $c 1) (memory $d 1)
  (func (export "evaluate") (param i32 i32) (result i32)
    (loop $l
      (drop (memory.grow $b (i32.const 16))) (drop (memory.grow $c (i32.const 16))) (drop (memory.grow $d (i32.const 16)))
      (br $l))
    (unreachable)))
