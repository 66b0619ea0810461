"""What the real server does to core kinds while it decodes them, beyond any schema. Pure; changes what it is given.

Secrets turn stringData into data, events and leases have their times normalised, events get their empty fields.
"""

import base64
from collections.abc import Callable
from datetime import UTC, datetime

from zilliz_local.kube.builtin import EVENTS, LEASES, SECRETS
from zilliz_local.kube.record import Body
from zilliz_local.kube.refusal import Cause, RefusalError
from zilliz_local.kube.resource import Resource
from zilliz_local.kube.validation import validate, wrong

LAYOUTS = {"date-time": "2006-01-02T15:04:05Z07:00", "micro-time": "2006-01-02T15:04:05.000000Z07:00"}
SECONDS = ("firstTimestamp", "lastTimestamp", "deprecatedFirstTimestamp", "deprecatedLastTimestamp")


def settle(resource: Resource, body: Body) -> Body:
    """The object as the server keeps it."""
    if resource.key == SECRETS:
        _settle_secret(body)
    elif resource.key == EVENTS:
        _settle_event(resource, body)
    elif resource.key == LEASES and isinstance(body.get("spec"), dict):
        _settle_times(body["spec"], ("acquireTime", "renewTime"), fraction=True)
    return body


def check_types(resource: Resource, rest: Body, refuse: Callable[[str], RefusalError]) -> None:
    """A core kind with a value of the wrong type cannot even be decoded: no 422 with causes, but a 400."""
    for cause in validate(resource.schema, rest):
        if cause.reason != "FieldValueTypeInvalid":
            continue
        found = cause.message.rpartition(": ")[2]
        kind = cause.message.partition(" must be of type ")[2].partition(":")[0]
        if kind == "byte":
            raise refuse("illegal base64 data at input byte 0")
        if kind in LAYOUTS:
            raise refuse(f'parsing time {found} as "{LAYOUTS[kind]}": cannot parse {found}')
        raise refuse(f"json: cannot unmarshal {found} into Go struct field {resource.kind}.{cause.field}")


def core_problems(resource: Resource, body: Body) -> list[Cause]:
    """Rules of core kinds that clients run into."""
    if resource.key != EVENTS:
        return []
    field = "regarding" if resource.group else "involvedObject"
    about = (body.get(field) or {}).get("namespace", "")
    home = body["metadata"].get("namespace", "")
    if about != home and not (not about and home == "default"):
        return [wrong("involvedObject.namespace", about, "does not match event.namespace")]
    return []


def _settle_secret(body: Body) -> None:
    plain = body.pop("stringData", None) or {}
    if plain:
        encoded = {key: base64.b64encode(str(value).encode()).decode() for key, value in plain.items()}
        body["data"] = {**(body.get("data") or {}), **encoded}
    body["type"] = body.get("type") or "Opaque"


def _settle_event(resource: Resource, body: Body) -> None:
    names: tuple[str, ...]
    if resource.group:
        names = ("deprecatedFirstTimestamp", "deprecatedLastTimestamp", "eventTime")
        empty: Body = {"deprecatedSource": {}}
    else:
        names = ("firstTimestamp", "lastTimestamp", "eventTime")
        empty = {"source": {}, "reportingComponent": "", "reportingInstance": ""}
    for name, value in {**dict.fromkeys(names), **empty}.items():
        if body.get(name) is None:
            body[name] = value
    _settle_times(body, [name for name in names if name in SECONDS], fraction=False)
    _settle_times(body, ("eventTime",), fraction=True)


def _settle_times(body: Body, names: tuple[str, ...] | list[str], *, fraction: bool) -> None:
    for name in names:
        if isinstance(body.get(name), str):
            body[name] = _utc(body[name], fraction=fraction)


def _utc(text: str, *, fraction: bool) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if fraction else "%Y-%m-%dT%H:%M:%SZ")
