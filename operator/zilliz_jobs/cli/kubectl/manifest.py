"""From flags to a manifest. The flags of a kind are the fields of its spec, as the CRD has them. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from zilliz_jobs.api.crd import root_schema
from zilliz_jobs.api.model import API_VERSION
from zilliz_jobs.api.parse import SpecError, parse_spec
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.api.schema import Schema
from zilliz_jobs.cli.kubectl.exitcodes import CommandError
from zilliz_jobs.control.objects import Body

UNTELLING = frozenset({"name"})
"""Last parts of a field's path that say nothing without those before."""
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True)
class Flag:
    """One field of a spec. `names`: the flag, and a shorter one where that is clear; `path`: the field."""

    names: tuple[str, ...]
    path: tuple[str, ...]
    schema: Schema

    @property
    def repeats(self) -> bool:
        return bool(self.schema.get("type") == "array")

    @property
    def item(self) -> Schema:
        """The schema of one value."""
        found: Schema = self.schema["items"] if self.repeats else self.schema
        return found

    @property
    def help(self) -> str:
        text = str(self.schema.get("description", ""))
        if self.repeats:
            text += " Repeatable."
        if self.item.get("type") == "object":
            text += f" Each as YAML, with {', '.join(self.item.get('properties', {}))}."
        return text

    def value(self, text: str) -> Any:
        """Raises CommandError for a text that the field cannot have."""
        problem = f"{self.names[0]}: {text!r} is no {self.item.get('type')}"
        match self.item.get("type"):
            case "integer":
                if not re.fullmatch(r"-?\d+", text):
                    raise CommandError(problem)
                return int(text)
            case "boolean":
                if text not in ("true", "false"):
                    raise CommandError(f"{problem}; write true or false")
                return text == "true"
            case "object":
                try:
                    value = yaml.safe_load(text)
                except yaml.YAMLError:
                    value = None
                if not isinstance(value, dict):
                    raise CommandError(f"{self.names[0]}: write it as YAML, '{{name: value}}'")
                return value
            case _:
                return text


Given = tuple[Flag, list[str]]
"""A flag, and the texts that were given with it."""


@cache
def flags_of(resource: Resource) -> tuple[Flag, ...]:
    """All flags of the kind, in the order of its fields."""
    fields = list(_fields(root_schema(resource)["properties"]["spec"], ()))
    spoken = {path: _spoken(path) for path, _ in fields}
    last = Counter(words[-1] for words in spoken.values())
    full = {_flag("-".join(words)) for words in spoken.values()}
    flags = []
    for path, schema in fields:
        words = spoken[path]
        long, short = _flag("-".join(words)), _flag(words[-1])
        clear = last[words[-1]] == 1 and words[-1] not in UNTELLING and short not in full
        flags.append(Flag((long, short) if clear else (long,), path, schema))
    return tuple(flags)


def manifest(resource: Resource, name: str, namespace: str | None, given: Sequence[Given]) -> Body:
    """The manifest; Raises CommandError for what the schema or a rule
    of the kind refuses."""
    spec: Body = {}
    for flag, texts in given:
        place = spec
        for part in flag.path[:-1]:
            place = place.setdefault(part, {})
        values = [flag.value(text) for text in texts]
        place[flag.path[-1]] = values if flag.repeats else values[-1]
    meta = {"name": name} | ({"namespace": namespace} if namespace else {})
    body = {"apiVersion": API_VERSION, "kind": resource.kind, "metadata": meta, "spec": spec}
    try:
        parse_spec(resource, body)
    except SpecError as error:
        raise CommandError(
            f"{error}; see: kubectl zilliz create {resource.singular.removesuffix('job')} --help"
        ) from error
    return body


def _fields(schema: Schema, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Schema]]:
    for name, field in schema.get("properties", {}).items():
        if field.get("type") == "object" and "properties" in field:
            for inner, schema in _fields(field, (*path, name)):
                is_reference = name.endswith("Ref") and inner == (*path, name, "name")
                yield inner, {**schema, "description": field.get("description", "")} if is_reference else schema
        else:
            yield (*path, name), field


def _spoken(path: tuple[str, ...]) -> tuple[str, ...]:
    """The path as people say it: a reference is named by what it refers to."""
    if len(path) > 1 and path[-1] == "name" and path[-2].endswith("Ref"):
        path = (*path[:-2], path[-2].removesuffix("Ref"))
    return tuple(_WORDS.sub("-", part).lower() for part in path)


def _flag(words: str) -> str:
    return f"--{words}"
