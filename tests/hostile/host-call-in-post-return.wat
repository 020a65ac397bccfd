;; Calls the host while its answer is given back.
;;
;; covers: P08
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` trapped: it called the host where it must not
;; memory: 256 MiB
;; time: 60 s
;; not served: it does so on the trial object too, so `serve` refuses it
(module
  (import "portcullis:policy/documents@1.0.0" "root" (func $root (param i32) (result i32)))
  <<honest memory describe prepare realloc>>
  (func (export "cabi_post_evaluate") (param i32) (drop (call $root (i32.const 0))))
  (func (export "evaluate") (param i32 i32) (result i32)
    (i32.const 16)))
