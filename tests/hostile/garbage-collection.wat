;; Uses objects that somebody must collect.
;;
;; covers: P33
;; ends: at load
;; says: plugin `sha256:...` is not a valid component: ...
;; memory: 256 MiB
;; time: 60 s
(component (core module (type (struct (field i32)))))
