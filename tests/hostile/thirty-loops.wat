;; Thirty plugins that loop, in one set.
;;
;; covers: P66 P81 P82
;; ends: in evaluate
;; kind: timeout
;; says: plugin `hostile` spent its 50 ms
;; memory: 400 MiB
;; time: 120 s
;; copies: 30
;; not served: one of them is served by another case
(module
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (loop $l (br $l)) (unreachable)))
