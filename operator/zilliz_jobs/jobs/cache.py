"""The unfinished job objects, as last seen or stored, and which connection each depends on.

Bodies are kept as bytes, which take a tenth of the memory of dicts. Of a finished object only its claims and its
version are kept; by the version a late event of an earlier state is recognised.
"""

from __future__ import annotations

import contextlib
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import NamedTuple

from pydantic import ValidationError

from zilliz_jobs.control.objects import AskedElsewhere, Body, Key, connection_key, key_of, raw_status, slim, status_of
from zilliz_jobs.control.ownership import JobOwnership
from zilliz_jobs.core.read_status import RecordError
from zilliz_jobs.core.snapshot import step_of
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
    """For one event loop; no I/O."""

    def __init__(
        self,
        ownership: JobOwnership,
        kinds: Mapping[str, AnyKind],
        *,
        noted: Callable[[Body], object] = lambda _body: None,
        asked: Callable[[str], AskedElsewhere] = lambda _uid: (None, None),
        inventory: Inventory | None = None,
    ) -> None:
        """`noted`: called with every object, also finished ones; `asked`: the requests on the ProjectJob of an
        object's job, by the object's uid; `inventory` counts the objects."""
        self._ownership, self._kinds, self._noted, self._asked = ownership, kinds, noted, asked
        self._inventory = inventory or Inventory(kinds)
        self._bodies: dict[Key, bytes] = {}
        self._versions: dict[Key, Version] = {}
        self._connection: dict[Key, Key] = {}
        self._dependents: defaultdict[Key, set[Key]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._bodies)

    def unfinished(self) -> list[Key]:
        """The keys of all objects that are kept."""
        return list(self._bodies)

    def body(self, key: Key) -> Body | None:
        """A copy of the object as last seen; None where it is finished or not known."""
        raw = self._bodies.get(key)
        body: Body | None = None if raw is None else json.loads(raw)
        return body

    def dependents(self, connection: Key) -> list[Key]:
        """The unfinished objects that refer to this connection."""
        return list(self._dependents.get(connection, ()))

    def uid(self, key: Key) -> str | None:
        """The uid of the object of this name, finished or not; None where none is known."""
        version = self._versions.get(key)
        return version.uid if version else None

    def version(self, key: Key) -> tuple[str, int]:
        """The uid and the newest known version of the object of this name; 0 where versions are no numbers."""
        known = self._versions.get(key)
        if known is None or not known.resource_version.isdecimal():
            return "", 0
        return known.uid, int(known.resource_version)

    def known(self, kind: str) -> dict[Key, str]:
        """The uids of all objects of the kind, finished ones too, by name."""
        return {key: version.uid for key, version in self._versions.items() if key.kind == kind}

    def distrust(self) -> None:
        """The history of the cluster went back: no known version counts, so every event from now on is newer."""
        self._versions = {key: Version(version.uid, "") for key, version in self._versions.items()}

    def key_of_uid(self, uid: str) -> Key | None:
        """The key of the object with this uid, finished or not. Takes time in proportion to all objects."""
        return next((key for key, version in self._versions.items() if version.uid == uid), None)

    def is_stale(self, body: Body) -> bool:
        """Whether something newer of this name is known: the answer to an own write comes before its event, and the
        event of a replaced object may come after that of its successor.

        Versions are opaque by contract and numbers in fact; where they are not, the event counts, and a write that is
        based on it ends as a Conflict.
        """
        known = self._versions.get(key_of(body))
        with contextlib.suppress(ValueError):
            return known is not None and int(known.resource_version) > int(version_of(body).resource_version)
        return False

    def is_news(self, body: Body) -> bool:
        """Whether an event needs a pass: something that people set has changed, or the object was not known.

        A change of the status alone comes from the operator's own write; an unfinished job has a time for its next
        pass anyway.
        """
        known = self.body(key_of(body))
        return known is None or _asked(known) != _asked(body)

    def remember(self, body: Body, *, certain: bool = False) -> bool:
        """Keep the newer one of `body` and what is known; False where nothing is left to do for the object.
        Idempotent.

        `certain`: it was just read from the API server, so it counts whatever its version (a cluster that was
        restored from a backup goes on with lower versions).
        """
        key = key_of(body)
        if not certain and self.is_stale(body):
            return key in self._bodies
        self.note(body)
        self._versions[key] = version_of(body)
        self._inventory.on_upsert(key, body)
        uid = body["metadata"]["uid"]
        # An end of an earlier attempt than is known is an old copy, and no end.
        if is_settled(body, self._asked(uid)) and not self._ownership.marks.is_earlier(uid, raw_status(body)):
            return False
        self._bodies[key] = json.dumps(slim(body), separators=(",", ":")).encode()
        connection = connection_key(body)
        if self._connection.get(key) != connection:
            self._unlink(key)
            self._connection[key] = connection
            self._dependents[connection].add(key)
        return True

    def note(self, body: Body) -> None:
        """Record what belongs to the object: the ids in its status, and the lock of its open submission, also where
        an earlier process sent that. Does not keep the object. Idempotent."""
        uid = body["metadata"]["uid"]
        self._ownership.on_upsert(uid, body)
        self._noted(body)
        status = raw_status(body)
        record = status.get("submission")
        kind = self._kinds[body["kind"]]
        taken = isinstance(record, dict) and record.get("handle") and not kind.exclusive
        if record is None or taken or status.get("completionTime"):
            return  # the next pass over the object releases its lock
        try:
            spec = kind.resource.spec.model_validate(body.get("spec") or {})
            parsed = status_of(body)
        except ValidationError:
            return
        except RecordError:
            self._ownership.hold(uid, kind.scope(spec), spec)  # nobody can tell that its submission is not open
            return
        if kind.occupies(parsed):
            self._ownership.hold(uid, kind.scope_of(spec, step_of(parsed), record=parsed.submission), spec)

    def drop(self, key: Key) -> None:
        """Nothing is left to do for the object: its body is not kept. Idempotent."""
        self._bodies.pop(key, None)
        self._unlink(key)

    def forget(self, key: Key) -> None:
        """The object is gone. Idempotent."""
        self.drop(key)
        self._versions.pop(key, None)
        self._inventory.forget(key)

    def _unlink(self, key: Key) -> None:
        connection = self._connection.pop(key, None)
        if connection is not None:
            self._dependents[connection].discard(key)
            if not self._dependents[connection]:
                del self._dependents[connection]


def _asked(body: Body) -> tuple[object, ...]:
    meta = slim(body)["metadata"]
    return (
        meta["uid"],
        meta.get("generation"),
        meta.get("deletionTimestamp"),
        meta.get("finalizers") or [],
        meta.get("labels") or {},
        meta.get("annotations") or {},
    )
