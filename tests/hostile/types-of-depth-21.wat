;; Has one type more inside each other than it may.
;;
;; covers: P38
;; ends: at load
;; says: plugin `sha256:...` is refused: 21 types inside each other, at most 20 are admitted
;; memory: 256 MiB
;; time: 60 s
(component (type $t0 (list u8)) <<repeat 20 (type $t{n+1} (list $t{n}))>>)
