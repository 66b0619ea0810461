"""The same object in another version of its API. Pure.

Custom resources change only their apiVersion (conversion strategy None); events change the names of their fields
between `v1`, which is stored, and `events.k8s.io/v1`.
"""

from zilliz_local.kube.builtin import EVENTS
from zilliz_local.kube.record import Body, Record, encode
from zilliz_local.kube.resource import Resource

EVENT_NAMES = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}
CORE_NAMES = {new: old for old, new in EVENT_NAMES.items()}


def shown(resource: Resource, record: Record) -> Body:
    """The object as this version of the API shows it. Read-only."""
    if record.body.get("apiVersion") == resource.api_version:
        return record.body
    return _renamed(record.body, EVENT_NAMES, resource) if resource.key == EVENTS else _retyped(record.body, resource)


def shown_raw(resource: Resource, record: Record) -> bytes:
    """`shown` as JSON, from the record's own bytes where they fit."""
    if record.body.get("apiVersion") == resource.api_version:
        return record.raw
    return encode(shown(resource, record))


def item_raw(resource: Resource, record: Record) -> bytes:
    """An object within a list: in lists of core kinds the items do not say their apiVersion and kind."""
    raw = shown_raw(resource, record)
    if resource.custom:
        return raw
    head = encode({"apiVersion": resource.api_version, "kind": resource.kind})[:-1] + b","
    return b"{" + raw[len(head) :] if raw.startswith(head) else raw


def stored(resource: Resource, body: Body) -> Body:
    """The object as it is kept."""
    if resource.key == EVENTS and resource.group:
        return {**_renamed(body, CORE_NAMES, resource), "apiVersion": "v1"}
    return {**body, "apiVersion": resource.storage_api_version}


def _renamed(body: Body, names: dict[str, str], resource: Resource) -> Body:
    return _retyped({names.get(name, name): value for name, value in body.items()}, resource)


def _retyped(body: Body, resource: Resource) -> Body:
    return {**body, "apiVersion": resource.api_version}
