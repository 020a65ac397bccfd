;; Loops for ever when it is asked for room for its settings.
;;
;; covers: P03
;; ends: at load
;; says: the settings could not be prepared: plugin `hostile` spent its 500 ms
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare evaluate>>
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (loop $l (br $l)) (unreachable)))
