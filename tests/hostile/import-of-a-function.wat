;; Imports a function of its own world in place of an interface.
;;
;; covers: P28
;; ends: at load
;; says: plugin `sha256:...` imports `read-secrets`, which is not part of the contract: ...
;; memory: 256 MiB
;; time: 60 s
(component (import "read-secrets" (func)))
