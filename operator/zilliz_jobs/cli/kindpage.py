"""The page of one kind: its rules, an example, what kubectl shows, and every field. Pure text, from the models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from zilliz_jobs.api.crd import root_schema
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.api.schema import Schema
from zilliz_jobs.cli.demo.examples import directory, load
from zilliz_jobs.core.snapshot import RetryRule
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.kinds.base import AnyKind

GUIDES = {
    "ZillizConnection": "connection.md",
    "BackupJob": "backupjob.md",
    "RestoreJob": "restorejob.md",
    "ExportJob": "exportjob.md",
    "ImportJob": "importjob.md",
    "MigrationJob": "migrationjob.md",
    "CloneCollectionJob": "collectionjobs.md",
    "SampleCollectionJob": "collectionjobs.md",
    "SuspendClusterJob": "clusterjobs.md",
    "ResumeClusterJob": "clusterjobs.md",
    "ScaleClusterJob": "clusterjobs.md",
    "ScaleReplicasJob": "clusterjobs.md",
    "JobCenter": "jobcenter.md",
    "ProjectJob": "jobcenter.md",
}
"""The page that tells how each kind works."""
RETRY_WORDS = {
    RetryRule.NEVER: "no; create a new object",
    RetryRule.FREELY: "yes: in place through the console API where it is on, else the same request again",
    RetryRule.RESUBMIT: "only with `retryPolicy.resubmit: true`, as a second submission",
}


def page(resource: Resource) -> str:
    schema = root_schema(resource)
    names = f"plural `{resource.plural}`, short `{resource.short}`"
    guide = GUIDES.get(resource.kind)
    lines = [f"# {resource.kind}", "", resource.description, ""]
    lines += [f"Names: {names}." + (f" How it works: [guide](../{guide})." if guide else ""), ""]
    lines += _examples(resource.kind)
    for kind in JOB_KINDS:
        if kind.resource is resource:
            lines += _rules(kind)
    lines += _columns(resource)
    for part in ("spec", "status"):
        lines += [f"## {part}", "", "| Field | Type | Meaning |", "|---|---|---|"]
        lines += [*_rows(schema["properties"][part], ""), ""]
    rules = list(dict.fromkeys([*_rule_messages(schema["properties"]["spec"]), *_own_rules(schema)]))
    if rules:
        lines += ["## Rules", "", *(f"- {rule}" for rule in rules), ""]
    return "\n".join(lines)


def _examples(kind: str) -> list[str]:
    """The first example of the kind, as it stands in its file, and where there are more."""
    files = [path for path in sorted(directory().glob("*.yaml")) if kind in _kinds_in(path.name)]
    if not files:
        return []
    first, *more = files
    lines = ["## Example", "", "```yaml", first.read_text(encoding="utf-8").rstrip("\n"), "```", ""]
    links = ", ".join(f"[{path.name}](../../examples/{path.name})" for path in more)
    return [*lines, f"More: {links}.", ""] if more else lines


@cache
def _kinds_in(file: str) -> frozenset[str]:
    """Each file is parsed once, not for every kind."""
    return frozenset(manifest["kind"] for manifest in load(file))


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


def _rows(schema: dict[str, Any], prefix: str) -> Iterator[str]:
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
        yield f"| `{path}` | {_type(field)} | {text}{must}{default} |"
        inner = field.get("items", field)
        if inner.get("properties"):
            yield from _rows(inner, f"{path}{'[]' if 'items' in field else ''}.")


def _type(field: dict[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(f"`{word}`" for word in field["enum"])
    if field.get("type") == "array":
        return f"list of {_type(field['items'])}"
    bounds = [f"{word} {field[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in field]
    return " ".join([str(field.get("type", "any")), *bounds])
