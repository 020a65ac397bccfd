;; Was built against a later version of the contract.
;;
;; covers: P28
;; ends: at load
;; says: plugin `sha256:...` was built against version `1.7.0` of the contract, this host speaks `1.0.0`
;; memory: 256 MiB
;; time: 60 s
(component (import "portcullis:policy/documents@1.7.0" (instance)))
