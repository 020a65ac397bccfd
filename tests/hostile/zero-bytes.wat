;; Has no bytes.
;;
;; covers: P41
;; ends: at load
;; says: plugin `sha256:...` is not a component: it is empty
;; memory: 256 MiB
;; time: 60 s
;; bytes: none
(module
  <<honest memory describe prepare realloc evaluate>>
)
