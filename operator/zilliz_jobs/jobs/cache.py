"""The objects that are not finished, as last seen or stored, and who depends on which connection.

Bodies are kept as bytes, which take a tenth of the dicts; a finished object leaves nothing but its claims and its
version, by which a late echo of an earlier one is told.
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
    """Which object of a name, and which state of it."""

    uid: str
    resource_version: str


def version_of(body: Body) -> Version:
    meta = body["metadata"]
    return Version(meta["uid"], meta.get("resourceVersion") or "")


class JobCache:
    """One event loop, no I/O."""

    def __init__(
        self,
        registry: JobOwnership,
        kinds: Mapping[str, AnyKind],
        *,
        noted: Callable[[Body], object] = lambda _body: None,
        asked: Callable[[str], AskedElsewhere] = lambda _uid: (None, None),
        inventory: Inventory | None = None,
    ) -> None:
        """`noted` hears of every object, finished ones too; `asked`: what the row of an object's job asks for;
        `tally` counts them."""
        self._registry, self._kinds, self._noted, self._asked = registry, kinds, noted, asked
        self._inventory = inventory or Inventory(kinds)
        self._bodies: dict[Key, bytes] = {}
        self._versions: dict[Key, Version] = {}
        self._connection: dict[Key, Key] = {}
        self._dependents: defaultdict[Key, set[Key]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._bodies)

    def unfinished(self) -> list[Key]:
        return list(self._bodies)

    def body(self, key: Key) -> Body | None:
        raw = self._bodies.get(key)
        body: Body | None = None if raw is None else json.loads(raw)
        return body

    def dependents(self, connection: Key) -> list[Key]:
        return list(self._dependents.get(connection, ()))

    def uid(self, key: Key) -> str | None:
        """The uid of the object of this name, as far as is known."""
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
        """The history of the cluster went back: whatever is told from now on is newer than what is known."""
        self._versions = {key: Version(version.uid, "") for key, version in self._versions.items()}

    def key_of_uid(self, uid: str) -> Key | None:
        """The name of an object that is known, finished or not. Looks at all of them."""
        return next((key for key, version in self._versions.items() if version.uid == uid), None)

    def is_stale(self, body: Body) -> bool:
        """Whether something newer of this name is known: our own writes overtake their echo, and a replaced object
        may be told of after its successor.

        Versions are opaque by contract and numbers in fact; where they are not, the event wins, and a stale write is
        a Conflict.
        """
        known = self._versions.get(key_of(body))
        with contextlib.suppress(ValueError):
            return known is not None and int(known.resource_version) > int(version_of(body).resource_version)
        return False

    def is_news(self, body: Body) -> bool:
        """Whether an event asks for a pass: what people set has changed, or the object is new here.

        A change of the status alone is the echo of our own write; an unfinished job is looked at in its time anyway.
        """
        known = self.body(key_of(body))
        return known is None or _asked(known) != _asked(body)

    def remember(self, body: Body, *, certain: bool = False) -> bool:
        """Keep the newest of what is known and `body`; False where nothing is left to do for it.

        `certain`: it was read from the API server this moment, so it counts whatever its version (a cluster that was
        restored from a backup begins again with lower ones).
        """
        key = key_of(body)
        if not certain and self.is_stale(body):
            return key in self._bodies
        self.note(body)
        self._versions[key] = version_of(body)
        self._inventory.on_upsert(key, body)
        uid = body["metadata"]["uid"]
        # An end of an earlier attempt than is known is an old copy, and no end.
        if is_settled(body, self._asked(uid)) and not self._registry.marks.is_earlier(uid, raw_status(body)):
            return False
        self._bodies[key] = json.dumps(slim(body), separators=(",", ":")).encode()
        connection = connection_key(body)
        if self._connection.get(key) != connection:
            self._unlink(key)
            self._connection[key] = connection
            self._dependents[connection].add(key)
        return True

    def note(self, body: Body) -> None:
        """Learn what the object holds: its jobs, and the scope that it took in an earlier life."""
        uid = body["metadata"]["uid"]
        self._registry.on_upsert(uid, body)
        self._noted(body)
        status = raw_status(body)
        record = status.get("submission")
        kind = self._kinds[body["kind"]]
        taken = isinstance(record, dict) and record.get("handle") and not kind.exclusive
        if record is None or taken or status.get("completionTime"):
            return  # whoever works on the object leaves its scope
        try:
            spec = kind.resource.spec.model_validate(body.get("spec") or {})
            parsed = status_of(body)
        except ValidationError:
            return
        except RecordError:
            self._registry.hold(uid, kind.scope(spec), spec)  # it may be open for all that can be told
            return
        if kind.occupies(parsed):
            self._registry.hold(uid, kind.scope_of(spec, step_of(parsed), record=parsed.submission), spec)

    def drop(self, key: Key) -> None:
        """Nothing is left to do for the object."""
        self._bodies.pop(key, None)
        self._unlink(key)

    def forget(self, key: Key) -> None:
        """The object is gone."""
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
