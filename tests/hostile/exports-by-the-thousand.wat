;; Exports 30,000 functions of a module.
;;
;; covers: P46
;; ends: at load
;; says: plugin `sha256:...` is refused: 30000 imports or exports of one module, at most 20000 are admitted
;; memory: 256 MiB
;; time: 60 s
(component (core module (func $f) <<repeat 30000 (export "f{n}" (func $f))>>))
