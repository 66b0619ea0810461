"""What a job takes from the Kubernetes side before it can be submitted: Secrets that its spec names, and the backup
that another object of the namespace made."""

from __future__ import annotations

from zilliz_jobs.api.backupjob import BACKUP_JOB
from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.core.observation import Waits
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.engine.bodies import Body, Key
from zilliz_jobs.engine.labelled import read_labelled
from zilliz_jobs.kinds.base import AnyKind, BackupSource
from zilliz_jobs.kube.errors import NotFound
from zilliz_jobs.kube.objects import Objects
from zilliz_jobs.kube.secrets import Secrets
from zilliz_jobs.telemetry.logs import conceal


class Inputs:
    def __init__(self, secrets: Secrets, objects: Objects) -> None:
        self._secrets, self._objects = secrets, objects

    async def secrets(self, kind: AnyKind, namespace: str, spec: JobSpec) -> dict[str, str] | Waits:
        """The values by key of all Secrets that the spec names; they are hidden from the log from now on."""
        values: dict[str, str] = {}
        for need in kind.secrets(spec):
            secret, problem = await read_labelled(self._secrets, namespace, need.name)
            if secret is None:
                return problem or Waits(Reason.SECRET_NOT_FOUND, f"cannot read Secret {need.name}")
            found: dict[str, str] = {}
            for key in need.keys:
                try:
                    value = secret.text(key)
                except ValueError as error:
                    return Waits(Reason.SECRET_KEY_MISSING, str(error))
                if value:
                    found[key] = value
                    conceal(value)
            if lack := need.lacks(found):
                return Waits(Reason.SECRET_KEY_MISSING, lack)
            values |= found
        return values

    async def backup(self, job: Key) -> BackupSource | Waits:
        """The backup that the BackupJob made, once it has ended well. Raises KubeError."""
        try:
            body: Body = await self._objects.get(BACKUP_JOB, job.namespace, job.name)
        except NotFound:
            message = f"there is no BackupJob {job.name} in namespace {job.namespace}; create it"
            return Waits(Reason.BACKUP_NOT_READY, message)
        status = body.get("status") or {}
        if status.get("state") != State.SUCCESSFUL:
            message = (
                f"BackupJob {job.name} is {status.get('state') or 'new'}; this job follows when it is Successful"
            )
            return Waits(Reason.BACKUP_NOT_READY, message)
        cluster_id = (body.get("spec") or {}).get("clusterId")
        backup_id = (status.get("result") or {}).get("backupId")
        if not cluster_id or not backup_id:
            message = f"BackupJob {job.name} does not say which backup it made; name clusterId and backupId instead"
            return Waits(Reason.BACKUP_NOT_READY, message)
        return BackupSource(str(cluster_id), str(backup_id))


def backup_key(kind: AnyKind, namespace: str, spec: JobSpec) -> Key | None:
    """The BackupJob that the spec refers to."""
    name = kind.backup_job(spec)
    return Key(BACKUP_JOB.kind, namespace, name) if name else None
