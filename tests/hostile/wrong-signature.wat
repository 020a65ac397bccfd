;; Exports `evaluate` with another type.
;;
;; covers: P28
;; ends: at load
;; says: plugin `sha256:...` does not fit the contract: ...
;; memory: 256 MiB
;; time: 60 s
(component
  (core module $m (func (export "f")))
  (core instance $i (instantiate $m))
  (func (export "evaluate") (canon lift (core func $i "f"))))
