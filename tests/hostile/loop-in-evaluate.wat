;; Loops for ever while it judges.
;;
;; covers: P01 P79 P83
;; ends: in evaluate
;; kind: timeout
;; says: plugin `hostile` spent its 50 ms
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (loop $l (br $l)) (unreachable)))
