;; Has a record of two records of two records, and so on: 2^19 fields.
;;
;; covers: P39
;; ends: at load
;; says: plugin `sha256:...` ...
;; memory: 256 MiB
;; time: 60 s
(component (type $t0 (record (field "a" u8) (field "b" u8))) <<repeat 18 (type $t{n+1} (record (field "a" $t{n}) (field "b" $t{n})))>>
  (core module $m (memory (export "m") 1) (func (export "f") (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (export $e "t" (type $t18))
  (func (export "describe") (result $e) (canon lift (core func $i "f") (memory $i "m"))))
