;; Would judge otherwise the second time, and never can: each evaluation gets a fresh instance.
;;
;; covers: P77 P78
;; ends: passes
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc>>
  (global $seen (mut i32) (i32.const 0))
  (func (export "evaluate") (param i32 i32) (result i32)
    (if (global.get $seen) (then (unreachable)))
    (global.set $seen (i32.const 1))
    (i32.const 16)))
