;; Reads beyond its memory.
;;
;; covers: P79
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` trapped: it reached outside its memory
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (i32.load (i32.const 0x7fffffff))))
