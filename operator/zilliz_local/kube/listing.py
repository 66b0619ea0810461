"""Lists and single objects as bytes, whole or in chunks.

A chunked list is a snapshot: its first request freezes the records, later ones go on from there, and a snapshot that
was dropped (history expired, or too many newer ones) is answered with 410.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from zilliz_local.kube.accept import Form
from zilliz_local.kube.conversion import item_raw, shown, shown_raw
from zilliz_local.kube.record import Body, Record, encode
from zilliz_local.kube.refusal import Cause, RefusalError, bad_request, expired, invalid
from zilliz_local.kube.resource import Resource
from zilliz_local.kube.route import Route
from zilliz_local.kube.selectors import Selection, parse_fields, parse_labels
from zilliz_local.kube.store import Store
from zilliz_local.kube.table import partial, table

SNAPSHOTS = 64
GONE = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list "
    "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
    "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
    "modified, or deleted between the time the first chunk was returned and now may show up in the list."
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The objects a chunked list still has to show."""

    version: int
    records: list[Record]


def selection(route: Route, query: Mapping[str, str]) -> Selection:
    """The selectors of a list, watch or deletecollection."""
    labels, fields = query.get("labelSelector", ""), query.get("fieldSelector", "")
    return Selection(route.namespace, parse_labels(labels), parse_fields(route.resource, fields, labels))


def as_number(text: str) -> int:
    """A limit of a client; empty is none."""
    try:
        return max(0, int(text or 0))
    except ValueError as error:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from error


def as_version(text: str) -> int:
    """A resourceVersion of a client. Empty counts as 0."""
    if not text.isdigit() and text:
        raise bad_request(
            f'invalid resource version: resourceVersion: Invalid value: "{text}": strconv.ParseUint: invalid syntax'
        )
    return int(text or 0)


class Lister:
    """Answers get and list."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now
        self._snapshots: dict[str, Snapshot] = {}
        self._count = 0

    def forget(self) -> None:
        """Drop all snapshots: their continue tokens are too old from now on."""
        self._snapshots.clear()

    def select(self, resource: Resource, wanted: Selection) -> list[Record]:
        records = self._store.records(resource.key, wanted.namespace)
        if not wanted.selective:
            return records
        return [record for record in records if wanted.fits(shown(resource, record))]

    def one(self, resource: Resource, record: Record, form: Form, include: str) -> bytes:
        """A single object in the form the client wants."""
        if form.shape == "Table":
            meta = {"resourceVersion": str(record.version)}
            return encode(table(resource, [shown(resource, record)], meta, include, self._now(), head=True))
        if form.shape:
            return encode(partial(shown(resource, record)))
        return shown_raw(resource, record)

    def many(self, route: Route, query: Mapping[str, str], form: Form) -> bytes:
        """A list, or one chunk of it."""
        wanted = selection(route, query)
        limit = as_number(query.get("limit", ""))
        self._check_version(query)
        token = query.get("continue", "")
        snapshot = (
            self._resume(token) if token else Snapshot(self._store.version, self.select(route.resource, wanted))
        )
        shown_now, rest = (snapshot.records[:limit], snapshot.records[limit:]) if limit else (snapshot.records, [])
        meta: Body = {"resourceVersion": str(snapshot.version)}
        if rest:
            meta["continue"] = self._keep(Snapshot(snapshot.version, rest))
            if not wanted.selective:
                meta["remainingItemCount"] = len(rest)
        return self._encode(route.resource, shown_now, meta, form, query.get("includeObject") or "Metadata")

    def _encode(self, resource: Resource, records: list[Record], meta: Body, form: Form, include: str) -> bytes:
        if form.shape == "Table":
            bodies = (shown(resource, record) for record in records)
            return encode(table(resource, bodies, meta, include, self._now(), head=True))
        if form.shape:
            items = [partial(shown(resource, record)) for record in records]
            kind = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"}
            return encode({**kind, "metadata": meta, "items": items})
        head = encode({"apiVersion": resource.api_version, "kind": resource.list_kind, "metadata": meta})[:-1]
        return head + b',"items":[' + b",".join(item_raw(resource, record) for record in records) + b"]}"

    def _check_version(self, query: Mapping[str, str]) -> None:
        version = as_version(query.get("resourceVersion", ""))
        if query.get("resourceVersionMatch") and not query.get("resourceVersion"):
            words = "resourceVersionMatch is forbidden unless resourceVersion is provided"
            cause = Cause("resourceVersionMatch", "FieldValueForbidden", f"Forbidden: {words}")
            raise invalid("meta.k8s.io", "ListOptions", "", [cause])
        if version > self._store.version:
            details = {"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]}
            words = f"Timeout: Too large resource version: {version}, current: {self._store.version}"
            raise RefusalError(504, "Timeout", words, {**details, "retryAfterSeconds": 1}, {"Retry-After": "1"})
        if query.get("resourceVersionMatch") == "Exact" and version != self._store.version:
            raise expired("The resourceVersion for the provided list is too old.")

    def _keep(self, snapshot: Snapshot) -> str:
        self._count += 1
        token = base64.urlsafe_b64encode(encode({"v": "zilliz-local", "n": self._count})).decode().rstrip("=")
        self._snapshots[token] = snapshot
        while len(self._snapshots) > SNAPSHOTS:
            del self._snapshots[next(iter(self._snapshots))]
        return token

    def _resume(self, token: str) -> Snapshot:
        try:
            json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        except ValueError as error:
            raise bad_request(f"invalid continue token: continue key is not valid: {error}") from error
        snapshot = self._snapshots.get(token)
        if snapshot is None:
            raise expired(GONE)
        return snapshot
