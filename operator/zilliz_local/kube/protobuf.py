"""The protobuf bodies that `kubectl create` sends for core kinds, as JSON objects. Pure; nothing is answered in it.

Only what a client writes is read: field numbers are those of Kubernetes' generated.proto. An unknown kind is refused
with 415, an unknown field is skipped.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field

from zilliz_local.kube.record import Body
from zilliz_local.kube.refusal import bad_request, unsupported_media

MEDIA = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\x00"


@dataclass(frozen=True, slots=True)
class Field:
    """`kind` is text, bytes, flag, number or message; a map has `entry` as the kind of its values."""

    name: str
    kind: str = "text"
    many: bool = False
    entry: str = ""
    inner: dict[int, "Field"] = field(default_factory=dict)


def _text_map(name: str) -> Field:
    return Field(name, "map", entry="text")


def _bytes_map(name: str) -> Field:
    return Field(name, "map", entry="bytes")


OWNER = {
    1: Field("kind"),
    3: Field("name"),
    4: Field("uid"),
    5: Field("apiVersion"),
    6: Field("controller", "flag"),
    7: Field("blockOwnerDeletion", "flag"),
}
META = {
    1: Field("name"),
    2: Field("generateName"),
    3: Field("namespace"),
    5: Field("uid"),
    6: Field("resourceVersion"),
    11: _text_map("labels"),
    12: _text_map("annotations"),
    13: Field("ownerReferences", "message", many=True, inner=OWNER),
    14: Field("finalizers", many=True),
}
METADATA = Field("metadata", "message", inner=META)
NAMED = {1: Field("name")}
REFERENCE = {1: Field("kind"), 2: Field("namespace"), 3: Field("name"), 4: Field("uid"), 5: Field("apiVersion")}
KINDS: dict[str, dict[int, Field]] = {
    "ConfigMap": {1: METADATA, 2: _text_map("data"), 3: _bytes_map("binaryData"), 4: Field("immutable", "flag")},
    "DeleteOptions": {
        1: Field("gracePeriodSeconds", "number"),
        2: Field("preconditions", "message", inner={1: Field("uid"), 2: Field("resourceVersion")}),
        3: Field("orphanDependents", "flag"),
        4: Field("propagationPolicy"),
        5: Field("dryRun", many=True),
    },
    "Namespace": {1: METADATA},
    "Secret": {
        1: METADATA,
        2: _bytes_map("data"),
        3: Field("type"),
        4: _text_map("stringData"),
        5: Field("immutable", "flag"),
    },
    "ServiceAccount": {
        1: METADATA,
        2: Field("secrets", "message", many=True, inner=REFERENCE),
        3: Field("imagePullSecrets", "message", many=True, inner=NAMED),
        4: Field("automountServiceAccountToken", "flag"),
    },
}
UNKNOWN = {
    1: Field("typeMeta", "message", inner={1: Field("apiVersion"), 2: Field("kind")}),
    2: Field("raw", "raw"),
}


def read_protobuf(raw: bytes) -> Body:
    """The object in a protobuf body."""
    if not raw.startswith(MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    try:
        envelope = _message(UNKNOWN, memoryview(raw)[len(MAGIC) :])
        kind = str(envelope.get("typeMeta", {}).get("kind"))
        if kind not in KINDS:
            raise unsupported_media(f"a {kind} in protobuf is not understood by this local stand-in; send JSON")
        return {**envelope["typeMeta"], **_message(KINDS[kind], memoryview(envelope.get("raw", b"")))}
    except (IndexError, UnicodeDecodeError) as error:
        raise bad_request(f"cannot read the protobuf body: {error}") from error


def _message(fields: dict[int, Field], data: memoryview) -> Body:
    body: Body = {}
    for number, value in _parts(data):
        known = fields.get(number)
        if known is None:
            continue
        if known.kind == "map" and isinstance(value, memoryview):
            entry = _message({1: Field("key"), 2: Field("value", known.entry)}, value)
            body.setdefault(known.name, {})[entry.get("key", "")] = entry.get("value", "")
        elif known.many:
            body.setdefault(known.name, []).append(_value(known, value))
        else:
            body[known.name] = _value(known, value)
    return body


def _value(known: Field, value: memoryview | int) -> object:
    if isinstance(value, int):
        return bool(value) if known.kind == "flag" else value
    if known.kind == "message":
        return _message(known.inner, value)
    if known.kind == "raw":
        return bytes(value)
    return base64.b64encode(value).decode() if known.kind == "bytes" else bytes(value).decode()


def _parts(data: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """Number and value of each field, in the wire types that Kubernetes uses."""
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        kind = tag & 7
        if kind == 0:
            number, place = _varint(data, place)
            yield tag >> 3, number
        elif kind == 2:
            length, place = _varint(data, place)
            if place + length > len(data):
                raise IndexError("a field ends beyond the message")
            yield tag >> 3, data[place : place + length]
            place += length
        else:
            place += 8 if kind == 1 else 4


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place
