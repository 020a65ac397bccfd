;; Makes 60 MB of its settings.
;;
;; covers: P17
;; ends: at load
;; says: the settings could not be prepared: plugin `hostile` ...
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe evaluate realloc>>
  (func (export "prepare") (param i32 i32) (result i32)
    (drop (memory.grow (i32.const 950)))
    (i32.store (i32.const 36) (i32.const 0)) (i32.store (i32.const 40) (i32.const 60000000)) (i32.const 32)))
