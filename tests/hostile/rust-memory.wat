;; A plugin in Rust that collects memory without end.
;;
;; covers: P09
;; ends: in evaluate
;; kind: trap
;; says: plugin `guest-fails` trapped: it gave up (`unreachable`)
;; memory: 256 MiB
;; time: 60 s
;; built: guest-fails
;; settings: {how: memory}
;; or: timeout: plugin `guest-fails` spent its 50 ms
;; not served: it fails on the trial object too, so `serve` refuses it
