;; Has 20,000 lists of lists in its types.
;;
;; covers: P38
;; ends: at load
;; says: plugin `sha256:...` is not a valid component: ...
;; memory: 256 MiB
;; time: 60 s
(component (type $t0 (list u8)) <<repeat 20000 (type $t{n+1} (list $t{n}))>>)
