;; Finds something at a node that it was never given.
;;
;; covers: P68 P73
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` used the node 8000000, which it was never given
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc finding>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (call $finding (i32.const 0) (i32.const 8000000) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))
