;; Makes 33 instances of a module, one more than it may.
;;
;; covers: P29
;; ends: at load
;; says: plugin `sha256:...` ...instance...
;; memory: 256 MiB
;; time: 60 s
(component
  (core module $m (memory (export "m") 1) (func (export "f") (result i32) (i32.const 0)) (func (export "e") (param i32 i32) (result i32) (i32.const 0))
    (func (export "r") (param i32 i32 i32 i32) (result i32) (i32.const 0)))
  <<repeat 33 (core instance $i{n} (instantiate $m))>>
  (func (export "describe") (result string) (canon lift (core func $i0 "f") (memory $i0 "m")))
  (func (export "evaluate") (param "prepared" (list u8)) (result u32) (canon lift (core func $i0 "e") (memory $i0 "m") (realloc (func $i0 "r")))))
