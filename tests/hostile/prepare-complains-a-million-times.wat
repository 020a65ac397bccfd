;; Refuses its settings for a million reasons.
;;
;; covers: P23
;; ends: at load
;; says: the settings could not be prepared: plugin `hostile` ...
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe evaluate realloc>>
  (func (export "prepare") (param i32 i32) (result i32)
    (drop (memory.grow (i32.const 950)))
    (i32.store8 (i32.const 32) (i32.const 1)) (i32.store (i32.const 36) (i32.const 262144)) (i32.store (i32.const 40) (i32.const 1000000)) (i32.const 32)))
