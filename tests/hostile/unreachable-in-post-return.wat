;; Answers, and gives up when its answer is given back.
;;
;; covers: P07
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` trapped: it gave up (`unreachable`)
;; memory: 256 MiB
;; time: 60 s
;; not served: it gives up on the trial object too, so `serve` refuses it
(module
  <<honest memory describe prepare realloc>>
  (func (export "cabi_post_evaluate") (param i32) (unreachable))
  (func (export "evaluate") (param i32 i32) (result i32)
    (i32.const 16)))
