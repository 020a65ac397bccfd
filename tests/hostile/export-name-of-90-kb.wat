;; Exports twice under a name of 90 KB.
;;
;; covers: P74 P75
;; ends: at load
;; says: plugin `sha256:...` is not a valid component: ...
;; memory: 256 MiB
;; time: 60 s
(component (core module (func $f) (export "<<repeat 90000 a>>" (func $f)) (export "<<repeat 90000 a>>" (func $f))))
