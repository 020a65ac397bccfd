;; Refuses its settings and does not say why.
;;
;; covers: P79
;; ends: at load
;; says: the settings could not be prepared: plugin `hostile` cannot use its settings: it refuses them without a reason
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe evaluate realloc>>
  (func (export "prepare") (param i32 i32) (result i32)
    (i32.store8 (i32.const 32) (i32.const 1)) (i32.const 32)))
