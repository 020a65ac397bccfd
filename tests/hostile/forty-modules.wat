;; Has forty modules.
;;
;; covers: P53
;; ends: at load
;; says: plugin `sha256:...` is refused: 33 core modules, at most 32 are admitted
;; memory: 256 MiB
;; time: 60 s
(component <<repeat 40 (core module)>>)
