;; A plugin in Rust that reaches beyond the end of a list.
;;
;; covers: P79
;; ends: in evaluate
;; kind: trap
;; says: plugin `guest-fails` gave up: it panicked at ...: index out of bounds: the len is 1 but the index is 1
;; memory: 256 MiB
;; time: 60 s
;; built: guest-fails
;; settings: {how: index}
;; or: timeout: plugin `guest-fails` spent its 50 ms
;; not served: it fails on the trial object too, so `serve` refuses it
