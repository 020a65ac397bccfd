;; Makes one byte more of its settings than it may.
;;
;; covers: P17
;; ends: at load
;; says: the settings could not be prepared: plugin `hostile` cannot use its settings: 1048577 bytes of prepared settings, at most 1048576 are admitted
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe evaluate realloc>>
  (func (export "prepare") (param i32 i32) (result i32)
    (drop (memory.grow (i32.const 20)))
    (i32.store (i32.const 36) (i32.const 0)) (i32.store (i32.const 40) (i32.const 1048577)) (i32.const 32)))
