;; Gives the host room beyond its memory.
;;
;; covers: P13
;; ends: at load
;; says: the settings could not be prepared: plugin `hostile` broke the contract: ...
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare evaluate>>
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const -16)))
