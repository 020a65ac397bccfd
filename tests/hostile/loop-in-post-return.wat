;; Answers, and loops for ever when its answer is given back.
;;
;; covers: P04
;; ends: in evaluate
;; kind: timeout
;; says: plugin `hostile` spent its 50 ms
;; memory: 256 MiB
;; time: 60 s
;; not served: it loops on the trial object too, so `serve` refuses it
(module
  <<honest memory describe prepare realloc>>
  (func (export "cabi_post_evaluate") (param i32) (loop $l (br $l)))
  (func (export "evaluate") (param i32 i32) (result i32)
    (i32.const 16)))
