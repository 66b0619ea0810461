"""A look for a late effect of an earlier send: a further job that fits the submission and belongs to no object."""

from __future__ import annotations

from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.control.jobids import claims_in, ids_in
from zilliz_jobs.control.ownership import JobOwnership
from zilliz_jobs.core.lateeffects import compared_with, looked_for
from zilliz_jobs.core.observation import Found, Handle, LateLook, Look, Undecided, Unreadable
from zilliz_jobs.jobs.rivals import is_contested
from zilliz_jobs.kinds.base import Account, AnyKind


async def late_look(
    ownership: JobOwnership, kind: AnyKind, account: Account, spec: JobSpec, status: JobStatus, uid: str
) -> LateLook:
    """Look once; claims nothing and changes nothing. `ownership` must know every object. While another object has a
    submission open that may have caused what is found, the look is incomplete: a later one knows whose job it is."""
    own = _own(status)
    names = {*own.values(), *ids_in(status.wire())}

    def free(name: str) -> bool:
        return name not in names and ownership.is_unclaimed(uid, name)

    compared = compared_with(status)
    look = await kind.look(account, spec, compared, free)
    found = [ids for handle in _shown(look) if (ids := _another(handle, own, names))]
    if isinstance(look, Unreadable):
        return LateLook(complete=False)
    if found:
        lock = kind.lock_of(spec, compared.step, record=compared)
        if is_contested(kind, spec, ownership.rivals(uid, lock)):
            return LateLook(complete=False)
    return LateLook(tuple(ids for ids in found if all(free(name) for name in ids)))


def _own(status: JobStatus) -> Handle:
    """The ids of the object's own job; that of its backup may be in the result only."""
    backup = (status.result or {}).get("backupId")
    return ({"backupId": backup} if isinstance(backup, str) else {}) | looked_for(status)


def _shown(look: Look) -> tuple[Handle, ...]:
    match look:
        case Found(handle):
            return (handle,)
        case Undecided(candidates=handles):
            return handles
        case _:
            return ()


def _another(handle: Handle, own: Handle, names: set[str]) -> tuple[str, ...]:
    """The ids of what was found, if it is another job than the object's own. Where the two have no sort of id in
    common, it may be the same job. A state that is as wanted, or a place, is no second job."""
    ids = tuple(str(name) for name in claims_in(handle))
    if not ids or not names.isdisjoint(ids) or handle.keys().isdisjoint(own):
        return ()
    return ids
