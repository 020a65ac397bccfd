;; Holds another component.
;;
;; covers: P37
;; ends: at load
;; says: plugin `sha256:...` is not a valid component: components inside a component are not admitted
;; memory: 256 MiB
;; time: 60 s
(component (component))
