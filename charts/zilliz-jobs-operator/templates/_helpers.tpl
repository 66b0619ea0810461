{{- define "zilliz.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* Leaves room for what is put behind it. */}}
{{- define "zilliz.fullname" -}}
{{- $name := include "zilliz.name" . }}
{{- $default := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- default $default .Values.fullnameOverride | trunc 48 | trimSuffix "-" }}
{{- end }}

{{- define "zilliz.serviceAccount" -}}
{{- default (ternary (include "zilliz.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name }}
{{- end }}

{{- define "zilliz.selector" -}}
app.kubernetes.io/name: {{ include "zilliz.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end }}

{{- /* The names of all shards but the default one. */}}
{{- define "zilliz.shards" -}}
{{- $names := list }}
{{- range .Values.shards }}
{{- $names = append $names .name }}
{{- end }}
{{- if ne (len $names) (len (uniq $names)) }}
{{- fail (printf "shards: each needs a name of its own: %s" (join ", " $names)) }}
{{- end }}
{{- toJson $names }}
{{- end }}

{{- /* Deployment, Lease and more of the operator of one shard: (list context shard); an empty one is the default. */}}
{{- define "zilliz.shardName" -}}
{{- $full := include "zilliz.fullname" (index . 0) }}
{{- with (index . 1).name }}
{{- $name := printf "%s-%s" $full . }}
{{- if gt (len $name) 55 }}
{{- fail (printf "shards: %s is too long for a name in Kubernetes; shorten the shard's name, or set fullnameOverride" $name) }}
{{- end }}
{{- $name }}
{{- else }}
{{- $full }}
{{- end }}
{{- end }}

{{- define "zilliz.shardSelector" -}}
{{- if (index . 1).name -}}
app.kubernetes.io/name: {{ include "zilliz.name" (index . 0) }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: shard
jobs.zilliz.com/shard: {{ (index . 1).name }}
{{- else }}
{{- include "zilliz.selector" (index . 0) }}
{{- end }}
{{- end }}

{{- define "zilliz.shardLabels" -}}
{{- include "zilliz.labels" (list (index . 0) (empty (index . 1).name | ternary "operator" "shard")) }}
{{- with (index . 1).name }}
jobs.zilliz.com/shard: {{ . }}
{{- end }}
{{- end }}

{{- /* Names of the Leases, and of the Deployments, of all shards. */}}
{{- define "zilliz.shardNames" -}}
{{- $names := list }}
{{- range $shard := prepend .Values.shards (dict) }}
{{- $names = append $names (include "zilliz.shardName" (list $ $shard)) }}
{{- end }}
{{- $names | join ", " }}
{{- end }}

{{- /* Of every object: (list context component). */}}
{{- define "zilliz.labels" -}}
{{- $top := index . 0 -}}
helm.sh/chart: {{ printf "%s-%s" $top.Chart.Name $top.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/name: {{ include "zilliz.name" $top }}
app.kubernetes.io/instance: {{ $top.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
app.kubernetes.io/version: {{ $top.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: zilliz-jobs
app.kubernetes.io/managed-by: {{ $top.Release.Service }}
{{- with $top.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "zilliz.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}
{{- end }}

{{- /* "true" where migrations run in pods: they are enabled, and not on a cluster of SeaTunnel alone. */}}
{{- define "zilliz.vtsPods" -}}
{{- with .Values.migrations.vts }}
{{- if and .enabled (or .image.repository .image.digest (not .cluster)) }}true{{ end }}
{{- end }}
{{- end }}

{{- /* The image of the engine of migrations, complete: what a job runs is decided here alone. */}}
{{- define "zilliz.vtsImage" -}}
{{- with .Values.migrations.vts.image }}
{{- if not (and .repository .digest) }}
{{- fail "migrations.vts.enabled needs the image of the engine: set migrations.vts.image.repository and migrations.vts.image.digest (sha256:...), or migrations.vts.cluster alone" }}
{{- end -}}
{{ .repository }}{{ with .tag }}:{{ . }}{{ end }}@{{ .digest }}
{{- end }}
{{- end }}

{{- define "zilliz.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "zilliz.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- /* The namespaces of the operator, each once. */}}
{{- define "zilliz.namespaces" -}}
{{- .Values.watchNamespaces | uniq | toJson }}
{{- end }}

{{- /* On the pods of the engine; the operator sets it. */}}
{{- define "zilliz.vtsWorker" -}}
jobs.zilliz.com/worker: migration
{{- end }}

{{- /* What every process of ours is told: which Lease, which way to Kubernetes. */}}
{{- define "zilliz.env" -}}
- name: ZILLIZ_JOBS_LEASE_NAME
  value: {{ include "zilliz.fullname" . }}
{{- with .Values.proxy }}
{{- if .https }}
- name: HTTPS_PROXY
  value: {{ .https | quote }}
{{- end }}
{{- if .http }}
- name: HTTP_PROXY
  value: {{ .http | quote }}
{{- end }}
{{- if .noProxy }}
- name: NO_PROXY
  value: {{ .noProxy | quote }}
{{- end }}
{{- if .kubernetes }}
- name: ZILLIZ_JOBS_TRUST_ENV
  value: "true"
{{- end }}
{{- end }}
{{- end }}

{{- define "zilliz.pull" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* Where the pods may run, for the operator and for the hook. */}}
{{- define "zilliz.placement" -}}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "zilliz.objectsCanBeMade" -}}
{{- if or .Release.IsUpgrade (not .Values.crds.install) (.Capabilities.APIVersions.Has "jobs.zilliz.com/v1alpha1") }}yes{{ end }}
{{- end }}

{{- define "zilliz.object" }}
---
apiVersion: jobs.zilliz.com/v1alpha1
kind: {{ .kind }}
metadata:
  name: {{ .name }}
  namespace: {{ .one.namespace | default .top.Release.Namespace }}
  labels:
    {{- include "zilliz.labels" (list .top "jobs") | nindent 4 }}
    {{- with .one.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .one.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- toYaml .one.spec | nindent 2 }}
{{- end }}
