;; Ends after 30 per mille of its bytes.
;;
;; covers: P42
;; ends: at load
;; says: plugin `sha256:...` is not ...
;; memory: 256 MiB
;; time: 60 s
;; bytes: cut to 30 of 1000
(module
  <<honest memory describe prepare realloc evaluate>>
)
