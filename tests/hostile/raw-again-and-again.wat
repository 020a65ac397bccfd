;; Takes the whole object as text again and again.
;;
;; covers: P67 P69
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` moved more than its 1048576 bytes across the boundary
;; memory: 256 MiB
;; time: 60 s
;; or: timeout: plugin `hostile` spent its 50 ms
(module
  (import "portcullis:policy/documents@1.0.0" "root" (func $root (param i32) (result i32)))
  (import "portcullis:policy/documents@1.0.0" "raw" (func $raw (param i32 i32)))
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (global.set $free (i32.const 65536))
    (loop $l (global.set $free (i32.const 65536)) (call $raw (call $root (i32.const 0)) (i32.const 64)) (br $l))
    (unreachable)))
