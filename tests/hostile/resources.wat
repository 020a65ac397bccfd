;; Hands out handles.
;;
;; covers: P22
;; ends: at load
;; says: plugin `sha256:...` is not a valid component: it uses resources, tasks or threads of the component model
;; memory: 256 MiB
;; time: 60 s
(component (type $r (resource (rep i32))) (core func (canon resource.new $r)))
