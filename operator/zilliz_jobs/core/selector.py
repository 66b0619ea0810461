"""Label selectors as the API server reads them, so that the operator can say by itself which objects one selects.

The grammar is that of Kubernetes (documented: Labels and Selectors): `key=value`, `key==value`, `key!=value`,
`key in (a,b)`, `key notin (a,b)`, `key`, `!key`, several with commas between them; all of them must hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

_PREFIX = r"(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?"
_WORD = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?"
_KEY = re.compile(f"{_PREFIX}{_WORD}")
_VALUE = re.compile(f"(?:{_WORD})?")
_IN = re.compile(rf"(?P<key>{_PREFIX}{_WORD})\s+(?P<how>in|notin)\s*\((?P<values>[^()]*)\)")
_EQUALS = re.compile(rf"(?P<key>{_PREFIX}{_WORD})\s*(?P<how>==|=|!=)\s*(?P<value>[^\s=!]*)")
_EXISTS = re.compile(rf"(?P<not>!?)\s*(?P<key>{_PREFIX}{_WORD})")


class How(StrEnum):
    """What a requirement asks of a label."""

    IN = "in"
    NOT_IN = "notin"
    EXISTS = "exists"
    ABSENT = "absent"


_OPPOSITE = {How.IN: How.NOT_IN, How.NOT_IN: How.IN, How.EXISTS: How.ABSENT, How.ABSENT: How.EXISTS}


@dataclass(frozen=True)
class Requirement:
    """One label. `values`: of `in` and `notin`, in the order in which they were written."""

    key: str
    how: How
    values: tuple[str, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels fulfil it. As in Kubernetes, `notin` holds where there is no such label."""
        match self.how:
            case How.IN:
                return labels.get(self.key) in self.values
            case How.NOT_IN:
                return labels.get(self.key) not in self.values
            case How.EXISTS:
                return self.key in labels
            case How.ABSENT:
                return self.key not in labels

    def __str__(self) -> str:
        match self.how:
            case How.EXISTS:
                return self.key
            case How.ABSENT:
                return f"!{self.key}"
        if len(self.values) == 1:
            return f"{self.key}{'=' if self.how is How.IN else '!='}{self.values[0]}"
        return f"{self.key} {self.how} ({','.join(self.values)})"

    @property
    def opposite(self) -> Requirement:
        """The one that holds exactly where this one does not."""
        return Requirement(self.key, _OPPOSITE[self.how], self.values)


@dataclass(frozen=True)
class LabelSelector:
    """All of the requirements; without any it selects everything. Its text is one that Kubernetes takes."""

    requirements: tuple[Requirement, ...] = ()

    @classmethod
    def parse(cls, text: str) -> LabelSelector:
        """Raises ValueError, in words for people, where Kubernetes would refuse the text."""
        parts = re.split(r",(?![^(]*\))", text) if text.strip() else []
        return cls(tuple(_requirement(part.strip(), text) for part in parts))

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Whether it selects an object with these labels."""
        return all(one.holds(labels) for one in self.requirements)

    @property
    def keys(self) -> frozenset[str]:
        """The labels that it asks about."""
        return frozenset(one.key for one in self.requirements)

    @property
    def rest(self) -> str:
        """A selector that Kubernetes takes, for at least all objects that this one does not select; empty: all."""
        return str(self.requirements[0].opposite) if len(self.requirements) == 1 else ""

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))


def _requirement(part: str, text: str) -> Requirement:
    if match := _IN.fullmatch(part):
        values = tuple(value.strip() for value in match["values"].split(","))
        if all(_is_value(value) for value in values):
            return Requirement(_key(match["key"], text), How(match["how"]), values)
    elif match := _EXISTS.fullmatch(part):
        return Requirement(_key(match["key"], text), How.ABSENT if match["not"] else How.EXISTS)
    elif (match := _EQUALS.fullmatch(part)) and _is_value(match["value"]):
        return Requirement(
            _key(match["key"], text), How.NOT_IN if match["how"] == "!=" else How.IN, (match["value"],)
        )
    raise ValueError(
        f"{text!r} is no label selector: {part!r} is none of key=value, key!=value, key in (a,b), key notin (a,b), "
        "key, !key"
    )


def _key(key: str, text: str) -> str:
    name = key.rpartition("/")[2]
    if not _KEY.fullmatch(key) or len(name) > 63 or len(key) - len(name) > 254:
        raise ValueError(f"{text!r} is no label selector: {key!r} is too long for the key of a label")
    return key


def _is_value(value: str) -> bool:
    return len(value) <= 63 and bool(_VALUE.fullmatch(value))
