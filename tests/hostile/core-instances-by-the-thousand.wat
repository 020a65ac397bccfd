;; Makes 2,000 instances of nothing, each with a hundred names for one function.
;;
;; covers: P29 P46
;; ends: at load
;; says: plugin `sha256:...` is refused: ... definitions of the component, at most 100000 are admitted
;; memory: 600 MiB
;; time: 60 s
(component (core module $m (func (export "f"))) (core instance $i (instantiate $m)) (alias core export $i "f" (core func $f))
  <<repeat 2000 (core instance <<repeat 100 (export "a{n}" (func $f))>>)>>)
