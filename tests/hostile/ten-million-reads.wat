;; Reads the object ten million times.
;;
;; covers: P67
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` spent its 100000 host calls
;; memory: 256 MiB
;; time: 60 s
;; or: timeout: plugin `hostile` spent its 50 ms
(module
  (import "portcullis:policy/documents@1.0.0" "root" (func $root (param i32) (result i32)))
  (import "portcullis:policy/documents@1.0.0" "get" (func $get (param i32 i32) (result i32)))
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (local $n i32)
    (loop $l
      (drop (call $get (call $root (i32.const 0)) (i32.const 0)))
      (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 10000000))))
    (i32.const 16)))
