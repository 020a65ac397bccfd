{{/* The arguments of the process; every flag is one that `portcullis serve --help` lists (tests/tests/deploy.rs). */}}
{{- define "portcullis.arguments" -}}
- serve
- --listen={{ .Values.bindAddress }}:8443
- --ops-listen={{ .Values.bindAddress }}:8081
- --tls-cert=/etc/portcullis/tls/tls.crt
- --tls-key=/etc/portcullis/tls/tls.key
{{- if include "portcullis.policySets" . }}
- --policies=/etc/portcullis/policies
{{- end }}
{{- if .Values.waivers }}
- --waivers=/etc/portcullis/waivers
{{- end }}
{{- if .Values.registries }}
- --registries=/etc/portcullis/registries/registries.yaml
{{- end }}
{{- if .Values.rateLimits }}
- --rate-limits=/etc/portcullis/rate-limits/rate-limits.yaml
{{- end }}
{{- range .Values.registryPullSecrets }}
- --registry-config=/etc/portcullis/pull-secrets/{{ .name }}/.dockerconfigjson
{{- end }}
{{- if .Values.clientAuthentication.configMap }}
- --client-ca=/etc/portcullis/client-ca/ca.crt
{{- with .Values.clientAuthentication.names }}
- --client-name={{ join "," . }}
{{- end }}
{{- else if .Values.clientAuthentication.names }}
{{- fail "clientAuthentication.names needs clientAuthentication.configMap" }}
{{- end }}
{{- if .Values.observe }}
- --observe
{{- end }}
- --max-review-time={{ .Values.maxReviewTime }}
- --breaker-faults={{ int .Values.breaker.faults }}
- --breaker-rest={{ .Values.breaker.rest }}
- --drain={{ int .Values.shutdown.drainSeconds }}s
# A folder of its own below the mount: what others may write is refused as a cache.
- --cache-dir=/var/cache/portcullis/code
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end }}
