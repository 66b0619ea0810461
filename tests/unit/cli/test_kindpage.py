"""Whoever looks up a field reads first what people set and read, and finds every field that the API server knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from zilliz_jobs.api.crd import root_schema
from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.cli.kindpage import OF_EVERY_JOB, RECORDS, page

JOBS = [resource for resource in RESOURCES if issubclass(resource.spec, JobSpec)]
RECORD_TITLE = "## The operator's own record"


def _paths(schema: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, field in schema.get("properties", {}).items():
        yield f"{prefix}{name}"
        yield from _paths(field.get("items", field), f"{prefix}{name}{'[]' if 'items' in field else ''}.")


def _rows(text: str) -> list[str]:
    return re.findall(r"^\| `([\w.\[\]]+)` \| [^|]+ \| ", text, re.MULTILINE)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: one.kind)
def test_every_field_is_on_the_page(resource: Resource) -> None:
    text = page(resource)
    shown = set(_rows(text))
    for other in re.findall(r"`([\w.\[\]]+)` has the same fields", text):
        shown |= {path.replace("submission", other, 1) for path in shown if path.startswith("submission.")}
    schema = root_schema(resource)["properties"]
    assert {*_paths(schema["spec"]), *_paths(schema["status"])} <= shown


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: one.kind)
def test_what_the_operator_writes_for_itself_stands_last_and_folded(resource: Resource) -> None:
    before, _, record = page(resource).partition(RECORD_TITLE)
    inside = re.compile(rf"\b({'|'.join(RECORDS)})(\[\])?\.")
    assert not [path for path in _rows(before) if inside.search(path)]
    if record:
        opened, closed = record.count("<details>"), record.count("</details>")
        assert opened == closed > 0
        outside = re.sub(r"<details>.*?</details>", "", record, flags=re.DOTALL)
        assert _rows(outside) == [], "nothing of the record is unfolded"
        assert "\n## " not in record, "nothing stands after it"


@pytest.mark.parametrize("resource", JOBS, ids=lambda one: one.kind)
def test_the_fields_of_the_kind_stand_before_those_of_every_job(resource: Resource) -> None:
    spec = page(resource).partition("## spec\n")[2].partition("\n#")[0]
    common = [path.partition(".")[0] in OF_EVERY_JOB for path in _rows(spec)]
    assert common == sorted(common)
    assert not common[0], "it has fields of its own"


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: one.kind)
def test_what_people_set_stands_before_what_they_read(resource: Resource) -> None:
    titles = re.findall(r"^## (.*)$", page(resource), re.MULTILINE)
    assert titles.index("spec") < titles.index(f"kubectl get {resource.plural}") < titles.index("status")
