;; Has 400,000 globals.
;;
;; covers: P46
;; ends: at load
;; says: plugin `sha256:...` is refused: ... bytes of constant expressions, at most 1048576 are admitted
;; memory: 600 MiB
;; time: 60 s
(component (core module <<repeat 400000 (global i32 (i32.const 0))>>))
