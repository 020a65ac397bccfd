;; Uses instructions whose result depends on the processor.
;;
;; covers: P63
;; ends: at load
;; says: plugin `sha256:...` is not a valid component: ...relaxed SIMD support is not enabled...
;; memory: 256 MiB
;; time: 60 s
(component (core module (func (drop (f32x4.relaxed_madd (v128.const i32x4 0 0 0 0) (v128.const i32x4 0 0 0 0) (v128.const i32x4 0 0 0 0))))))
