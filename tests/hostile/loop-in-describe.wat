;; Loops for ever when it is asked who it is.
;;
;; covers: P01
;; ends: at load
;; says: plugin `sha256:...` spent its 500 ms
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory prepare evaluate realloc>>
  (func (export "describe") (result i32) (loop $l (br $l)) (unreachable)))
