;; Exports twice under a name that a terminal would obey.
;;
;; covers: P74
;; ends: at load
;; says: plugin `sha256:...` is not a valid component: ...
;; memory: 256 MiB
;; time: 60 s
(component (core module (func $f) (export "a\1b[31m\0a::error::\e2\80\aeb" (func $f)) (export "a\1b[31m\0a::error::\e2\80\aeb" (func $f))))
