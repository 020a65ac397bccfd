;; A plugin in Rust that panics, with a message that a terminal would obey.
;;
;; covers: P79
;; ends: in evaluate
;; kind: trap
;; says: plugin `guest-fails` gave up: it panicked at ...: no idea what to do with 1 container\u{1b}[31m
;; memory: 256 MiB
;; time: 60 s
;; built: guest-fails
;; settings: {how: panic}
;; or: timeout: plugin `guest-fails` spent its 50 ms
;; not served: it fails on the trial object too, so `serve` refuses it
