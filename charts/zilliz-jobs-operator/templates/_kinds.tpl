{{- /* Made from the operator's kinds by `make generate`; do not edit. */}}

{{- /* Every kind. */}}
{{- define "zilliz.kinds" -}}
[zillizconnections, backupjobs, restorejobs, exportjobs, migrationjobs, importjobs, clonecollectionjobs, samplecollectionjobs, suspendclusterjobs, resumeclusterjobs, scaleclusterjobs, scalereplicasjobs, jobcenters, projectjobs]
{{- end }}

{{- /* Those that are jobs. */}}
{{- define "zilliz.jobs" -}}
[backupjobs, restorejobs, exportjobs, migrationjobs, importjobs, clonecollectionjobs, samplecollectionjobs, suspendclusterjobs, resumeclusterjobs, scaleclusterjobs, scalereplicasjobs]
{{- end }}

{{- /* Those whose objects may carry the finalizer. */}}
{{- define "zilliz.held" -}}
[backupjobs, exportjobs, migrationjobs, clonecollectionjobs]
{{- end }}
