"""The Job of a run in Kubernetes: made once, given its Secret, started."""

from __future__ import annotations

from zilliz_jobs.core.observation import EffectUnknown, Refused
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.migrations.vts import refusals
from zilliz_jobs.kinds.migrations.vts.manifests import Owner, belongs_to, config_secret, is_owned_by
from zilliz_jobs.kinds.workeraccess import WorkerAccess
from zilliz_jobs.kube.errors import AlreadyExists, Body, Forbidden, Invalid, KubeError


async def read_job(access: WorkerAccess, name: str) -> Body | None:
    """The Job as it is; None where there is none. Raises Transient where Kubernetes cannot be asked."""
    try:
        return await access.workers.get(access.namespace, name)
    except KubeError as error:
        raise refusals.unreadable(error) from error


async def own_job(
    access: WorkerAccess, wanted: Body, owner: Owner, token: str, run: int
) -> Body | Refused | EffectUnknown:
    """Make the Job, or take the one that an earlier send of this very submission made. May be repeated."""
    name = wanted["metadata"]["name"]
    try:
        return await access.workers.create_job(wanted)
    except AlreadyExists:
        pass
    except KubeError as error:
        return refusals.written(error)
    try:
        job = await access.workers.get(access.namespace, name)
    except KubeError as error:
        return EffectUnknown(str(error))
    if job is None or job["metadata"].get("deletionTimestamp"):
        return EffectUnknown(f"Job {name} was there, and somebody deleted it")
    if not belongs_to(job, owner, token, run):
        return Refused(Reason.NAME_TAKEN, f"Job {name} is not of this migration; remove it", heals=True)
    return job


async def started(access: WorkerAccess, job: Body, text: str) -> Refused | EffectUnknown | None:
    """Give the Job its Secret and start it; None where both was done. A Job whose Secret or start is refused is
    removed, as nothing of it has begun."""
    try:
        try:
            await access.workers.create_secret(config_secret(job, text))
        except AlreadyExists:
            secret = await access.workers.get_secret(access.namespace, job["metadata"]["name"])
            if not is_owned_by(secret, job):
                return EffectUnknown(f"Secret {job['metadata']['name']} is of another Job, and about to go with it")
        await access.workers.start(job)
    except (Forbidden, Invalid) as error:
        try:
            await access.workers.delete(job)
        except KubeError as second:
            return EffectUnknown(f"{error}; its Job stays suspended: {second}")
        return refusals.written(error)
    except KubeError as error:
        return EffectUnknown(str(error))
    return None
