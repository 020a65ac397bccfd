;; Loops for ever when it is given its settings.
;;
;; covers: P01
;; ends: at load
;; says: the settings could not be prepared: plugin `hostile` spent its 500 ms
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe evaluate realloc>>
  (func (export "prepare") (param i32 i32) (result i32) (loop $l (br $l)) (unreachable)))
