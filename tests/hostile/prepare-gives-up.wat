;; Gives up when it is given its settings.
;;
;; covers: P79
;; ends: at load
;; says: the settings could not be prepared: plugin `hostile` trapped: it gave up (`unreachable`)
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe evaluate realloc>>
  (func (export "prepare") (param i32 i32) (result i32)
    (unreachable)))
