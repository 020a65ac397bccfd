;; Waits for another thread.
;;
;; covers: P31
;; ends: at load
;; says: plugin `sha256:...` is not a valid component: ...threads support is not enabled...
;; memory: 256 MiB
;; time: 60 s
(component (core module (memory 1) (func (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))))
