"""Label and field selectors, parsed once per request. Pure."""

import re
from dataclasses import dataclass
from typing import Any

from zilliz_local.kube.record import Body
from zilliz_local.kube.refusal import bad_request
from zilliz_local.kube.resource import Resource

SET = re.compile(r"^(?P<key>\S+)\s+(?P<how>in|notin)\s*\((?P<values>[^)]*)\)$")
EQUAL = re.compile(r"^(?P<key>[^!=\s]+)\s*(?P<how>==|=|!=)\s*(?P<value>[^\s=!]*)$")
BARE = re.compile(r"^(?P<not>!)?\s*(?P<key>[^!=\s(),]+)$")
COMMA = re.compile(r",(?![^(]*\))")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One term: `values` is None for mere existence; `negated` turns it round."""

    key: str
    values: frozenset[str] | None
    negated: bool = False

    def fits(self, value: str | None) -> bool:
        found = value is not None if self.values is None else value in self.values
        return found != self.negated


@dataclass(frozen=True, slots=True)
class Selection:
    """Which objects a list or watch shows."""

    namespace: str = ""
    labels: tuple[Requirement, ...] = ()
    fields: tuple[Requirement, ...] = ()

    @property
    def selective(self) -> bool:
        return bool(self.labels or self.fields)

    def fits(self, body: Body) -> bool:
        meta = body["metadata"]
        if self.namespace and meta.get("namespace") != self.namespace:
            return False
        if self.labels:
            labels = meta.get("labels") or {}
            if not all(one.fits(labels.get(one.key)) for one in self.labels):
                return False
        return all(one.fits(field_value(body, one.key)) for one in self.fields)


def field_value(body: Body, path: str) -> str:
    """The value of a field as a selector compares it; absent is empty."""
    value: Any = body
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if path == "source" and isinstance(value, dict):
        value = value.get("component")
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def parse_labels(text: str) -> tuple[Requirement, ...]:
    """`a=b,c!=d,e in (f,g),h,!i`."""
    return tuple(_label(term.strip()) for term in COMMA.split(text) if term.strip())


def _label(term: str) -> Requirement:
    if match := SET.match(term):
        values = frozenset(value.strip() for value in match["values"].split(","))
        return Requirement(match["key"], values, match["how"] == "notin")
    if match := EQUAL.match(term):
        return Requirement(match["key"], frozenset({match["value"]}), match["how"] == "!=")
    if match := BARE.match(term):
        return Requirement(match["key"], None, bool(match["not"]))
    raise bad_request(
        f"unable to parse requirement: found '{term}', expected: identifier, '!', 'in', 'notin', '=', '!='"
    )


def parse_fields(resource: Resource, text: str, labels: str = "") -> tuple[Requirement, ...]:
    """`metadata.name=x,spec.y!=z`; only metadata.name, metadata.namespace and the selectable fields may be used."""
    found = []
    for term in (part for part in text.split(",") if part):
        match = EQUAL.match(term)
        if match is None:
            raise bad_request(f"invalid selector: '{term}'; can't understand '{term}'")
        key = match["key"]
        if key not in ("metadata.name", "metadata.namespace", *resource.selectable):
            words = f"field label not supported: {key}"
            if not resource.custom:
                where = f'Unable to find "{resource.api_version}, Resource={resource.plural}"'
                words = f'{where} that match label selector "{labels}", field selector "{text}": {words}'
            raise bad_request(words)
        found.append(Requirement(key, frozenset({match["value"]}), match["how"] == "!="))
    return tuple(found)
