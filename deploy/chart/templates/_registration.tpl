{{/* What `portcullis webhook-config` prints for the built-in policy set (made by `cargo xtask chart`). */}}
{{- define "portcullis.builtinRegistration" -}}
{{- .Files.Get "files/registration.yaml" | fromYaml | dig "webhooks" list | first | toYaml }}
{{- end }}

{{/* The same for a policy set that asks for everything: what is left out even then. */}}
{{- define "portcullis.exclusions" -}}
{{- $own := printf "'%s'" (include "portcullis.fullname" .) }}
{{- $conditions := .Files.Get "files/exclusions.yaml" | fromYaml | dig "webhooks" list | first | dig "matchConditions" list }}
{{- range $condition := $conditions }}
{{- /* What the chart calls its own ClusterRole and binding. */ -}}
{{- if eq $condition.name "not-its-own-access" }}
{{- $_ := set $condition "expression" (replace "'portcullis'" $own $condition.expression) }}
{{- end }}
{{- end }}
{{- $conditions | toYaml }}
{{- end }}

{{/*
The rules of one policy, without the kinds in which it could not find anything: as `portcullis webhook-config` does it (reach.rs),
but only where a policy asks for every kind and nothing about it is out of the ordinary. Takes a list: the policy, its set,
and the rules of the built-in set.
*/}}
{{- define "portcullis.policyRules" -}}
{{- $policy := index . 0 }}
{{- $set := index . 1 }}
{{- $workloads := index . 2 }}
{{- $match := default dict $policy.match }}
{{- $name := dig "builtin" "" (default dict $policy.plugin) }}
{{- $settings := list (default dict $policy.settings) (dig "sandbox" dict (default dict $policy.settingsByMode)) (dig "compliance" dict (default dict $policy.settingsByMode)) }}
{{- $ordinary := and (has $name (list "image-reference" "pod-security" "resource-limits" "signature")) (not $match.matchConditions) (not $set.spec.workloads) }}
{{- range $settings }}
{{- if or (hasKey . "fields") (hasKey . "totals") }}
{{- $ordinary = false }}
{{- end }}
{{- end }}
{{- $rules := list }}
{{- if hasKey $match "resourceRules" }}
{{- range $rule := $match.resourceRules }}
{{- $whole := has "*" $rule.resources }}
{{- $resources := $rule.resources }}
{{- if and $ordinary $whole }}
{{- range $workloads }}
{{- if or (has "*" $rule.apiGroups) (has (first .apiGroups) $rule.apiGroups) }}
{{- $rules = append $rules (dict "apiGroups" .apiGroups "apiVersions" $rule.apiVersions "operations" $rule.operations "resources" .resources "scope" (default "*" $rule.scope)) }}
{{- end }}
{{- end }}
{{- $resources = without $resources "*" "*/scale" }}
{{- end }}
{{- if $resources }}
{{- $rules = append $rules (dict "apiGroups" $rule.apiGroups "apiVersions" $rule.apiVersions "operations" $rule.operations "resources" $resources "scope" (default "*" $rule.scope)) }}
{{- end }}
{{- end }}
{{- else if and $ordinary (not (hasKey $match "documents")) }}
{{- range $workloads }}
{{- $rules = append $rules (dict "apiGroups" .apiGroups "apiVersions" (list "*") "operations" (list "CREATE" "UPDATE") "resources" .resources "scope" "*") }}
{{- end }}
{{- else if not (hasKey $match "documents") }}
{{- $rules = append $rules (dict "apiGroups" (list "*") "apiVersions" (list "*") "operations" (list "CREATE" "UPDATE") "resources" (list "*/*") "scope" "*") }}
{{- end }}
{{- $rules | toYaml }}
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
{{- $builtin := (include "portcullis.builtinRegistration" . | fromYaml).rules }}
{{- if not .Values.policySets }}
{{- $rules = $builtin }}
{{- end }}
{{- range $set := .Values.policySets }}
{{- range $policy := $set.spec.policies }}
{{- $rules = concat $rules (include "portcullis.policyRules" (list $policy $set $builtin) | fromYamlArray) }}
{{- end }}
{{- end }}
{{- /* One webhook gets a request in one version only, and a policy skips a version that it does not name. */ -}}
{{- range $one := $rules }}
{{- range $other := $rules }}
{{- $meet := or (has "*" $one.apiGroups) (has "*" $other.apiGroups) }}
{{- range $group := $one.apiGroups }}
{{- if has $group $other.apiGroups }}
{{- $meet = true }}
{{- end }}
{{- end }}
{{- if and $meet (ne ($one.apiVersions | sortAlpha | join ",") ($other.apiVersions | sortAlpha | join ",")) }}
{{- fail (printf "policySets name different apiVersions (%s and %s) of one API group, which one webhook cannot serve; write apiVersions: [\"*\"] everywhere, or set webhook.enabled to false and apply what `portcullis webhook-config` prints: one webhook for each" ($one.apiVersions | join ",") ($other.apiVersions | join ",")) }}
{{- end }}
{{- end }}
{{- end }}
{{- if not $rules }}
{{- fail "no policy of policySets judges an object: there is nothing to register; set webhook.enabled to false" }}
{{- end }}
{{- end }}
{{- $rules | uniq | toYaml }}
{{- end }}

