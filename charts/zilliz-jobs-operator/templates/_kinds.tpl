{{- /* Made from the operator's kinds by `make generate`; do not edit. */}}

{{- /* Every kind. */}}
{{- define "zilliz.kinds" -}}
[zillizconnections, backupjobs, restorejobs, exportjobs, migrationjobs, importjobs, clonecollectionjobs, samplecollectionjobs, suspendclusterjobs, resumeclusterjobs, scaleclusterjobs, scalereplicasjobs, jobcenters, projectjobs, jobschedules]
{{- end }}

{{- /* Those that are jobs. */}}
{{- define "zilliz.jobs" -}}
[backupjobs, restorejobs, exportjobs, migrationjobs, importjobs, clonecollectionjobs, samplecollectionjobs, suspendclusterjobs, resumeclusterjobs, scaleclusterjobs, scalereplicasjobs]
{{- end }}

{{- /* Those whose objects may carry the finalizer. */}}
{{- define "zilliz.held" -}}
[backupjobs, exportjobs, migrationjobs, clonecollectionjobs]
{{- end }}

{{- /* Those that are jobs, by their fields in a JobSchedule. */}}
{{- define "zilliz.templates" -}}
backupJob: backupjobs
restoreJob: restorejobs
exportJob: exportjobs
migrationJob: migrationjobs
importJob: importjobs
cloneCollectionJob: clonecollectionjobs
sampleCollectionJob: samplecollectionjobs
suspendClusterJob: suspendclusterjobs
resumeClusterJob: resumeclusterjobs
scaleClusterJob: scaleclusterjobs
scaleReplicasJob: scalereplicasjobs
{{- end }}
