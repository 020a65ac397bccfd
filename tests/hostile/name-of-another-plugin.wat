;; Has the name and a rule of a built-in plugin: its findings carry its own digest.
;;
;; covers: P51
;; ends: passes
;; says: resource-limits/cpu-limit-max: all is well
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory prepare realloc finding>>
  <<describe {"contract":"1.0.0","name":"resource-limits","version":"9.9.9","title":"T","rules":[{"id":"cpu-limit-max","title":"T","severity":"low"}],"settings":{}}>>
  (data (i32.const 8192) "all is well")
  (func (export "evaluate") (param i32 i32) (result i32)
    (call $finding (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8192) (i32.const 11))))
