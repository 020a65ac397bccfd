{{- define "portcullis.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The name of everything that the release makes. */}}
{{- define "portcullis.fullname" -}}
{{- $name := include "portcullis.name" . }}
{{- $joined := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- default $joined .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "portcullis.selector" -}}
app.kubernetes.io/name: {{ include "portcullis.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "portcullis.labels" -}}
{{ include "portcullis.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "portcullis.serviceAccount" -}}
{{- default (ternary (include "portcullis.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name }}
{{- end }}

{{- define "portcullis.image" -}}
{{- $image := .Values.image }}
{{- $repository := required "image.repository must be set: the registry and repository that you pushed the image of `cargo xtask dist` to" $image.repository }}
{{- if $image.digest }}
{{- printf "%s%s@%s" $repository (ternary (printf ":%s" $image.tag) "" (ne $image.tag "")) $image.digest }}
{{- else }}
{{- printf "%s:%s" $repository (default .Chart.AppVersion $image.tag) }}
{{- end }}
{{- end }}

{{/* The Secret that the Pods mount. */}}
{{- define "portcullis.tlsSecret" -}}
{{- if eq .Values.certificate.source "existingSecret" }}
{{- required "certificate.existingSecret.name must be set: a Secret of type kubernetes.io/tls" .Values.certificate.existingSecret.name }}
{{- else }}
{{- printf "%s-tls" (include "portcullis.fullname" .) }}
{{- end }}
{{- end }}

{{/* The ConfigMap of policy sets; empty: the built-in set. */}}
{{- define "portcullis.policySets" -}}
{{- if and .Values.policySets .Values.existingPolicySets }}
{{- fail "policySets and existingPolicySets cannot both be given" }}
{{- end }}
{{- if .Values.policySets }}{{ include "portcullis.fullname" . }}-policy-sets{{ else }}{{ .Values.existingPolicySets }}{{ end }}
{{- end }}

{{/* The two names that the API server may call the Service by. */}}
{{- define "portcullis.dnsNames" -}}
{{- $service := include "portcullis.fullname" . }}
- {{ printf "%s.%s.svc" $service .Release.Namespace }}
- {{ printf "%s.%s.svc.cluster.local" $service .Release.Namespace }}
{{- end }}

{{/* Keys, roots and authorities that the policy sets name: the Pods and the trial see the same. */}}
{{- define "portcullis.fileMounts" -}}
{{- range .Values.files }}
- {name: files-{{ .name }}, mountPath: /etc/portcullis/files/{{ .name }}, readOnly: true}
{{- end }}
{{- end }}

{{- define "portcullis.fileVolumes" -}}
{{- range .Values.files }}
- name: files-{{ .name }}
  {{- if .configMap }}
  configMap:
    name: {{ .configMap }}
  {{- else }}
  secret:
    secretName: {{ .secret }}
    defaultMode: 288   # 0440: for the Pod's own group, and nobody else
  {{- end }}
{{- end }}
{{- end }}
