;; Exports 30,000 types.
;;
;; covers: P46
;; ends: at load
;; says: plugin `sha256:...` is refused: 30000 imports or exports of the component, at most 20000 are admitted
;; memory: 256 MiB
;; time: 60 s
(component (type $t u8) <<repeat 30000 (export "t{n}" (type $t))>>)
