"""What a schedule does about the backups of its runs: which ones it counts, looks at and deletes. Pure.

The intent is the row's state Deleting: it is stored before the request leaves, and ends when the cloud proves the
backup gone, or when it is there although no request can be on its way any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from zilliz_jobs.api.backupjob import BACKUP_JOB
from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.core.observation import BackupGone, BackupStays, BackupUnclear
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.shortening import first_of
from zilliz_jobs.schedules.child import Child
from zilliz_jobs.schedules.plan import BackupAnswer, EndBackup, LookAtBackups, News
from zilliz_jobs.schedules.reasons import ScheduleReason
from zilliz_jobs.schedules.record import Record, Run
from zilliz_jobs.schedules.retention import (
    MAX_BACKUPS,
    BackupLook,
    BackupState,
    Group,
    Place,
    Scope,
    TrackedBackup,
    choose,
    fits,
    newest_first,
    with_surplus,
)
from zilliz_jobs.schedules.schedule import Schedule

SETTLE = timedelta(minutes=10)
"""So long after it was asked for, a deletion that did not show has not taken effect, and never will."""
COPYING = timedelta(days=1)
"""So long after its end a backup may be copied to other regions."""

Told = tuple[Record, list[News]]


@dataclass(frozen=True)
class BackupsSeen:
    """What one look at the cloud and at the objects of this Kubernetes cluster found. `read`: by id, what reads the
    backup or waits for it, in words."""

    looks: Mapping[Place, BackupLook] = field(default_factory=dict)
    read: Mapping[str, str] = field(default_factory=dict)


def wanted(schedule: Schedule) -> frozenset[Group]:
    """The entries and scopes of the spec."""
    return frozenset((one.name, Scope.of(one.spec)) for one in schedule.templates if one.kind == BACKUP_JOB.kind)


def with_new(schedule: Schedule, record: Record, before: Sequence[Run], children: Mapping[str, Child]) -> Told:
    """The record with the backups of jobs whose end it tells of for the first time. `before`: its runs until then."""
    if schedule.keep_backups is None:
        return record, []
    ended = {job.name for run in before for job in run.jobs if job.finished}
    known = {row.backup_id for row in record.backups}
    news, lost = list[News](), list[str]()
    for run in record.runs:
        for job in run.jobs:
            child = children.get(job.name)
            if job.name in ended or job.state is not State.SUCCESSFUL or child is None or child.backup is None:
                continue
            made, name = child.backup, child.backup.backup_id
            if not name:
                reason = ScheduleReason.BACKUP_NOT_PROVEN
                news.append(News(reason, f"{child.kind} {child.name}: {reason.help}"))
            elif name not in known and len(record.backups) >= MAX_BACKUPS:
                lost.append(name)
            elif name not in known and child.completed is not None:
                row = TrackedBackup(
                    name, job.entry, made.scope, child.completed, child.name, made.connection, made.copies
                )
                record = record.but(backups=tuple(newest_first([*record.backups, row])))
    if lost:
        reason = ScheduleReason.BACKUPS_NOT_TRACKED
        news.append(News(reason, f"backup {first_of(lost)} does not count: {reason.help}", warning=True))
    return record, news


def without_left(schedule: Schedule, record: Record) -> Told:
    """The record without the backups of entries and scopes that the spec has no more: told once, never deleted."""
    if schedule.keep_backups is None:
        return record, []
    groups, left = wanted(schedule), dict[Group, list[str]]()
    for row in record.backups:
        if row.group not in groups and not row.deleting:
            left.setdefault(row.group, []).append(row.backup_id)
    if not left:
        return record, []
    reason, gone = ScheduleReason.BACKUPS_LEFT, {name for names in left.values() for name in names}
    news = [
        News(reason, f"{entry} ({scope}): {reason.help} They are {first_of(names)}", warning=True)
        for (entry, scope), names in sorted(left.items())
    ]
    return record.but(backups=tuple(row for row in record.backups if row.backup_id not in gone)), news


def look_at(schedule: Schedule, record: Record) -> LookAtBackups | None:
    """The look that must come before anything is deleted, or known of what was asked for; None where there is
    nothing to do."""
    groups, keep = wanted(schedule), schedule.keep_backups
    places = {row.place for row in record.backups if row.deleting}
    if keep is not None and fits(keep, groups):
        surplus = with_surplus(keep, record.backups, groups)
        places |= {row.place for row in record.backups if row.group in surplus}
    if not places:
        return None
    return LookAtBackups(
        {place: frozenset(row.backup_id for row in record.backups if row.place == place) for place in sorted(places)}
    )


def with_looks(
    schedule: Schedule, record: Record, seen: BackupsSeen, now: datetime
) -> tuple[Record, list[EndBackup], list[News]]:
    """The record with the intents to delete, what is to be carried out once it is stored, and what is told."""
    groups, keep = wanted(schedule), schedule.keep_backups or 0
    read = {**seen.read, **_copied(record, now)}
    found = choose(keep, record.backups, seen.looks, groups, frozenset(read))
    surplus = with_surplus(keep, record.backups, groups) if keep else frozenset[Group]()
    going, held = {row.backup_id for row in found.delete}, {row.backup_id for row in found.held}
    rows, actions, news = list[TrackedBackup](), list[EndBackup](), list[News]()
    for row in record.backups:
        look, name = seen.looks.get(row.place), row.backup_id
        if look is None:
            rows.append(row)
        elif look.problem:
            held_up = row.group in surplus
            rows.append(_told(row, ScheduleReason.BACKUP_NOT_DELETED, look.problem, news) if held_up else row)
        elif name in look.gone and row.deleting:
            rows.append(row)
            actions.append(EndBackup(row, again=True, known=BackupGone()))
        elif name in look.gone:
            text = f"backup {name} of {row.entry} ({row.scope}): {ScheduleReason.BACKUP_LOST.help}"
            news.append(News(ScheduleReason.BACKUP_LOST, text, warning=True))
        elif name in going:
            intent = replace(row, state=BackupState.DELETING, asked=now, reason="", message="")
            rows.append(intent)
            actions.append(EndBackup(intent, again=row.deleting))
        elif row.deleting:
            rows.append(row)
            if name in look.available and (row.asked is None or now - row.asked > SETTLE):
                why = read.get(name) or "it is not to go any more"
                actions.append(EndBackup(row, known=BackupStays(Reason.BACKUP_IN_USE, why)))
        elif name in held:
            text = f"{read[name]} reads it, or waits for it"
            rows.append(_told(row, ScheduleReason.BACKUP_IN_USE, text, news))
        else:
            rows.append(replace(row, reason="", message=""))
    return record.but(backups=tuple(rows)), actions, news


def _copied(record: Record, now: datetime) -> dict[str, str]:
    """The backups whose copies in other regions may still be made; nobody tells when they are."""
    young = [row for row in record.backups if row.copies and now - row.completed < COPYING]
    return {row.backup_id: "the job that copies it to another region" for row in young}


def with_backup_answer(record: Record, answered: BackupAnswer) -> Told:
    """The record after a deletion was carried out, or was not. Idempotent."""
    action, news = answered.action, list[News]()
    row = next((one for one in record.backups if one.backup_id == action.backup.backup_id), None)
    if row is None or not row.deleting:
        return record, []
    match answered.answer:
        case BackupGone():
            copies = "; its copies in other regions stay" if row.copies else ""
            text = f"backup {row.backup_id} of {row.entry} ({row.scope}) was deleted{copies}"
            left = tuple(one for one in record.backups if one.backup_id != row.backup_id)
            return record.but(backups=left), [News(ScheduleReason.BACKUP_DELETED, text)]
        case BackupStays(reason, message) if not action.again:
            in_use = reason is Reason.BACKUP_IN_USE
            word = ScheduleReason.BACKUP_IN_USE if in_use else ScheduleReason.BACKUP_NOT_DELETED
            back = replace(row, state=BackupState.AVAILABLE, asked=None)
            later = _told(back, word, message, news)
        case BackupStays(_, message) | BackupUnclear(message):
            later = _told(row, ScheduleReason.BACKUP_NOT_DELETED, message, news)
    rows = tuple(later if one.backup_id == row.backup_id else one for one in record.backups)
    return record.but(backups=rows), news


def overflow(schedule: Schedule) -> str:
    """Why no backup is deleted, where the record has no room for those that are to be kept; else empty."""
    keep = schedule.keep_backups
    full = keep is not None and not fits(keep, wanted(schedule))
    return ScheduleReason.BACKUPS_NOT_TRACKED.help if full else ""


def _told(row: TrackedBackup, reason: ScheduleReason, message: str, news: list[News]) -> TrackedBackup:
    """The row that says why it stays; an event tells it once."""
    if row.reason != reason:
        warning = reason is not ScheduleReason.BACKUP_IN_USE
        news.append(News(reason, f"backup {row.backup_id} of {row.entry} ({row.scope}): {message}", warning=warning))
    return replace(row, reason=str(reason), message=message)
