;; Loops for ever in its start function, before anybody calls it.
;;
;; covers: P02
;; ends: at load
;; says: plugin `sha256:...` spent its 500 ms
;; memory: 256 MiB
;; time: 60 s
(module
  <<honest memory describe prepare realloc evaluate>>
  (start $s)
  (func $s (loop $l (br $l))))
