;; Calls the host while the host asks it for room.
;;
;; covers: P08
;; ends: at load
;; says: the settings could not be prepared: plugin `hostile` trapped: it called the host where it must not
;; memory: 256 MiB
;; time: 60 s
(module
  (import "portcullis:policy/documents@1.0.0" "root" (func $root (param i32) (result i32)))
  <<honest memory describe prepare evaluate>>
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (call $root (i32.const 0))))
