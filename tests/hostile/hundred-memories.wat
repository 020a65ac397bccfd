;; Has a hundred memories.
;;
;; covers: P53
;; ends: at load
;; says: plugin `sha256:...` is refused: 100 memories, at most 4 are admitted
;; memory: 256 MiB
;; time: 60 s
(component (core module <<repeat 100 (memory 1)>>))
