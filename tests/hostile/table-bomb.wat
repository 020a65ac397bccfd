;; Grows a table without end.
;;
;; covers: P11
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` wanted more than its 100000 table elements
;; memory: 256 MiB
;; time: 60 s
;; or: timeout: plugin `hostile` spent its 50 ms
(module
  <<honest memory describe prepare realloc>>
  (table $t 1 funcref)
  (func (export "evaluate") (param i32 i32) (result i32)
    (loop $l (drop (table.grow $t (ref.null func) (i32.const 50))) (br $l))
    (unreachable)))