{{/* The conditions: what keeps a cluster able to recover, and more of the user's. */}}
{{- define "portcullis.conditions" -}}
{{- $conditions := .Values.webhook.exclusions }}
{{- if not $conditions }}
{{- if or .Values.policySets .Values.existingPolicySets .Values.webhook.rules }}
{{- $conditions = include "portcullis.exclusions" . | fromYamlArray }}
{{- else }}
{{- $conditions = (include "portcullis.builtinRegistration" . | fromYaml).matchConditions }}
{{- end }}
{{- end }}
{{- concat $conditions .Values.webhook.matchConditions | toYaml }}
{{- end }}

{{/*
Fail is registered only where somebody can answer: while a cluster shows no ready Pod of this release and no registration with Fail,
it is Ignore, and the next `helm upgrade` says Fail. Who renders without a cluster (`helm template`, Argo CD) gets what webhook.failurePolicy says and
sees to the order.
*/}}
{{- define "portcullis.failurePolicy" -}}
{{- $wanted := .Values.webhook.failurePolicy }}
{{- $name := include "portcullis.fullname" . }}
{{- if and (eq $wanted "Fail") .Values.webhook.staged (lookup "v1" "Namespace" "" "kube-system") }}
{{- $ready := dig "status" "readyReplicas" 0 (default dict (lookup "apps/v1" "Deployment" .Release.Namespace $name)) }}
{{- $registered := dig "webhooks" list (default dict (lookup "admissionregistration.k8s.io/v1" "ValidatingWebhookConfiguration" "" $name)) }}
{{- $fails := false }}
{{- range $registered }}
{{- if eq .failurePolicy "Fail" }}
{{- $fails = true }}
{{- end }}
{{- end }}
{{- if not (or $fails (gt (int $ready) 0)) }}
{{- $wanted = "Ignore" }}
{{- end }}
{{- end }}
{{- $wanted }}
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
  annotations:
    # Argo CD waits for the Pods of the wave before.
    argocd.argoproj.io/sync-wave: "1"
  {{- if eq $root.Values.certificate.source "certManager" }}
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
  failurePolicy: {{ include "portcullis.failurePolicy" $root }}
  matchPolicy: Equivalent
  sideEffects: None
  timeoutSeconds: {{ $webhook.timeoutSeconds }}
  namespaceSelector:
    matchExpressions:
    - key: kubernetes.io/metadata.name
      operator: NotIn
      values: {{ concat (list $root.Release.Namespace) $webhook.excludedNamespaces $webhook.extraExcludedNamespaces | uniq | toJson }}
  {{- with $webhook.objectSelector }}
  objectSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  matchConditions:
  {{- include "portcullis.conditions" $root | nindent 2 }}
  rules:
  {{- include "portcullis.rules" $root | nindent 2 }}
{{- end }}
