;; Wants an interface of the contract that there is not.
;;
;; covers: P28
;; ends: at load
;; says: plugin `sha256:...` imports `portcullis:policy/network@1.0.0`, which is not part of the contract: ...
;; memory: 256 MiB
;; time: 60 s
(component (import "portcullis:policy/network@1.0.0" (instance)))
