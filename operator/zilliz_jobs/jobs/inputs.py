"""What a job needs from Kubernetes before it can be submitted: the Secrets that its spec names, and the backup that a
BackupJob of the namespace made."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

from zilliz_jobs.accounts.apikeys import ApiKeys
from zilliz_jobs.accounts.secret_access import RETRY_SECONDS, read_labelled
from zilliz_jobs.api.backupjob import BACKUP_JOB, BackupMark
from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.control.backupuse import BackupUse
from zilliz_jobs.control.objects import Body, Key
from zilliz_jobs.core.observation import Blocked, Impossible
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.base import AnyKind, BackupSource
from zilliz_jobs.kinds.secretneed import SecretNeed
from zilliz_jobs.kube.errors import KubeError, NotFound
from zilliz_jobs.kube.objects import Objects
from zilliz_jobs.kube.secrets import Secrets
from zilliz_jobs.telemetry.concealed import CONCEALED


@dataclass(frozen=True)
class SecretValues:
    """`values`: those of all Secrets that a spec names, by key. `versions`: by the Secret's name,
    "uid/resourceVersion" of what was read; the same version means the same values."""

    values: dict[str, str] = field(default_factory=dict, repr=False)
    versions: dict[str, str] = field(default_factory=dict)


class Inputs:
    """Reads Secrets and BackupJobs; changes nothing in Kubernetes."""

    def __init__(self, secrets: Secrets, objects: Objects, api_keys: ApiKeys, backup_use: BackupUse) -> None:
        self._secrets, self._objects, self._api_keys = secrets, objects, api_keys
        self._backup_use = backup_use
        self._hidden: set[tuple[str, str]] = set()

    async def secrets(
        self, kind: AnyKind, namespace: str, spec: JobSpec, *, version: str = ""
    ) -> SecretValues | Blocked:
        """The values of all Secrets that the spec names, or why the job must wait. From now on they are concealed in
        everything that the cloud says. `version`: the resourceVersion of the job's object.

        A Secret with the API key of a connection is refused: a person who may write jobs could have the key sent to a
        "source" of their own. So no Secret is read before it is known which entries hold such a key.
        """
        values: dict[str, str] = {}
        versions: dict[str, str] = {}
        if not (needs := kind.secrets(spec)):
            return SecretValues()
        try:
            api_keys = await self._api_keys.of(namespace, since=version)
        except KubeError as error:
            message = f"no Secret is used before all connections of the namespace are known: {error}"
            return Blocked(Reason.CONNECTIONS_NOT_KNOWN, message, RETRY_SECONDS)
        for need in needs:
            if any(entry.is_among(need.name, need.keys) for entry in api_keys):
                message = f"Secret {need.name} holds the API key of a ZillizConnection, which is sent nowhere else"
                return Blocked(Reason.SECRET_HOLDS_API_KEY, f"{message}; name a Secret of its own")
            secret, problem = await read_labelled(self._secrets, namespace, need.name)
            if secret is None:
                return problem or Blocked(Reason.SECRET_NOT_FOUND, f"cannot read Secret {need.name}")
            found: dict[str, str] = {}
            for key in need.keys:
                try:
                    value = secret.text(key)
                except ValueError as error:
                    return Blocked(Reason.SECRET_KEY_MISSING, str(error))
                if value:
                    found[key] = value
                    _hide(namespace, need, key, value)
            self._hidden.add((namespace, need.name))
            if lack := need.lacks(found):
                return Blocked(Reason.SECRET_KEY_MISSING, lack)
            values |= found
            versions[need.name] = f"{secret.uid}/{secret.resource_version}"
        return SecretValues(values, versions)

    async def hide(self, kind: AnyKind, namespace: str, spec: JobSpec) -> bool:
        """For a job that an earlier process submitted: conceal the secrets that it was given before anything that the
        cloud says of it is shown. Reads each Secret once; False where Kubernetes could not be asked for one.
        Idempotent."""
        done = True
        for need in kind.secrets(spec):
            if (namespace, need.name) in self._hidden:
                continue
            secret, problem = await read_labelled(self._secrets, namespace, need.name)
            if problem is None or problem.reason is not Reason.KUBERNETES_UNAVAILABLE:
                self._hidden.add((namespace, need.name))
            else:
                done = False
            for key in need.keys:
                with contextlib.suppress(ValueError):
                    _hide(namespace, need, key, (secret.text(key) if secret else None) or "")
        return done

    def enter(self, uid: str, backup: BackupSource | None) -> Blocked | None:
        """Why the job of this object cannot work on the backup now: it is being deleted. From here on it counts as
        one that reads it. Idempotent."""
        if backup is None or self._backup_use.enter(uid, backup.backup_id):
            return None
        return Blocked(Reason.BACKUP_DELETED, f"backup {backup.backup_id} is being deleted; name another one", 10.0)

    async def backup(self, job: Key) -> BackupSource | Blocked | Impossible:
        """The backup that the BackupJob made, or why the job must wait: it has not succeeded yet. Impossible: the
        operator deleted it. Raises KubeError."""
        try:
            body: Body = await self._objects.get(BACKUP_JOB, job.namespace, job.name)
        except NotFound:
            message = f"there is no BackupJob {job.name} in namespace {job.namespace}; create it"
            return Blocked(Reason.BACKUP_NOT_READY, message)
        status = body.get("status") or {}
        if status.get("state") != State.SUCCESSFUL:
            message = (
                f"BackupJob {job.name} is {status.get('state') or 'new'}; this job follows when it is Successful"
            )
            return Blocked(Reason.BACKUP_NOT_READY, message)
        cluster_id = (body.get("spec") or {}).get("clusterId")
        backup_id = (status.get("result") or {}).get("backupId")
        if (status.get("result") or {}).get("backupState") == BackupMark.DELETED:
            message = (
                f"backup {backup_id} of BackupJob {job.name} was deleted, as its time was over; name another one"
            )
            return Impossible(Reason.BACKUP_DELETED, message)
        if not backup_id and status.get("resultPending"):
            message = f"BackupJob {job.name} is Successful; which backup it made is still asked of the cloud"
            return Blocked(Reason.BACKUP_NOT_READY, message)
        if not cluster_id or not backup_id:
            message = f"BackupJob {job.name} does not say which backup it made; name clusterId and backupId instead"
            return Blocked(Reason.BACKUP_NOT_READY, message)
        return BackupSource(str(cluster_id), str(backup_id))


def _hide(namespace: str, need: SecretNeed, key: str, value: str) -> None:
    """Conceal the value, unless it is a name: that is no secret, and often a common word that texts need."""
    if not need.is_name(key, value):
        CONCEALED.conceal(value, namespace=namespace)


def backup_key(kind: AnyKind, namespace: str, spec: JobSpec) -> Key | None:
    """The BackupJob that the spec refers to; None where it refers to none."""
    name = kind.backup_job(spec)
    return Key(BACKUP_JOB.kind, namespace, name) if name else None
