;; Goes on with zeros after its end.
;;
;; covers: P42
;; ends: at load
;; says: plugin `sha256:...` is not a valid component: ...
;; memory: 256 MiB
;; time: 60 s
;; bytes: pad to 100000
(module
  <<honest memory describe prepare realloc evaluate>>
)
