;; Says what a terminal, a log of a CI system or a browser would obey.
;;
;; covers: P74
;; ends: passes
;; says: hostile/broken: a\u{1b}[31m\r\n::error::x\u{202e}%0A<script>\u{9b}2J\u{0}
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc finding>>
  (data (i32.const 8192) "a\1b[31m\0d\0a::error::x\e2\80\ae%0A<script>\c2\9b2J\00")
  (func (export "evaluate") (param i32 i32) (result i32)
    (call $finding (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8192) (i32.const 37))))
