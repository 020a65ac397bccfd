;; Is what the compile child made of a plugin.
;;
;; covers: P44
;; ends: at load
;; says: plugin `sha256:...` is not a component: it does not begin as WebAssembly does
;; memory: 256 MiB
;; time: 60 s
;; bytes: machine code
(module
  <<honest memory describe prepare realloc evaluate>>
)
