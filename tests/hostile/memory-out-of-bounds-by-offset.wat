;; Reads with an address and an offset that together are beyond 4 GiB.
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
    (i32.load offset=0xffffffff (i32.const -1))))
