"""The status of a JobCenter. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from zilliz_jobs.api.jobcenter import JobCenterStatus, SourceStatus
from zilliz_jobs.api.jobstatus import MAX_MESSAGE, Condition
from zilliz_jobs.control.objects import Body
from zilliz_jobs.core.conditions import dated, readiness
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.shortening import shortened
from zilliz_jobs.jobcenter.mirroring import Counts
from zilliz_jobs.jobcenter.sources import Told

NEEDS_A_PERSON = frozenset({Reason.INVALID_SPEC, Reason.PROJECT_NOT_NAMED, Reason.PROJECT_NOT_VISIBLE})
"""Reasons that only a person can change. A missing connection is not among them: a GitOps tool may apply it later."""
FINE = frozenset({Reason.LISTED, Reason.SUSPENDED, Reason.CONNECTION_SUSPENDED})
MAX_SOURCES = 100


@dataclass(frozen=True)
class CenterOutcome:
    """The result of one pass over a JobCenter. `counts`, `told`: None where no list was read; `complete`: all lists
    were read to their end."""

    reason: Reason
    message: str
    project_id: str = ""
    counts: Counts | None = None
    told: Sequence[Told] | None = None
    complete: bool = False


def center_status(body: Body) -> JobCenterStatus:
    """The status as it is stored, read leniently."""
    try:
        return JobCenterStatus.model_validate(body.get("status") or {})
    except ValidationError:  # edited by hand; it is written anew
        return JobCenterStatus()


def status_after(body: Body, outcome: CenterOutcome, now: datetime) -> JobCenterStatus:
    """The status for this result; the parts of lists that were not read stay as they were."""
    old, generation = center_status(body), body["metadata"].get("generation") or 1
    new = old.but(
        observed_generation=generation,
        project_id=outcome.project_id or old.project_id,
        reason=str(outcome.reason),
        message=shortened(outcome.message, MAX_MESSAGE),
        conditions=_conditions(old, outcome, generation, now),
    )
    if outcome.counts is not None:
        counts = outcome.counts
        new = new.but(
            jobs=counts.jobs,
            shown=counts.shown,
            running=counts.running,
            failed=counts.failed,
            hidden=counts.hidden,
            last_list_time=now if outcome.complete else old.last_list_time,
        )
    if outcome.told is not None:
        new = new.but(sources=_sources(old, outcome.told))
    return new


def _sources(old: JobCenterStatus, told: Sequence[Told]) -> list[SourceStatus]:
    before = {source.name: source for source in old.sources or []}
    rows = []
    for one in sorted(told, key=lambda t: (not t.remark, t.name))[
        :MAX_SOURCES
    ]:  # lists with a problem are never cut off
        known = before.get(one.name)
        rows.append(
            SourceStatus(
                name=one.name,
                complete=not one.remark,
                rows=one.rows if one.rows is not None else known.rows if known else None,
                calls=one.calls,
                message=shortened(one.remark, MAX_MESSAGE) or None,
            )
        )
    return rows


def _conditions(old: JobCenterStatus, outcome: CenterOutcome, generation: int, now: datetime) -> list[Condition]:
    reason = outcome.reason
    rows = readiness(reason, outcome.message, ready=reason in FINE, needs_a_person=reason in NEEDS_A_PERSON)
    return dated(rows, old.conditions, generation, now)
