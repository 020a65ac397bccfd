;; Answers later, when it likes.
;;
;; covers: P40
;; ends: at load
;; says: plugin `sha256:...` is not a valid component: ...
;; memory: 256 MiB
;; time: 60 s
(component
  (core module $m (memory (export "m") 1) (func (export "f") (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "describe") async (result string) (canon lift (core func $i "f") (memory $i "m") async)))
