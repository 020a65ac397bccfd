;; Wants the environment of the process.
;;
;; covers: P28
;; ends: at load
;; says: plugin `sha256:...` imports `wasi:cli/environment@0.2.0`, which is not part of the contract: a plugin has no clock, files, network or randomness
;; memory: 256 MiB
;; time: 60 s
(component (import "wasi:cli/environment@0.2.0" (instance)))
