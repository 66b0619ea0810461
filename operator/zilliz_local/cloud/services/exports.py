"""Export of a backup's files to the caller's object storage (documented; cancelable in the console).

What was uploaded before a cancel or a failure stays. `world.exports` tells what lies where.
"""

from zilliz_local.cloud.exports import Export
from zilliz_local.cloud.jobs import EXPORT
from zilliz_local.cloud.routes import Call, Routes

routes = Routes()


@routes.on("POST", "/v2/clusters/{clusterId}/backups/{backupId}/export", "export.create", kind="submit")
def export(call: Call) -> object:
    """Write the files of an AVAILABLE backup into a directory of a storage integration."""
    cluster, backup = call.available_backup()
    integration_id, directory = call.need("integrationId"), call.text("directory")
    job = call.start_job(EXPORT, cluster, backup_id=backup.backup_id, cancelable=True)
    call.world.exports.append(
        Export(integration_id, directory, backup.backup_id, cluster.cluster_id, backup.size, job)
    )
    call.effect(
        "submit", job_id=job.job_id, clusterId=cluster.cluster_id, backupId=backup.backup_id,
        integrationId=integration_id, directory=directory,
    )  # fmt: skip
    return {"jobId": job.job_id}
