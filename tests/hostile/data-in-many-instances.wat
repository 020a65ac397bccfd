;; Writes a megabyte of data into one memory at each start, thirty times over: no clock interrupts that.
;;
;; covers: P27 P46
;; ends: at load
;; says: plugin `sha256:...` is refused: ... bytes of data in all instances together, at most 25165824 are admitted
;; memory: 300 MiB
;; time: 60 s
(component
  (core module $m (memory (export "m") 16))
  (core module $d (import "m" "m" (memory 16)) (data (i32.const 0) "<<repeat 1000000 a>>"))
  (core instance $i (instantiate $m))
  <<repeat 30 (core instance (instantiate $d (with "m" (instance $i))))>>)
