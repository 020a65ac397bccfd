;; Refuses its settings with words that a terminal would obey.
;;
;; covers: P74
;; ends: at load
;; says: plugin `hostile` refuses the settings at `/a\u{1b}[2J`: no\u{202e}\u{7}
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe evaluate realloc>>
  (data (i32.const 8192) "/a\1b[2J") (data (i32.const 8200) "no\e2\80\ae\07")
  (func (export "prepare") (param i32 i32) (result i32)
    (i32.store8 (i32.const 32) (i32.const 1)) (i32.store (i32.const 36) (i32.const 256)) (i32.store (i32.const 40) (i32.const 1))
    (i32.store (i32.const 256) (i32.const 8192)) (i32.store (i32.const 260) (i32.const 6))
    (i32.store (i32.const 264) (i32.const 8200)) (i32.store (i32.const 268) (i32.const 6)) (i32.const 32)))
