;; A plugin in Rust that calls itself without end.
;;
;; covers: P06
;; ends: in evaluate
;; kind: trap
;; says: plugin `guest-fails` trapped: ...
;; memory: 256 MiB
;; time: 60 s
;; built: guest-fails
;; settings: {how: recursion}
;; or: timeout: plugin `guest-fails` spent its 50 ms
;; not served: it fails on the trial object too, so `serve` refuses it
