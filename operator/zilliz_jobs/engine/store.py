"""The objects that are not finished, as last seen or stored, and who depends on which connection.

Bodies are kept as bytes, which take a tenth of the dicts; a finished object leaves nothing but its claims.
"""

from __future__ import annotations

import contextlib
import json
from collections import defaultdict
from collections.abc import Mapping

from pydantic import ValidationError

from zilliz_jobs.core.snapshot import is_open
from zilliz_jobs.engine.bodies import Body, Key, connection_key, is_settled, key_of, slim, status_of
from zilliz_jobs.engine.registry import Registry
from zilliz_jobs.kinds.base import AnyKind


class ObjectStore:
    """One event loop, no I/O."""

    def __init__(self, registry: Registry, kinds: Mapping[str, AnyKind]) -> None:
        self._registry, self._kinds = registry, kinds
        self._bodies: dict[Key, bytes] = {}
        self._uids: dict[Key, str] = {}
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

    def replaced_uid(self, body: Body) -> str | None:
        """The uid of an earlier object of the same name, if there was one."""
        old = self._uids.get(key_of(body))
        return old if old not in (None, body["metadata"]["uid"]) else None

    def is_news(self, body: Body) -> bool:
        """Whether an event asks for a pass: what people set has changed, or the object is new here.

        A change of the status alone is the echo of our own write; an unfinished job is looked at in its time anyway.
        """
        known = self.body(key_of(body))
        return known is None or _asked(known) != _asked(body)

    def remember(self, body: Body) -> bool:
        """Keep the newest of what is known and `body`; False where nothing is left to do for it."""
        key = key_of(body)
        self.note(body)
        self._uids[key] = body["metadata"]["uid"]
        known = self.body(key)
        if known is not None and _is_newer(known, body):
            return True
        if is_settled(body):
            return False
        self._bodies[key] = json.dumps(slim(body), separators=(",", ":")).encode()
        connection = connection_key(body)
        if self._connection.get(key) != connection:
            self._unlink(key)
            self._connection[key] = connection
            self._dependents[connection].add(key)
        return True

    def note(self, body: Body) -> None:
        """Learn what the object holds: its jobs, and the scope of an open submission of an earlier life."""
        uid = body["metadata"]["uid"]
        self._registry.learn(uid, body)
        status = body.get("status") or {}
        record = status.get("submission")
        if not isinstance(record, dict) or record.get("handle") or status.get("completionTime"):
            return
        kind = self._kinds[body["kind"]]
        try:
            parsed, spec = status_of(body), kind.resource.spec.model_validate(body.get("spec") or {})
        except ValidationError:
            return
        if is_open(parsed):
            self._registry.enter(uid, kind.scope(spec))

    def drop(self, key: Key) -> None:
        """Nothing is left to do for the object."""
        self._bodies.pop(key, None)
        self._unlink(key)

    def forget(self, key: Key) -> None:
        """The object is gone."""
        self.drop(key)
        self._uids.pop(key, None)

    def _unlink(self, key: Key) -> None:
        connection = self._connection.pop(key, None)
        if connection is not None:
            self._dependents[connection].discard(key)
            if not self._dependents[connection]:
                del self._dependents[connection]


def _asked(body: Body) -> tuple[object, ...]:
    meta = body["metadata"]
    annotations = meta.get("annotations") or {}
    return (
        meta["uid"],
        meta.get("generation"),
        meta.get("deletionTimestamp"),
        meta.get("finalizers") or [],
        meta.get("labels") or {},
        {name: value for name, value in annotations.items() if not name.endswith("last-applied-configuration")},
    )


def _is_newer(known: Body, body: Body) -> bool:
    """Whether what is known is newer than what an event brings: our own write may overtake its echo.

    Versions are opaque by contract and numbers in fact; where they are not, the event wins, and a stale write is a
    Conflict.
    """
    if known["metadata"]["uid"] != body["metadata"]["uid"]:
        return False
    with contextlib.suppress(ValueError):
        return int(known["metadata"]["resourceVersion"]) > int(body["metadata"]["resourceVersion"])
    return False
