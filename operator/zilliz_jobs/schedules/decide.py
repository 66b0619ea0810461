"""What is to be done about one JobSchedule: the one pure function of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from zilliz_jobs.schedules.child import Child
from zilliz_jobs.schedules.plan import ChildAnswer, Plan
from zilliz_jobs.schedules.record import Record
from zilliz_jobs.schedules.schedule import Schedule


def decide(
    schedule: Schedule,
    record: Record,
    children: Mapping[str, Child],
    now: datetime,
    *,
    skew: timedelta = timedelta(0),
    gone: frozenset[str] = frozenset(),
) -> Plan:
    """`children`: by name, all job objects that the schedule owns, and those whose names its runs need; every kind
    was listed once before. `now`: the API server's time, in UTC. `skew`: by how much the operator's clock differs.
    `gone`: names of which a read that is newer than `record` says that there is no such object."""
    raise NotImplementedError


def with_answers(record: Record, answers: Iterable[ChildAnswer]) -> Record:
    """The record after the objects of runs were made, or were not. Idempotent."""
    raise NotImplementedError
