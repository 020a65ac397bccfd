{{/* What `portcullis webhook-config` prints for the built-in policy set (made by `cargo xtask chart`). */}}
{{- define "portcullis.builtinRegistration" -}}
{{- .Files.Get "files/registration.yaml" | fromYaml | dig "webhooks" list | first | toYaml }}
{{- end }}

{{/*
The rules of the registration: what webhook.rules says; those of the built-in set; or what any policy of any set wants to see. A
policy without rules and without documents judges every CREATE and UPDATE. `resourceNames` cannot be said in a registration, so they
are left out and more is sent.
*/}}
{{- define "portcullis.rules" -}}
{{- $rules := .Values.webhook.rules }}
{{- if not $rules }}
{{- if .Values.existingPolicySets }}
{{- fail "webhook.rules must be given with existingPolicySets: `portcullis webhook-config --policies FILE` prints them" }}
{{- end }}
{{- if not .Values.policySets }}
{{- $rules = (include "portcullis.builtinRegistration" . | fromYaml).rules }}
{{- end }}
{{- range $set := .Values.policySets }}
{{- range $policy := $set.spec.policies }}
{{- $match := default dict $policy.match }}
{{- if hasKey $match "resourceRules" }}
{{- range $rule := $match.resourceRules }}
{{- $rules = append $rules (dict "apiGroups" $rule.apiGroups "apiVersions" $rule.apiVersions "operations" $rule.operations "resources" $rule.resources "scope" (default "*" $rule.scope)) }}
{{- end }}
{{- else if not (hasKey $match "documents") }}
{{- $rules = append $rules (dict "apiGroups" (list "*") "apiVersions" (list "*") "operations" (list "CREATE" "UPDATE") "resources" (list "*/*") "scope" "*") }}
{{- end }}
{{- end }}
{{- end }}
{{- if not $rules }}
{{- fail "no policy of policySets judges an object: there is nothing to register; set webhook.enabled to false" }}
{{- end }}
{{- end }}
{{- $rules | uniq | toYaml }}
{{- end }}

{{/*
The conditions: what keeps a cluster able to recover, and more of the user's. The own ClusterRole and its binding stand in no
namespace: without a condition of their own, `helm upgrade` could not mend a webhook that does not answer. Policies that ask for every
subresource would ask for the last word of a namespace that goes, too.
*/}}
{{- define "portcullis.conditions" -}}
{{- $conditions := .Values.webhook.exclusions }}
{{- if not $conditions }}
{{- $conditions = (include "portcullis.builtinRegistration" . | fromYaml).matchConditions }}
{{- if or .Values.policySets .Values.existingPolicySets }}
{{- $conditions = append $conditions (dict "name" "not-the-end-of-namespaces" "expression" "!(request.resource.group == '' && request.resource.resource == 'namespaces' && has(request.subResource) && request.subResource == 'finalize')") }}
{{- end }}
{{- end }}
{{- if .Values.rbac.create }}
{{- $own := printf "!(request.resource.group == 'rbac.authorization.k8s.io' && request.resource.resource in ['clusterroles', 'clusterrolebindings'] && request.name == '%s')" (include "portcullis.fullname" .) }}
{{- $conditions = append $conditions (dict "name" "not-its-own-access" "expression" $own) }}
{{- end }}
{{- concat $conditions .Values.webhook.matchConditions | toYaml }}
{{- end }}

{{/* One registration. Takes a list: the root, and the caBundle in base64 (empty: it is left out). */}}
{{- define "portcullis.registration" -}}
{{- $root := index . 0 }}
{{- $bundle := index . 1 }}
{{- $webhook := $root.Values.webhook }}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata:
  name: {{ include "portcullis.fullname" $root }}
  labels:
    {{- include "portcullis.labels" $root | nindent 4 }}
  {{- if eq $root.Values.certificate.source "certManager" }}
  annotations:
    cert-manager.io/inject-ca-from: {{ $root.Release.Namespace }}/{{ include "portcullis.tlsSecret" $root }}
  {{- end }}
webhooks:
- name: validate.portcullis.dev
  admissionReviewVersions: [v1]
  clientConfig:
    service:
      name: {{ include "portcullis.fullname" $root }}
      namespace: {{ $root.Release.Namespace }}
      port: {{ $root.Values.service.port }}
      path: {{ $webhook.path }}
    {{- if $bundle }}
    caBundle: {{ $bundle }}
    {{- end }}
  failurePolicy: {{ $webhook.failurePolicy }}
  matchPolicy: Equivalent
  sideEffects: None
  timeoutSeconds: {{ $webhook.timeoutSeconds }}
  namespaceSelector:
    matchExpressions:
    - key: kubernetes.io/metadata.name
      operator: NotIn
      values: {{ prepend $webhook.excludedNamespaces $root.Release.Namespace | uniq | toJson }}
  {{- with $webhook.objectSelector }}
  objectSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  matchConditions:
  {{- include "portcullis.conditions" $root | nindent 2 }}
  rules:
  {{- include "portcullis.rules" $root | nindent 2 }}
{{- end }}
