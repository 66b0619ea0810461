"""Whether only those backups were deleted that were to go, and whether each that was to go did or says why not. Pure.

Judged by the cloud's ledger: what is deleted cannot be made again, so no word of an object excuses it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tools.chaos.keeping import BACKUP, KEPT, PLURAL, RUN, SET_BACK, Keeper, is_held, surplus
from tools.chaos.steps import Intent

Body = dict[str, Any]
BACKUPS, CLONES = "backupjobs", "clonecollectionjobs"
ANSWERED = "Answered"
ENDS = ("SUCCESSFUL", "FAILED", "CANCELED")
IN_FLIGHT = timedelta(seconds=60)
"""So long after its intent a deletion may leave, whatever became of the object meanwhile."""


@dataclass(frozen=True)
class BackupEvidence:
    """All that the verdict rests on. `jobs`: the cloud's jobs, by id; `evidence`: by the backup's id, what the record
    of its submission rests on; `over_since`: by the BackupJob's name, from which line of the ledger on the time of
    its backup was over; `gone`: when a schedule was gone that somebody deleted; `told`: what events say of a
    schedule; `now`: at the end."""

    ledger: tuple[Body, ...] = ()
    jobs: dict[str, Body] = field(default_factory=dict)
    intents: dict[str, Intent] = field(default_factory=dict)
    keepers: tuple[Keeper, ...] = ()
    evidence: dict[str, str] = field(default_factory=dict)
    over_since: dict[str, int] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)
    objects: dict[tuple[str, str], Body] = field(default_factory=dict)
    told: dict[str, list[str]] = field(default_factory=dict)
    now: datetime = datetime.max
    set_back: bool = False


@dataclass(frozen=True)
class Backup:
    """One that our operator had made. `seq`: the line of the ledger; `maker`: whose object had it made."""

    backup_id: str
    job_id: str
    seq: int
    maker: Intent | None


def deletions(seen: BackupEvidence) -> list[Body]:
    """Those of our operator that took effect."""
    return [e for e in seen.ledger if e["event"] == "effect" and e["kind"] == "delete" and e["client"] == "api"]


def wrong_deletions(seen: BackupEvidence) -> list[str]:
    """Each deletion that should not have been, and why."""
    made = _made(seen)
    times = Counter(entry["target"].get("backupId", "") for entry in deletions(seen))
    found = [f"{name}: deleted {count} times" for name, count in sorted(times.items()) if count > 1]
    for entry in deletions(seen):
        name = entry["target"].get("backupId", "")
        why = [
            _not_due(seen, entry, made.get(name), made.values()),
            _read(seen, entry),
            _after_end(seen, entry, made),
        ]
        found += [f"{name}: {one}" for one in why if one]
    return found


def was_deleted(seen: BackupEvidence, source: Body) -> bool:
    """Whether the backup went that `source`, the `spec.backup` of a restore or an export, names."""
    name = (source.get("backupJobRef") or {}).get("name")
    ours = {one.backup_id for one in _made(seen).values() if one.maker is not None and one.maker.name == name}
    gone = {entry["target"].get("backupId") for entry in deletions(seen)}
    return bool(gone & (ours | {source.get("backupId")}))


def unexplained(seen: BackupEvidence) -> list[str]:
    """Each backup that is to go, is there, and of which nobody says why; and each of which it is said falsely that it
    is deleted."""
    gone = {entry["target"].get("backupId", "") for entry in deletions(seen)}
    found = []
    for (plural, name), body in sorted(seen.objects.items()):
        result = (body.get("status") or {}).get("result") or {}
        if plural != BACKUPS:
            continue
        if result.get("backupState") == "Deleted" and result.get("backupId") not in gone:
            found.append(f"{name}: it says that its backup is deleted, and that is there")
        if not is_explained(body, seen.now):
            found.append(f"{name}: the time of its backup is over, and nothing says why it is there")
    for keeper in seen.keepers:
        body = seen.objects.get((PLURAL, keeper.name)) or {}
        if body and not keeper.parts:
            found += [f"{keeper.name}: {one}" for one in _kept_too_long(seen, keeper, body.get("status") or {}, gone)]
    return found


def open_runs(seen: BackupEvidence) -> list[str]:
    """Each run that was asked for and is not over, or has no answer; each schedule that does not go."""
    found = []
    for keeper in seen.keepers:
        body = seen.objects.get((PLURAL, keeper.name))
        if body is None or (seen.set_back and is_held(keeper, seen.objects)):
            continue
        status, asked = body.get("status") or {}, (body["metadata"].get("annotations") or {}).get(RUN)
        if keeper.parts:
            found.append(f"{keeper.name}: it was deleted with its {keeper.parts}, and is there")
        elif asked and (status.get("run") or {}).get("token") != asked:
            found.append(f"{keeper.name}: run {asked} has no answer")
        elif status.get("active"):
            found.append(f"{keeper.name}: run {asked} is not over")
    return found


def is_explained(body: Body | None, now: datetime) -> bool:
    """Whether a BackupJob whose backup is to go by now says that it is gone, or why it stays."""
    status = (body or {}).get("status") or {}
    result, ends = status.get("result") or {}, ends_at(body)
    if result.get("backupState") == "Deleted" or result.get("backupMessage"):
        return True
    return result.get("backupState") != "Deleting" and (ends is None or ends > now)


def ends_at(body: Body | None) -> datetime | None:
    """When the backup of this BackupJob is to go; None where it is not, or is not proven its own."""
    spec, status = (body or {}).get("spec") or {}, (body or {}).get("status") or {}
    record = status.get("submission") or {}
    seconds, proven = spec.get("backupTTLSeconds"), record.get("evidence") == ANSWERED
    if seconds is None or not proven or status.get("state") != "Successful" or status.get("reason") == SET_BACK:
        return None
    told = [c.get("lastTransitionTime") for c in status.get("conditions") or [] if c.get("type") == "Finished"]
    ended = max(datetime.fromisoformat(one) for one in (status.get("completionTime"), *told) if one)
    return ended + timedelta(seconds=seconds)


def _made(seen: BackupEvidence) -> dict[str, Backup]:
    """By id, in the order in which they were begun."""
    rows = [e for e in seen.ledger if (e["event"], e["route"], e["client"]) == ("effect", "backup.create", "api")]
    found = [
        Backup(e["target"].get("backupId", ""), e["jobId"], e["seq"], seen.intents.get(e["token"])) for e in rows
    ]
    return {one.backup_id: one for one in found}


def _not_due(seen: BackupEvidence, entry: Body, backup: Backup | None, every: Iterable[Backup]) -> str:
    """Why this deletion was not one that somebody wanted; empty where it was."""
    if backup is None or backup.maker is None:
        return "deleted, and no object of ours had it made"
    maker = backup.maker
    if maker.plural == CLONES:
        return ""  # a clone cleans up after itself
    if seen.evidence.get(backup.backup_id, ANSWERED) != ANSWERED:
        return f"deleted, and it is not proven to be that of {maker.name}"
    keeper = keeper_of(seen.keepers, maker.name)
    if keeper is None:
        since = seen.over_since.get(maker.name)
        if since is None or entry["seq"] <= since:
            return f"deleted, and the time of {maker.name} was not over"
        return ""
    newer = [
        one
        for one in every
        if one.seq > backup.seq
        and one.maker is not None
        and keeper_of(seen.keepers, one.maker.name) is keeper
        and seen.evidence.get(one.backup_id, ANSWERED) == ANSWERED
        and _succeeded_by(seen, one, entry["time"])
        and not any(d["target"].get("backupId") == one.backup_id and d["seq"] < entry["seq"] for d in deletions(seen))
    ]
    if len(newer) < KEPT:
        return f"deleted, and of {keeper.name} only {len(newer)} newer ones were there"
    return ""


def _succeeded_by(seen: BackupEvidence, backup: Backup, time: str) -> bool:
    job = seen.jobs.get(backup.job_id) or {}
    return job.get("status") == "SUCCESSFUL" and str(job.get("endTime")) <= time


def _read(seen: BackupEvidence, entry: Body) -> str:
    """Which restore or export was at work on it."""
    for one in seen.ledger:
        reads = (
            one["event"] == "effect" and one["kind"] == "submit" and one["route"].startswith(("restore.", "export."))
        )
        if not reads or one["seq"] > entry["seq"] or one["target"].get("backupId") != entry["target"].get("backupId"):
            continue
        job = seen.jobs.get(one["jobId"]) or {}
        if job.get("status") not in ENDS or str(job.get("endTime")) > entry["time"]:
            return f"deleted, and {one['jobId']} was reading it"
    return ""


def _after_end(seen: BackupEvidence, entry: Body, made: dict[str, Backup]) -> str:
    """Whose deletion it followed. What was due before may still have been on its way."""
    backup = made.get(entry["target"].get("backupId", ""))
    keeper = keeper_of(seen.keepers, backup.maker.name) if backup and backup.maker else None
    went = seen.gone.get(keeper.name) if keeper else None
    if went and datetime.fromisoformat(entry["time"]) > datetime.fromisoformat(went) + IN_FLIGHT:
        return f"deleted after its schedule {keeper.name if keeper else ''} was"
    return ""


def keeper_of(keepers: Iterable[Keeper], name: str) -> Keeper | None:
    """The schedule whose run made the BackupJob of this name."""
    return next((one for one in keepers if name.startswith(f"{one.name}-r") and name.endswith(f"-{BACKUP}")), None)


def _kept_too_long(seen: BackupEvidence, keeper: Keeper, status: Body, gone: set[str]) -> list[str]:
    found = [f"{row['backupId']} is to go, and nothing says why it is there" for row in surplus(status)]
    rows = {row.get("backupId") for row in status.get("backups") or []}
    ours = [
        one
        for one in _made(seen).values()
        if one.maker is not None
        and keeper_of(seen.keepers, one.maker.name) is keeper
        and seen.evidence.get(one.backup_id) == ANSWERED
        and (seen.jobs.get(one.job_id) or {}).get("status") == "SUCCESSFUL"
        and one.backup_id not in gone
    ]
    if seen.set_back:
        return found  # what the schedule knew of them may have been lost with etcd
    told = " ".join(seen.told.get(keeper.name, []))
    lost = [one for one in ours[:-KEPT] if one.backup_id not in rows]
    return found + [
        f"{one.backup_id} is to go, and the schedule does not know of it"
        for one in lost
        if one.backup_id not in told and one.maker is not None and one.maker.name not in told
    ]
