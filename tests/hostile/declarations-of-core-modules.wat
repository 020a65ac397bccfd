;; Declares 160,000 types of functions inside two types of core modules.
;;
;; covers: P39 P46
;; ends: at load
;; says: plugin `sha256:...` is refused: ... definitions of the component, at most 100000 are admitted
;; memory: 300 MiB
;; time: 60 s
(component <<repeat 2 (core type (module <<repeat 80000 (type (func))>>))>>)
