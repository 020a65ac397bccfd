;; Has an import whose name a terminal would obey.
;;
;; covers: P74
;; ends: at load
;; says: plugin `sha256:...` imports `a\u{1b}[31mred\n::error::`, which is not part of the contract: ...
;; memory: 256 MiB
;; time: 60 s
(component (import "a\1b[31mred\0a::error::" (instance)))
