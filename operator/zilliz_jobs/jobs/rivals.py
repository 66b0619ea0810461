"""Whether a job that was found by inference may belong to another object, whose own job is not known either."""

from __future__ import annotations

from collections.abc import Sequence

from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.control.ownership import Rival
from zilliz_jobs.core import observation as seen_
from zilliz_jobs.kinds.base import AnyKind


def is_contested(kind: AnyKind, spec: JobSpec, rivals: Sequence[Rival]) -> bool:
    """Whether what looks like the job of `spec` may be that of another object as well. Pure."""
    return any(rival.wanted is None or kind.could_be_of(spec, rival.wanted, gone=rival.gone) for rival in rivals)


def alone(kind: AnyKind, spec: JobSpec, rivals: Sequence[Rival], found: seen_.Found) -> seen_.Look:
    """What was found; `Undecided` where it may be the job of another object as well. Pure."""
    if found.as_wanted:
        rivals = [rival for rival in rivals if not rival.gone]
    if not is_contested(kind, spec, rivals):
        return found
    name = found.handle.get("jobId") or next(iter(found.handle.values()), "what was found")
    return seen_.Undecided(
        f"{name} could be it, or the job of another object of the same target, whose submission is open too, or was "
        "when the object was deleted"
    )
