{{/* The annotations of what exists only while a trial lasts. Takes a weight: the sets come before who reads them. */}}
{{- define "portcullis.trialHook" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}
