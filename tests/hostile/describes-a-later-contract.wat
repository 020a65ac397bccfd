;; Says that it was built against another contract.
;;
;; covers: P28
;; ends: at load
;; says: plugin `sha256:...` was built against version `2.1.0` of the contract, this host speaks `1.0.0`
;; memory: 256 MiB
;; time: 60 s
(module <<honest memory prepare realloc evaluate>>
  <<describe {"contract":"2.1.0","name":"hostile","version":"1.0.0","title":"T","rules":[],"settings":{}}>>)
