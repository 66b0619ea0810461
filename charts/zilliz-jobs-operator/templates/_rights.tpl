{{- /* What the operator does with the objects of each kind. Nothing here may be left out, and nothing is too much:
an audit of the API server over a run in which everything happens is compared with it. */}}
{{- define "zilliz.rules" -}}
{{- $jobs := include "zilliz.jobs" . | fromYamlArray }}
{{- $all := include "zilliz.kinds" . | fromYamlArray }}
- apiGroups: [jobs.zilliz.com]
  resources: {{ toJson $all }}
  verbs: [get, list, watch]
- apiGroups: [jobs.zilliz.com]
  resources:
    {{- range $all }}
    - {{ . }}/status
    {{- end }}
  verbs: [patch]
- apiGroups: [jobs.zilliz.com]
  resources: {{ include "zilliz.held" . }}
  verbs: [patch]
- apiGroups: [jobs.zilliz.com]
  resources: {{ append $jobs "projectjobs" | toJson }}
  verbs: [delete]
- apiGroups: [jobs.zilliz.com]
  resources: {{ append $jobs "projectjobs" | toJson }}
  verbs: [create]
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, create, patch]
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- end }}

{{- /* Besides, where the engine of migrations is enabled: its Jobs, their pods, and the events that say why none starts. */}}
{{- define "zilliz.vtsRules" -}}
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, create, patch, delete]
- apiGroups: [""]
  resources: [pods, events]
  verbs: [list]
{{- end }}

{{- /* In the operator's own namespace. */}}
{{- define "zilliz.leaseRules" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "zilliz.shardNames" . }}]
  verbs: [get, update]
{{- end }}

{{- /* Of the hook that frees the objects. */}}
{{- define "zilliz.releaseRules" -}}
- apiGroups: [jobs.zilliz.com]
  resources: {{ include "zilliz.jobs" . }}
  verbs: [list]
- apiGroups: [jobs.zilliz.com]
  resources: {{ include "zilliz.held" . }}
  verbs: [get, patch]
{{- end }}

{{- define "zilliz.stopRules" -}}
- apiGroups: [apps]
  resources: [deployments/scale]
  resourceNames: [{{ include "zilliz.shardNames" . }}]
  verbs: [patch]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "zilliz.shardNames" . }}]
  verbs: [get]
{{- end }}

{{- /* One role and its binding: (dict "top" $ "kind" "Role" "name" "namespace" "component" "rules" "account" "hook"). */}}
{{- define "zilliz.grant" }}
{{- $namespaced := ne .namespace "" }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $namespaced | ternary "Role" "ClusterRole" }}
metadata:
  name: {{ .name }}
  {{- if $namespaced }}
  namespace: {{ .namespace }}
  {{- end }}
  labels:
    {{- include "zilliz.labels" (list .top .component) | nindent 4 }}
  {{- with .hook }}
  annotations:
    {{- . | nindent 4 }}
  {{- end }}
rules:
  {{- .rules | trim | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $namespaced | ternary "RoleBinding" "ClusterRoleBinding" }}
metadata:
  name: {{ .name }}
  {{- if $namespaced }}
  namespace: {{ .namespace }}
  {{- end }}
  labels:
    {{- include "zilliz.labels" (list .top .component) | nindent 4 }}
  {{- with .hook }}
  annotations:
    {{- . | nindent 4 }}
  {{- end }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $namespaced | ternary "Role" "ClusterRole" }}
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ .account }}
    namespace: {{ .top.Release.Namespace }}
{{- end }}
