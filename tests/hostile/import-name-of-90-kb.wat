;; Has an import with a name of 90 KB.
;;
;; covers: P74 P75
;; ends: at load
;; says: plugin `sha256:...` imports `aaaaaaaa...…`, which is not part of the contract: ...
;; memory: 256 MiB
;; time: 60 s
(component (import "<<repeat 90000 a>>" (instance)))
