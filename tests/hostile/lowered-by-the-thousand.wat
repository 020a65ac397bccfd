;; Lowers one function of the host 60,000 times.
;;
;; covers: P58 P46
;; ends: at load
;; says: plugin `sha256:...` is refused: 60000 functions, at most 50000 are admitted
;; memory: 256 MiB
;; time: 60 s
(component
  (import "portcullis:policy/request@1.0.0" (instance $r (export "time" (func (result s64)))))
  (alias export $r "time" (func $time))
  <<repeat 60000 (core func (canon lower (func $time)))>>)
