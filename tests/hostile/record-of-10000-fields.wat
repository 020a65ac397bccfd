;; Has a record with 10,000 fields in its answer.
;;
;; covers: P24
;; ends: at load
;; says: plugin `sha256:...` ...
;; memory: 256 MiB
;; time: 60 s
(component (type $t (record <<repeat 10000 (field "f{n}" u8)>>))
  (core module $m (memory (export "m") 1) (func (export "f") (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (export $e "t" (type $t))
  (func (export "describe") (result $e) (canon lift (core func $i "f") (memory $i "m"))))
