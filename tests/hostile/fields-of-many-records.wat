;; Has twenty records of 9,000 fields each.
;;
;; covers: P39 P46
;; ends: at load
;; says: plugin `sha256:...` is refused: ... definitions of the component, at most 100000 are admitted
;; memory: 300 MiB
;; time: 60 s
(component <<repeat 20 (type (record <<repeat 9000 (field "a{n}" u8)>>))>>)
