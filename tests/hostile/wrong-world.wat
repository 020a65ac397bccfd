;; Exports none of the functions of a plugin.
;;
;; covers: P28
;; ends: at load
;; says: plugin `sha256:...` does not fit the contract: it exports no `evaluate`
;; memory: 256 MiB
;; time: 60 s
(component)
