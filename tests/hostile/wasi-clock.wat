;; Wants the time.
;;
;; covers: P28
;; ends: at load
;; says: plugin `sha256:...` imports `wasi:clocks/wall-clock@0.2.0`, which is not part of the contract: ...
;; memory: 256 MiB
;; time: 60 s
(component (import "wasi:clocks/wall-clock@0.2.0" (instance)))
