;; Has other bits in one byte, 10 per mille from its beginning.
;;
;; covers: P42
;; ends: at load
;; says: plugin `sha256:...` ...
;; memory: 256 MiB
;; time: 60 s
;; bytes: flip at 10 of 1000
(module
  <<honest memory describe prepare realloc evaluate>>
)
