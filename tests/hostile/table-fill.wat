;; Fills a table of all the elements that it may have, again and again.
;;
;; covers: P11
;; ends: in evaluate
;; kind: timeout
;; says: plugin `hostile` spent its 50 ms
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc>>
  (table $t 1 funcref)
  (func (export "evaluate") (param i32 i32) (result i32)
    (drop (table.grow $t (ref.null func) (i32.const 99990)))
    (loop $l (table.fill $t (i32.const 0) (ref.func $realloc) (i32.const 99991)) (br $l))
    (unreachable)))
