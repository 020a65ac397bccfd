;; Is of a layer of the binary format that is neither module nor component.
;;
;; covers: P45
;; ends: at load
;; says: plugin `sha256:...` is not a component: it is WebAssembly of a version that is not known
;; memory: 256 MiB
;; time: 60 s
;; bytes: set 6 to 2
(module
  <<honest memory describe prepare realloc evaluate>>
)
