"""The page of one kind: an example, what people set, what they read, and last what is the operator's own record. Pure
text, from the models.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from zilliz_jobs.api.crd import root_schema
from zilliz_jobs.api.jobspec import CancellableSpec, JobSpec
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.api.schema import Schema
from zilliz_jobs.core.snapshot import RetryRule
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.kinds.base import AnyKind

RETRY_WORDS = {
    RetryRule.NEVER: "no; create a new object",
    RetryRule.FREELY: "yes: in place through the console API where it is on, else the same request again",
    RetryRule.RESUBMIT: "only with `retryPolicy.resubmit: true`, as a second submission",
}


OF_EVERY_JOB = (*(field.alias or name for name, field in CancellableSpec.model_fields.items()), "retryPolicy")
"""Fields of a job's spec that say nothing of what the job does; they stand after those that do."""
RECORDS = frozenset({"submission", "remembered"})
"""Fields of a status, at any depth, that the operator writes for itself."""


def page(resource: Resource, examples: Path) -> str:
    """`examples`: the folder with the manifests of all kinds. Raises OSError, yaml.YAMLError for what is in it."""
    schema = root_schema(resource)
    names = f"plural `{resource.plural}`, short `{resource.short}`"
    lines = [f"# {resource.kind}", "", resource.description, ""]
    lines += [f"Names: {names}. How it works: [guide](../{resource.guide}).", ""]
    lines += _examples(resource.kind, examples)
    spec, status = (schema["properties"][part] for part in ("spec", "status"))
    own_first = _own_first(spec) if issubclass(resource.spec, JobSpec) else spec
    lines += ["## spec", "", *_table(_rows(own_first, ""))]
    rules = list(dict.fromkeys([*_rule_messages(spec), *_own_rules(schema)]))
    if rules:
        lines += ["### Rules", "", *(f"- {rule}" for rule in rules), ""]
    for kind in JOB_KINDS:
        if kind.resource is resource:
            lines += _rules(kind)
    lines += _columns(resource)
    lines += ["## status", "", *_table(_rows(status, "", folded=RECORDS))]
    lines += _records(status)
    return "\n".join(lines)


def _examples(kind: str, folder: Path) -> list[str]:
    """The first example of the kind, as it stands in its file, and where there are more."""
    files = [path for path in sorted(folder.glob("*.yaml")) if kind in _kinds_in(path)]
    if not files:
        return []
    first, *more = files
    lines = ["## Example", "", "```yaml", first.read_text(encoding="utf-8").rstrip("\n"), "```", ""]
    links = ", ".join(f"[{path.name}](../../examples/{path.name})" for path in more)
    return [*lines, f"More: {links}.", ""] if more else lines


@cache
def _kinds_in(file: Path) -> frozenset[str]:
    """Each file is parsed once, not for every kind."""
    manifests = yaml.safe_load_all(file.read_text(encoding="utf-8"))
    return frozenset(manifest["kind"] for manifest in manifests if manifest)


def _columns(resource: Resource) -> list[str]:
    lines = [f"## kubectl get {resource.plural}", "", "| Column | From | |", "|---|---|---|"]
    for column in resource.columns:
        remark = " ".join(filter(None, (column.description, "With `-o wide`." if column.priority else "")))
        lines.append(f"| {column.name} | `{column.path}` | {remark} |")
    if resource.selectable:
        fields = ", ".join(f"`{path.removeprefix('.')}`" for path in resource.selectable)
        lines += ["", f"With `--field-selector`, on Kubernetes 1.31 or newer: {fields}."]
    return [*lines, ""]


def _own_rules(schema: Schema) -> list[str]:
    return [rule["message"] for rule in schema.get("x-kubernetes-validations", [])]


def _rule_messages(schema: Schema) -> Iterator[str]:
    """Of the schema, and of all that is in it."""
    yield from _own_rules(schema)
    for child in schema.get("properties", {}).values():
        yield from _rule_messages(child)
    if "items" in schema:
        yield from _rule_messages(schema["items"])


