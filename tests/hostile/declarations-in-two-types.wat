;; Declares 600,000 types inside two, three bytes each: a section of two types.
;;
;; covers: P39 P46
;; ends: at load
;; says: plugin `sha256:...` is refused: ... definitions of the component, at most 100000 are admitted
;; memory: 300 MiB
;; time: 60 s
(component <<repeat 2 (type (instance <<repeat 300000 (type (component))>>))>>)
