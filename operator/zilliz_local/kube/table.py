"""The Table form that `kubectl get` shows: printer columns of CRDs, fixed columns of core kinds. Pure."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from zilliz_local.kube.jsonpath import find
from zilliz_local.kube.record import Body
from zilliz_local.kube.resource import Column, Resource

Cells = list[Any]


def table(resource: Resource, bodies: Iterable[Body], meta: Body, include: str, now: datetime, *, head: bool) -> Body:
    """A Table of objects. `include` is Metadata, Object or None; `head` says whether to define the columns."""
    columns = resource.columns
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": meta,
        "columnDefinitions": [column.definition() for column in columns] if head else None,
        "rows": [_row(resource, body, include, now) for body in bodies],
    }


def partial(body: Body) -> Body:
    """Only the metadata of an object."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": body["metadata"]}


def _row(resource: Resource, body: Body, include: str, now: datetime) -> Body:
    cells = (
        [_cell(column, body, now) for column in resource.columns] if resource.custom else _core(resource, body, now)
    )
    if include == "None":
        return {"cells": cells, "object": None}
    return {"cells": cells, "object": body if include == "Object" else partial(body)}


def _cell(column: Column, body: Body, now: datetime) -> Any:
    if not column.path:
        return body["metadata"]["name"]
    values = find(column.path, body)
    if not values or values[0] is None:
        return None
    value = values[0]
    if column.type == "string":
        return printed(value)
    if column.type == "date":
        return age(value, now) if isinstance(value, str) else "<invalid>"
    if column.type == "integer":
        return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    if column.type == "number":
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if column.type == "boolean":
        return value if isinstance(value, bool) else None
    return None


def printed(value: Any) -> str:
    """A value in a text column."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def age(text: str | None, now: datetime) -> str:
    """The time since a timestamp, as kubectl words it."""
    if not text:
        return "<unknown>"
    since = moment(text)
    if since is None:
        return "<invalid>"
    return human((now - since.replace(tzinfo=since.tzinfo or UTC)).total_seconds())


def human(seconds: float) -> str:
    """Two units at most, fewer the longer it is: 95s, 5m20s, 90m, 5h3m, 30h, 3d4h, 400d, 3y20d."""
    if seconds < -1:
        return "<invalid>"
    total = max(0, int(seconds))
    minutes, hours, days = total // 60, total // 3600, total // 86400
    if total < 120:
        return f"{total}s"
    if minutes < 10:
        return _pair(minutes, "m", total % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _pair(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    return _pair(days // 365, "y", days % 365, "d") if days < 2920 else f"{days // 365}y"


def _pair(whole: int, unit: str, rest: int, small: str) -> str:
    return f"{whole}{unit}{rest}{small}" if rest else f"{whole}{unit}"


def _core(resource: Resource, body: Body, now: datetime) -> Cells:
    meta = body["metadata"]
    cells: dict[str, Callable[[], Cells]] = {
        "Namespace": lambda: [body.get("status", {}).get("phase", "")],
        "ConfigMap": lambda: [len(body.get("data") or {}) + len(body.get("binaryData") or {})],
        "Secret": lambda: [body.get("type", ""), len(body.get("data") or {})],
        "Lease": lambda: [(body.get("spec") or {}).get("holderIdentity", "")],
        "ServiceAccount": list,
    }
    if resource.kind == "Event":
        return _event(body, now)
    if resource.kind == "CustomResourceDefinition":
        return _definition(body)
    return [meta["name"], *cells[resource.kind](), age(meta["creationTimestamp"], now)]


def _definition(body: Body) -> Cells:
    spec, names = body["spec"], body["spec"]["names"]
    marks = {True: "(storage)", False: ""}
    versions = [f"{one['name']}{marks[bool(one.get('storage'))]}" for one in spec["versions"] if one.get("served")]
    established = [one for one in body["status"]["conditions"] if one["type"] == "Established"]
    return [
        body["metadata"]["name"],
        spec["scope"],
        ", ".join(versions),
        body["metadata"]["creationTimestamp"],
        spec["group"],
        names["kind"],
        ",".join(names.get("shortNames") or ()),
        established[0]["status"] == "True" if established else False,
    ]


def _event(body: Body, now: datetime) -> Cells:
    about = body.get("involvedObject") or body.get("regarding") or {}
    source = body.get("source") or body.get("deprecatedSource") or {}
    first = body.get("firstTimestamp") or body.get("deprecatedFirstTimestamp") or body.get("eventTime")
    last = body.get("lastTimestamp") or body.get("deprecatedLastTimestamp")
    series = body.get("series") or {}
    seen = series.get("lastObservedTime") or last or first
    component = source.get("component") or body.get("reportingComponent") or body.get("reportingController") or ""
    host = source.get("host") or body.get("reportingInstance")
    return [
        age(seen, now),
        body.get("type", ""),
        body.get("reason", ""),
        f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}",
        about.get("fieldPath", ""),
        f"{component}, {host}" if host else component,
        str(body.get("message") or body.get("note") or "").strip(),
        age(first, now),
        series.get("count") or body.get("count") or body.get("deprecatedCount") or 1,
        body["metadata"]["name"],
    ]
