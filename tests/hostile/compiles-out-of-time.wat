;; Has thirty functions of 19,000 diamonds, each within the limits: the compile child ends when its time is spent.
;;
;; covers: P65
;; ends: at load
;; says: plugin `sha256:...` could not be compiled: it takes more than 2 s of processor time
;; memory: 900 MiB
;; time: 60 s
;; limits: processor=2
(module
  <<honest memory describe prepare realloc evaluate>>
  <<repeat 30 (func <<repeat 19000 (if (i32.const 1) (then) (else))>>)>>)
