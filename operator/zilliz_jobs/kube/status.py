"""Writing a status: the one place where two writers could lose work of each other, so each write has a precondition.

`write` takes part in optimistic locking. `write_handle` must not be stopped by a foreign change of the object, a
label say, because what it stores exists nowhere else; it insists on the submission record instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zilliz_jobs.api.resource import Resource
from zilliz_jobs.kube.client import FIELD_MANAGER, JSON_PATCH, MERGE_PATCH, KubeClient
from zilliz_jobs.kube.errors import Body, HandleConflict, Invalid, StrictDecoding
from zilliz_jobs.kube.paths import resource_path

SENDING = "Sending"
_SEND = ("holder", "sends")

# An outdated CRD prunes what it does not know and answers 200; Strict makes it an error.
_QUERY = {"fieldValidation": "Strict", "fieldManager": FIELD_MANAGER}


def merge_diff(old: Body, new: Body) -> Body:
    """The merge patch (RFC 7386) that makes `old` into `new`; empty when they are equal. Pure.

    Lists are replaced whole. `new` holds no None: a field without a value is left out.
    """
    patch: Body = {key: None for key in old if key not in new}
    for key, value in new.items():
        if key not in old:
            patch[key] = value
        elif old[key] is value:
            continue
        elif isinstance(value, dict) and isinstance(old[key], dict):
            if inner := merge_diff(old[key], value):
                patch[key] = inner
        elif not _same(old[key], value):
            patch[key] = value
    return patch


def json_ops(old: Body, new: Body, at: str = "/status") -> list[Body]:
    """The JSON patch (RFC 6902) that makes `old` into `new`, one step for each field of the first level. Pure.

    The steps also apply to an object in which these fields were changed or removed meanwhile; `at` must exist.
    """
    ops: list[Body] = []
    for key in old:
        if key not in new:
            # A removal fails where there is nothing to remove, so that it is made to be there.
            ops.append({"op": "add", "path": f"{at}/{_pointer(key)}", "value": None})
            ops.append({"op": "remove", "path": f"{at}/{_pointer(key)}"})
    for key, value in new.items():
        if key not in old or not _same(old[key], value):
            ops.append({"op": "add", "path": f"{at}/{_pointer(key)}", "value": value})
    return ops


class StatusWriter:
    """Writes the status of one object of ours, with its preconditions. Repeats nothing. `hidden`: takes the secrets
    out of what is written about an object."""

    def __init__(
        self, client: KubeClient, *, hidden: Callable[[Body, Body], Body] = lambda _body, status: status
    ) -> None:
        self._client, self._hidden = client, hidden

    async def write(self, resource: Resource, body: Body, new_status: Body, *, clean: bool = False) -> Body:
        """Make the status of `body` into `new_status` and return the object as stored. `clean`: it was searched for
        secrets just now.

        Sends nothing, and returns `body`, when they are equal. Raises Conflict when the object is not at the
        version of `body` any more, NotFound, StrictDecoding when the installed CRD lacks a field of ours,
        Invalid, and Unavailable when the answer was lost: read again, then decide.
        """
        change = merge_diff(body.get("status") or {}, new_status if clean else self._hidden(body, new_status))
        if not change:
            return body
        # No uid: the server ignores it in a write of a status, and a successor has another version anyway.
        meta = {"resourceVersion": body["metadata"]["resourceVersion"]}
        return await self._client.request(
            "PATCH",
            _status_path(resource, body),
            query=_QUERY,
            body={"metadata": meta, "status": change},
            content_type=MERGE_PATCH,
        )

    async def write_handle(self, resource: Resource, body: Body, new_status: Body, token: str) -> Body:
        """Store what the cloud answered, whatever the version: apply the step from `body` to `new_status`.

        Only while the object's submission record has this token and the evidence Sending, and is of the same holder
        and send as in `body`: a later send has the same token, and its answer is still to come. Else raises
        HandleConflict, which holds the object as it is now. Idempotence is that test: a repetition after an
        Unavailable ends in HandleConflict, whose body then shows the handle. Raises NotFound, StrictDecoding,
        Invalid, Unavailable; it is the caller who repeats.
        """
        meta, known = body["metadata"], (body.get("status") or {}).get("submission") or {}
        mark = {"token": token, "evidence": SENDING} | {name: known[name] for name in _SEND if name in known}
        ops: list[Body] = [
            {"op": "test", "path": "/metadata/uid", "value": meta["uid"]},
            *({"op": "test", "path": f"/status/submission/{name}", "value": mark[name]} for name in mark),
            *json_ops(body.get("status") or {}, self._hidden(body, new_status)),
        ]
        where = _status_path(resource, body)
        try:
            return await self._client.request("PATCH", where, query=_QUERY, body=ops, content_type=JSON_PATCH)
        except StrictDecoding:
            raise
        except Invalid as error:
            # A failed test and a refused value look alike on the wire; the object tells them apart.
            now = await self._client.get(resource_path(resource, meta["namespace"], meta["name"]))
            record: dict[str, Any] = (now.get("status") or {}).get("submission") or {}
            same_object = now["metadata"]["uid"] == meta["uid"]
            if same_object and all(record.get(name) == mark[name] for name in mark):
                raise
            raise HandleConflict(
                f"cannot store the handle of submission {token}: the record is another one by now", now
            ) from error


def _status_path(resource: Resource, body: Body) -> str:
    meta = body["metadata"]
    return resource_path(resource, meta["namespace"], meta["name"], "status")


def _same(a: object, b: object) -> bool:
    """Equality as JSON sees it, where true is not 1."""
    return a == b and _alike(a, b)


def _alike(a: Any, b: Any) -> bool:
    """Whether two values that are equal to Python are so to JSON."""
    if isinstance(a, dict):
        return all(isinstance(value, str) or _alike(value, b[key]) for key, value in a.items())
    if isinstance(a, list):
        return all(map(_alike, a, b))
    return isinstance(a, bool) is isinstance(b, bool)


def _pointer(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
