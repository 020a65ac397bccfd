;; Is no longer the file whose digest the policy set pins.
;;
;; covers: P52
;; ends: at load
;; says: plugin `sha256:...` has the digest `sha256:...`, expected `sha256:...`; if this is the plugin that you mean, write its digest into the policy set (`portcullis plugin build --pin` does for what it builds)
;; memory: 256 MiB
;; time: 60 s
;; bytes: custom section of 1
;; digest: of the bytes before
(module
  <<honest memory describe prepare realloc evaluate>>
)
