;; Has 300,000 types of lists, one of each other.
;;
;; covers: P39 P46
;; ends: at load
;; says: plugin `sha256:...` is refused: ... definitions of the component, at most 100000 are admitted
;; memory: 600 MiB
;; time: 60 s
(component <<repeat 300000 (type (list u8))>>)
