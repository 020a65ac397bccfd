;; Grows its memory page by page, and writes to every page.
;;
;; covers: P09
;; ends: in evaluate
;; kind: trap
;; says: plugin `hostile` wanted more than its 64 MiB of memory
;; memory: 320 MiB
;; time: 60 s
;; or: timeout: plugin `hostile` spent its 50 ms
(module
  <<honest memory describe prepare realloc>>
  (func (export "evaluate") (param i32 i32) (result i32)
    (local $page i32)
    (loop $l
      (local.set $page (memory.grow (i32.const 1)))
      (i32.store (i32.mul (local.get $page) (i32.const 65536)) (i32.const -1))
      (br $l))
    (unreachable)))