def _rules(kind: AnyKind) -> list[str]:
    traits = kind.traits
    cancel = "not once it is submitted"
    if traits.can_cancel:
        cancel = "yes" + ("; needs the connection's `consoleApi`" if traits.cancel_needs_console else "")
    return [
        "## Cancel and retry",
        "",
        "| Request | Rule |",
        "|---|---|",
        "| cancel before submission | yes, without any call to the cloud |",
        f"| cancel while Pending or InProgress | {cancel} |",
        "| cancel of a finished job | refused: `AlreadyFinished` |",
        f"| retry of a failed job | {RETRY_WORDS[traits.retry]} |",
        "",
    ]


def _own_first(spec: Schema) -> Schema:
    """The spec with the fields of this kind before those of every job."""
    fields: dict[str, Any] = spec["properties"]
    own = {name: field for name, field in fields.items() if name not in OF_EVERY_JOB}
    return {**spec, "properties": own | fields}


def _table(rows: Iterable[str]) -> list[str]:
    return ["| Field | Type | Meaning |", "|---|---|---|", *rows, ""]


def _rows(schema: Schema, prefix: str, *, folded: frozenset[str] = frozenset()) -> Iterator[str]:
    """A row for each field, and for those in it. Of the fields in `folded` only the first."""
    required = set(schema.get("required", ()))
    for name, field in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        text = str(field.get("description", "")).replace("|", "\\|").replace("\n", " ")
        must = " Required." if name in required else ""
        default = (
            f" Default: `{json.dumps(field['default'])}`."
            if "default" in field and not isinstance(field["default"], dict)
            else ""
        )
        inner = _inner(field)
        below = " Its fields: [below](#the-operators-own-record)." if name in folded and "properties" in inner else ""
        yield f"| `{path}` | {_type(field)} | {text}{must}{default}{below} |"
        if not below:
            yield from _rows(inner, _prefix_in(path, field), folded=folded)


def _records(status: Schema) -> list[str]:
    """The fields of what the operator writes for itself, folded: they are many and nobody sets them. Records with the
    same fields, as those of a job and of its steps, have one table."""
    paths: dict[str, list[str]] = {}
    inner_of = dict(_folded(status, ""))
    for prefix in sorted(inner_of, key=lambda one: one.count(".")):
        paths.setdefault(json.dumps(inner_of[prefix]["properties"]), []).append(prefix.removesuffix("."))
    if not paths:
        return []
    lines = ["## The operator's own record", ""]
    lines += ["The operator writes it for itself: after a crash it knows by it what it sent. Do not edit it.", ""]
    for first, *others in paths.values():
        lines += ["<details>", f"<summary>The fields of <code>{first}</code></summary>", ""]
        lines += _table(_rows(inner_of[f"{first}."], f"{first}."))
        lines += [f"`{other}` has the same fields.\n" for other in others]
        lines += ["</details>", ""]
    return lines


def _folded(schema: Schema, prefix: str) -> Iterator[tuple[str, Schema]]:
    """The fields of the operator's own record: the prefix of what is in each, and its schema."""
    for name, field in schema.get("properties", {}).items():
        inner, into = _inner(field), _prefix_in(f"{prefix}{name}", field)
        if name in RECORDS and "properties" in inner:
            yield into, inner
        else:
            yield from _folded(inner, into)


def _inner(field: Schema) -> Schema:
    items: Schema = field.get("items", field)
    return items


def _prefix_in(path: str, field: Schema) -> str:
    return f"{path}{'[]' if 'items' in field else ''}."


def _type(field: dict[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(f"`{word}`" for word in field["enum"])
    if field.get("type") == "array":
        return f"list of {_type(field['items'])}"
    bounds = [f"{word} {field[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in field]
    return " ".join([str(field.get("type", "any")), *bounds])
