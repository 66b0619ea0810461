"""The job objects, as last seen or stored, and which connection each unfinished one depends on.

Of a finished object only its claims and its version are kept; by the version a late event of an earlier state is
recognised.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pydantic import ValidationError

from zilliz_jobs.api.jsonbytes import packed
from zilliz_jobs.control.joblistener import JobListeners
from zilliz_jobs.control.objects import Body, Key, connection_key, key_of, raw_status, slim, status_of
from zilliz_jobs.control.ownership import JobOwnership
from zilliz_jobs.core.read_status import RecordError
from zilliz_jobs.core.snapshot import step_of
from zilliz_jobs.jobs.entry import JobEntry
from zilliz_jobs.jobs.inventory import Inventory
from zilliz_jobs.jobs.snapshots import is_settled
from zilliz_jobs.kinds.base import AnyKind


class Version(NamedTuple):
    """Identifies a state of an object: metadata.uid and metadata.resourceVersion."""

    uid: str
    resource_version: str


def version_of(body: Body) -> Version:
    """The version of this state of the object."""
    meta = body["metadata"]
    return Version(meta["uid"], meta.get("resourceVersion") or "")


class JobCache:
    """One `JobEntry` for each object; for one event loop, no I/O."""

    def __init__(
        self,
        ownership: JobOwnership,
        kinds: Mapping[str, AnyKind],
        *,
        inventory: Inventory | None = None,
    ) -> None:
        """`inventory` counts the objects."""
        self._ownership, self._kinds = ownership, kinds
        self.listeners = JobListeners()
        self._inventory = inventory or Inventory(kinds)
        self.histories = 0
        """How often the history of the cluster went back. What was read before the last time may be of versions that
        are no more, or that mean something else now."""
        self._entries: dict[Key, JobEntry] = {}
        self._dependents: defaultdict[Key, dict[JobEntry, None]] = defaultdict(dict)

    def __len__(self) -> int:
        return sum(entry.is_unfinished for entry in self)

    def __iter__(self) -> Iterator[JobEntry]:
        """All objects, finished ones too."""
        return iter(list(self._entries.values()))

    def get(self, key: Key) -> JobEntry | None:
        """The entry of the object of this name, finished or not; None where none is known."""
        return self._entries.get(key)

    def by_uid(self, uid: str) -> JobEntry | None:
        """The entry of the object with this uid, finished or not; None where none is known. Takes time in proportion
        to all objects."""
        return next((entry for entry in self._entries.values() if entry.uid == uid), None)

    def has(self, entry: JobEntry) -> bool:
        """Whether the object is still there, as far as is known: not gone, nor replaced by another one of its
        name."""
        return self._entries.get(entry.key) is entry

    def unfinished(self) -> list[Key]:
        """The keys of all objects for which something is left to do."""
        return [entry.key for entry in self if entry.is_unfinished]

    def body(self, key: Key) -> Body | None:
        """A copy of the object as last seen; None where it is finished or not known."""
        entry = self._entries.get(key)
        return entry.body() if entry else None

    def dependents(self, connection: Key) -> list[Key]:
        """The unfinished objects that refer to this connection."""
        return [entry.key for entry in self._dependents.get(connection, ())]

    def uid(self, key: Key) -> str | None:
        """The uid of the object of this name, finished or not; None where none is known."""
        entry = self._entries.get(key)
        return entry.uid if entry else None

    def version(self, key: Key) -> tuple[str, int]:
        """The uid and the newest known version of the object of this name; 0 where versions are no numbers."""
        entry = self._entries.get(key)
        if entry is None or not entry.version.isdecimal():
            return "", 0
        return entry.uid, int(entry.version)

    def known(self, kind: str) -> dict[Key, str]:
        """The uids of all objects of the kind, finished ones too, by name."""
        return {entry.key: entry.uid for entry in self if entry.key.kind == kind}

    def distrust(self) -> None:
        """The history of the cluster went back: no known version counts, so every event from now on is newer."""
        self.histories += 1
        for entry in self:
            entry.version, entry.as_written, entry.searched = "", None, None

    def is_stale(self, body: Body) -> bool:
        """Whether something newer of this name is known: the answer to an own write comes before its event, and the
        event of a replaced object may come after that of its successor.

        Versions are opaque by contract and numbers in fact; where they are not, the event counts, and a write that is
        based on it ends as a Conflict.
        """
        known = self._entries.get(key_of(body))
        with contextlib.suppress(ValueError):
            return known is not None and int(known.version) > int(version_of(body).resource_version)
        return False

    def is_news(self, body: Body) -> bool:
        """Whether an event needs a pass: something that people set has changed, or the object was not known.

        A change of the status alone comes from the operator's own write; an unfinished job has a time for its next
        pass anyway.
        """
        known = self.body(key_of(body))
        return known is None or _set_by_people(known) != _set_by_people(body)

    def holds(self, entry: JobEntry, body: Body) -> bool:
        """Whether this is the object as it is kept already, so that there is nothing to learn of it. Cheap."""
        return entry.is_at(version_of(body)) and entry.raw == _raw(body)

    def remember(self, body: Body, *, certain: bool = False, same: bool = False) -> bool:
        """Keep the newer one of `body` and what is known; False where nothing is left to do for the object.
        Idempotent.

        `certain`: it was just read from the API server, so it counts whatever its version (a cluster that was
        restored from a backup goes on with lower versions). `same`: it is what `body` gave out, unless the cache has
        something newer by now.
        """
        key, version = key_of(body), version_of(body)
        entry = self._entries.get(key)
        if entry is not None and not certain and self.is_stale(body):
            return entry.is_unfinished
        self.note(body)
        if entry is None or entry.uid != version.uid:
            entry = self._begin(key, version.uid)
        if same and entry.is_at(version):
            return not self._is_over(entry, body)
        entry.version = version.resource_version
        self._inventory.on_upsert(entry, body)
        if self._is_over(entry, body):
            return False
        entry.raw = _raw(body)
        connection = connection_key(body)
        if entry.connection != connection:
            self._unlink(entry)
            entry.connection = connection
            self._dependents[connection][entry] = None
        return True

    def _is_over(self, entry: JobEntry, body: Body) -> bool:
        """Whether nothing is left to do. An end of an earlier attempt than is known is an old copy, and no end."""
        return is_settled(body, entry.asked) and not self._ownership.is_earlier(entry.uid, raw_status(body))

    def note(self, body: Body) -> None:
        """Record what belongs to the object: the ids in its status, and the lock of its open submission, also where
        an earlier process sent that. Does not keep the object. Idempotent."""
        uid = body["metadata"]["uid"]
        self._ownership.on_upsert(uid, body)
        self.listeners.on_seen(body)
        status = raw_status(body)
        record = status.get("submission")
        kind = self._kinds[body["kind"]]
        taken = isinstance(record, dict) and record.get("handle") and not (kind.exclusive or kind.keeps_lock)
        if record is None or taken or status.get("completionTime"):
            return  # the next pass over the object releases its lock
        try:
            spec = kind.resource.spec.model_validate(body.get("spec") or {})
            parsed = status_of(body)
        except ValidationError:
            return
        except RecordError:
            self._ownership.hold(
                uid, kind.submission_lock(spec), spec
            )  # nobody can tell that its submission is not open
            return
        if kind.occupies(parsed):
            self._ownership.hold(uid, kind.lock_of(spec, step_of(parsed), record=parsed.submission), spec)

    def settle(self, entry: JobEntry) -> None:
        """Nothing is left to do for the object: its body is not kept, nor what only a pass needs. Idempotent."""
        self._unlink(entry)
        entry.settle()

    def remove(self, entry: JobEntry) -> None:
        """The object is gone, and everything that was kept of it with its entry. Idempotent; another object that has
        the name by now stays."""
        self.settle(entry)
        self._inventory.forget(entry)
        entry.unstored = entry.cancel_answer = None
        if self._entries.get(entry.key) is entry:
            del self._entries[entry.key]

    def _begin(self, key: Key, uid: str) -> JobEntry:
        if (replaced := self._entries.get(key)) is not None:
            self.remove(replaced)
        entry = self._entries[key] = JobEntry(key, uid, self._kinds[key.kind])
        return entry

    def _unlink(self, entry: JobEntry) -> None:
        if entry.connection is not None:
            self._dependents[entry.connection].pop(entry, None)
            if not self._dependents[entry.connection]:
                del self._dependents[entry.connection]
        entry.connection = None


def _raw(body: Body) -> bytes:
    return packed(slim(body))


def _set_by_people(body: Body) -> tuple[object, ...]:
    meta = slim(body)["metadata"]
    return (
        meta["uid"],
        meta.get("generation"),
        meta.get("deletionTimestamp"),
        meta.get("finalizers") or [],
        meta.get("labels") or {},
        meta.get("annotations") or {},
    )
