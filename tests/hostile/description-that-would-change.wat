;; Would describe itself otherwise when it is asked again, and never is: each question meets a fresh instance.
;;
;; covers: P55 P77
;; ends: passes
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory prepare realloc evaluate>>
  (global $asked (mut i32) (i32.const 0))
  (data (i32.const 1024) "{\"contract\":\"1.0.0\",\"name\":\"hostile\",\"version\":\"1.0.0\",\"title\":\"T\",\"rules\":[],\"settings\":{}}")
  (func (export "describe") (result i32)
    (if (global.get $asked) (then (unreachable)))
    (global.set $asked (i32.const 1))
    (i32.store (i32.const 8) (i32.const 1024)) (i32.store (i32.const 12) (i32.const 92))
    (i32.const 8)))
