;; Gives the host the same room each time, over its own data: it harms nobody but itself.
;;
;; covers: P15
;; ends: passes
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare evaluate>>
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
