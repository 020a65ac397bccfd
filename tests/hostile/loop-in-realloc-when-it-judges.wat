;; Loops for ever when it is asked for room for its prepared settings, which it made 777 bytes long.
;;
;; covers: P03
;; ends: in evaluate
;; kind: timeout
;; says: plugin `hostile` spent its 50 ms
;; memory: 256 MiB
;; time: 60 s
;; not served: it loops on the trial object too, so `serve` refuses it
(module
  <<honest memory describe>>
  (func (export "prepare") (param i32 i32) (result i32)
    (i32.store (i32.const 36) (i32.const 8192)) (i32.store (i32.const 40) (i32.const 777)) (i32.const 32))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (loop $l (br_if $l (i32.eq (local.get 3) (i32.const 777))))
    (i32.const 65536))
  (func (export "evaluate") (param i32 i32) (result i32)
    (i32.const 16)))
