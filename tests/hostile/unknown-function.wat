;; Wants to write to the documents that it reads.
;;
;; covers: P28
;; ends: at load
;; says: plugin `sha256:...` does not fit the contract: ...`portcullis:policy/documents@1.0.0`...
;; memory: 256 MiB
;; time: 60 s
(component (import "portcullis:policy/documents@1.0.0" (instance (export "write" (func)))))
