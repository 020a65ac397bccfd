;; Has a version of the binary format that is to come.
;;
;; covers: P45
;; ends: at load
;; says: plugin `sha256:...` is not a component: it is WebAssembly of a version that is not known
;; memory: 256 MiB
;; time: 60 s
;; bytes: set 4 to 14
(module
  <<honest memory describe prepare realloc evaluate>>
)
