;; Has a custom section of 100 MB.
;;
;; covers: P46
;; ends: at load
;; says: cannot read the plugin: `hostile-0.wasm` is larger than 32 MiB
;; memory: 320 MiB
;; time: 60 s
;; bytes: custom section of 100000000
(module
  <<honest memory describe prepare realloc evaluate>>
)
