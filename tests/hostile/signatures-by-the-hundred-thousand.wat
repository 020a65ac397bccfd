;; Has 300,000 types of functions in one module.
;;
;; covers: P46
;; ends: at load
;; says: plugin `sha256:...` does not fit the contract: it exports no `evaluate`
;; memory: 600 MiB
;; time: 60 s
(component (core module <<repeat 300000 (type (func (param i32 i64)))>>))
