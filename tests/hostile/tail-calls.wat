;; Calls itself for ever without using its stack.
;;
;; covers: P05
;; ends: at load
;; says: plugin `sha256:...` is not a valid component: ...tail calls support is not enabled...
;; memory: 256 MiB
;; time: 60 s
(component (core module (func $f return_call $f)))
