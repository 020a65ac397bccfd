;; Gives one function 300,000 names.
;;
;; covers: P46
;; ends: at load
;; says: plugin `sha256:...` is refused: ... definitions of the component, at most 100000 are admitted
;; memory: 600 MiB
;; time: 60 s
(component
  (import "portcullis:policy/request@1.0.0" (instance $r (export "time" (func (result s64)))))
  <<repeat 300000 (alias export $r "time" (func))>>)
