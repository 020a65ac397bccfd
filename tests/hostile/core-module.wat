;; Is a core module, as a compiler makes it.
;;
;; covers: P43
;; ends: at load
;; says: plugin `sha256:...` is not a component: it is a core module, as a compiler makes it; `portcullis plugin build FILE` makes a component of it
;; memory: 256 MiB
;; time: 60 s
;; bytes: core module
(module
  <<honest memory describe prepare realloc evaluate>>
)
