;; Has a custom section of 30 MB, which is within the limit.
;;
;; covers: P46
;; ends: passes
;; memory: 400 MiB
;; time: 60 s
;; bytes: custom section of 30000000
(module
  <<honest memory describe prepare realloc evaluate>>
)
