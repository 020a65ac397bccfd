;; Asks for 4 GiB of memory at once.
;;
;; covers: P09
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` wanted more than its 64 MiB of memory
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (memory.grow (i32.const 65535))))
