;; Nests components so that each holds ten of the next: ten levels are 10^10 instances.
;;
;; covers: P37
;; ends: at load
;; says: plugin `sha256:...` is not a valid component: components inside a component are not admitted
;; memory: 256 MiB
;; time: 60 s
(component (component $c (component $d (component $e)
  <<repeat 10 (instance (instantiate $e))>>) <<repeat 10 (instance (instantiate $d))>>) <<repeat 10 (instance (instantiate $c))>>)
