;; Proposes a map of which every reader takes another value.
;;
;; covers: P74
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` broke the contract: the value of a fix that would replace cannot be used: a key stands twice in one map
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc finding>>
  (data (i32.const 8192) "replace") (data (i32.const 131072) "{\22a\22:1,\22a\22:2}")
  (func (export "evaluate") (param i32 i32) (result i32)
    (i32.store8 (i32.const 280) (i32.const 1))
    (i32.store (i32.const 292) (i32.const 8192)) (i32.store (i32.const 296) (i32.const 7))
    (i32.store (i32.const 300) (i32.const 131072)) (i32.store (i32.const 304) (i32.const 13))
    (i32.store8 (i32.const 308) (i32.const 1))
    (call $finding (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))
