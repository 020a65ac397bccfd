;; Has a `br_table` with 400,000 targets.
;;
;; covers: P61
;; ends: at load
;; says: plugin `sha256:...` is refused: 399999 targets of one `br_table`, at most 4096 are admitted
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc evaluate>>
  (func (block (br_table <<repeat 400000 0 >> (i32.const 0)))))
