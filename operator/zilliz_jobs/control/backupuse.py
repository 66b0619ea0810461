"""Which backups are read, or waited for, and which are being deleted: one table for both, so that never both happen.

An object that refers to a backup is known here before its job begins, and asks here before it is submitted. A
deletion is known here before its intent is stored, and asks here just before its request leaves. Both run on one
event loop, so whoever comes second sees the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from zilliz_jobs.api.backupjob import BACKUP_JOB, BackupMark
from zilliz_jobs.control.joblistener import JobListener
from zilliz_jobs.control.objects import Body, Key, key_of, raw_status

DEPARTED_SECONDS = 86_400.0
"""For so long the job of a deleted object counts as one that reads its backup, as nobody tells when it ends."""
MAX_DEPARTED = 1_000


@dataclass(frozen=True)
class Reader:
    """An unfinished object that refers to backups: by their ids, or by the BackupJob that it names."""

    key: Key
    ids: frozenset[str]
    job: Key | None = None
    began: bool = False
    """Whether its job was submitted, or may have been."""

    def reads(self, backup_id: str, job: Key | None) -> bool:
        """`job`: the BackupJob that made the backup."""
        return backup_id in self.ids or (job is not None and job == self.job)


class BackupUse(JobListener):
    """Tables in memory. `clock`: seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._readers: dict[str, Reader] = {}
        self._entered: dict[str, str] = {}
        self._departed: list[tuple[float, Reader]] = []
        self._ending: dict[str, frozenset[str]] = {}
        """By the uid of a schedule or BackupJob: the ids whose deletion is intended."""
        self._held: set[str] = set()

    # -- what the objects tell

    def on_seen(self, body: Body) -> None:
        uid, status = body["metadata"]["uid"], raw_status(body)
        self.intended(uid, _marked(status))
        reader = _reader(body)
        if reader is None or status.get("completionTime"):
            self._readers.pop(uid, None)
            self._entered.pop(uid, None)
        else:
            self._readers[uid] = reader

    async def on_stored(self, body: Body) -> None:
        self.on_seen(body)

    def on_gone(self, uid: str) -> None:
        reader = self._readers.pop(uid, None)
        name = self._entered.pop(uid, None)
        if reader is not None and reader.began:
            ids = reader.ids | ({name} if name else frozenset())
            self._departed.append((self._clock(), Reader(reader.key, ids, reader.job, began=True)))
            del self._departed[:-MAX_DEPARTED]
        self.dropped(uid)

    def intended(self, uid: str, backup_ids: Iterable[str]) -> None:
        """The stored status of this schedule, or BackupJob, intends to delete these. Idempotent. Changes nothing
        while a pass over that object holds more."""
        if uid in self._held:
            return
        if ids := frozenset(backup_ids):
            self._ending[uid] = ids
        else:
            self._ending.pop(uid, None)

    def recall(self, body: Body) -> None:
        """A JobSchedule was listed, perhaps a while ago: what it intends counts, and what it does not intend says
        nothing. Idempotent."""
        if ids := intents_in(raw_status(body)):
            uid = body["metadata"]["uid"]
            self._ending[uid] = self._ending.get(uid, frozenset()) | frozenset(ids)

    def dropped(self, uid: str) -> None:
        """The schedule, or BackupJob, is gone: nothing is deleted for it any more. Idempotent."""
        if uid not in self._held:
            self._ending.pop(uid, None)

    # -- for who keeps objects

    @property
    def named_jobs(self) -> frozenset[Key]:
        """The BackupJobs that unfinished objects name as their backup."""
        return frozenset(reader.job for reader in self._readers.values() if reader.job is not None)

    # -- for who reads

    def enter(self, uid: str, backup_id: str) -> bool:
        """The object is about to have its job read this backup; False while the backup is being deleted. The object
        counts as a reader from now on until it has ended. Idempotent."""
        if any(backup_id in ids for ids in self._ending.values()):
            return False
        self._entered[uid] = backup_id
        return True

    # -- for who deletes

    def hold(self, uid: str, backup_ids: Iterable[str]) -> None:
        """A pass over this object is about to store that it intends to delete these; until `release` events change
        nothing of that. Idempotent."""
        self._ending[uid] = self._ending.get(uid, frozenset()) | frozenset(backup_ids)
        self._held.add(uid)

    def release(self, uid: str, backup_ids: Iterable[str] | None) -> None:
        """The pass is over, and these stay intended; None where nobody knows what is stored. Idempotent."""
        self._held.discard(uid)
        if backup_ids is not None:
            self.intended(uid, backup_ids)

    def reader_of(self, backup_id: str, job: Key | None = None) -> str:
        """An object that reads the backup, or waits for it, in words; empty where none is known. `job`: the BackupJob
        that made it."""
        for uid, reader in self._readers.items():
            if reader.reads(backup_id, job) or self._entered.get(uid) == backup_id:
                return str(reader.key)
        if backup_id in self._entered.values():
            return "a job that is being submitted"
        now = self._clock()
        self._departed = [row for row in self._departed if now - row[0] < DEPARTED_SECONDS]
        gone = next((one for _, one in self._departed if one.reads(backup_id, job)), None)
        return f"the job of {gone.key}, which was deleted," if gone else ""


def _reader(body: Body) -> Reader | None:
    spec, status = body.get("spec"), raw_status(body)
    ref = spec.get("backup") if isinstance(spec, dict) else None
    ref = ref if isinstance(ref, dict) else {}
    ids = {str(ref["backupId"])} if ref.get("backupId") else set[str]()
    named = ref.get("backupJobRef")
    name = named.get("name") if isinstance(named, dict) else None
    submission = status.get("submission")
    baseline = submission.get("baseline") if isinstance(submission, dict) else None
    recorded: Any = baseline.get("backup") if isinstance(baseline, dict) else None
    if isinstance(recorded, list) and len(recorded) == 2:
        ids.add(str(recorded[1]))
    if not ids and not name:
        return None
    key = key_of(body)
    job = Key(BACKUP_JOB.kind, key.namespace, str(name)) if name else None
    return Reader(key, frozenset(ids), job, began=isinstance(submission, dict))


def intents_in(status: Body) -> list[str]:
    """The backups that the status of a JobSchedule intends to delete. Pure."""
    rows = status.get("backups")
    rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [str(row["backupId"]) for row in rows if row.get("backupId") and row.get("state") == BackupMark.DELETING]


def _marked(status: Body) -> list[str]:
    result = status.get("result")
    result = result if isinstance(result, dict) else {}
    name = result.get("backupId")
    # A schedule's intent is in its own record; only a BackupJob's own has a time.
    own = result.get("backupState") == BackupMark.DELETING and result.get("deletionTime")
    return [str(name)] if name and own else []
