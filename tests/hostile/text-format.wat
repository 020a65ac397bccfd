;; Is text.
;;
;; covers: P43
;; ends: at load
;; says: plugin `sha256:...` is not a component: it is the text format; make it binary first
;; memory: 256 MiB
;; time: 60 s
;; bytes: text
(component)
