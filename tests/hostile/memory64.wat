;; Addresses its memory with 64 bits.
;;
;; covers: P32
;; ends: at load
;; says: plugin `sha256:...` is not a valid component: ...memory64 must be enabled...
;; memory: 256 MiB
;; time: 60 s
(component (core module (memory i64 1)))
