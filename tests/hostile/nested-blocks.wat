;; Has 15,000 blocks inside each other and a `br_table` into them: it compiles.
;;
;; covers: P60
;; ends: passes
;; memory: 900 MiB
;; time: 120 s
(module
  <<honest memory describe prepare realloc evaluate>>
  (func <<repeat 15000 block >> (br_table <<repeat 4000 {n} >> (i32.const 0)) <<repeat 15000 end >>))
