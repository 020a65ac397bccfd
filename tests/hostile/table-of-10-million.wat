;; Begins with a table of ten million elements.
;;
;; covers: P27
;; ends: at load
;; says: plugin `sha256:...` wanted more than its 100000 table elements
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc evaluate>>
  (table 10000000 funcref))
