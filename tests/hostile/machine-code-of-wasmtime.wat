;; Is machine code as `wasmtime compile` writes it (`.cwasm`).
;;
;; covers: P44
;; ends: at load
;; says: plugin `sha256:...` is not a component: it is machine code, which is never accepted
;; memory: 256 MiB
;; time: 60 s
;; bytes: bare machine code
(module
  <<honest memory describe prepare realloc evaluate>>
)
