"""Whoever looks up a field reads first what people set and read, and finds every field that the API server knows."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from zilliz_jobs.api.crd import root_schema
from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.cli import kindpage
from zilliz_jobs.cli.app import app
from zilliz_jobs.cli.kindpage import OF_EVERY_JOB, RECORDS
from zilliz_jobs.cli.reference import differences, write

JOBS = [resource for resource in RESOURCES if issubclass(resource.spec, JobSpec)]
RECORD_TITLE = "## The operator's own record"
ROOT = Path(__file__).parents[3]


def page(resource: Resource) -> str:
    return kindpage.page(resource, ROOT / "examples")


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


def test_the_examples_of_a_page_are_those_that_its_links_lead_to(tmp_path: Path) -> None:
    """A page with the manifests of another tree would show what the reader does not find there."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    first = tmp_path / "examples" / "10-backup-cluster.yaml"
    first.write_text(first.read_text() + "# mine\n")
    write(tmp_path / "docs" / "reference")
    text = (tmp_path / "docs" / "reference" / "backupjobs.md").read_text()
    assert "# mine\n" in text
    assert all((tmp_path / "docs/reference" / to).is_file() for to in re.findall(r"\((\S+\.yaml)\)", text))
    assert differences(tmp_path / "docs" / "reference") == []


def test_without_a_checkout_the_reference_says_where_it_can_be_made(tmp_path: Path) -> None:
    """The installed operator has no examples: pages without them would look as if there were none."""
    for words in ([], ["--check"]):
        done = CliRunner().invoke(app, ["reference", str(tmp_path / "docs" / "reference"), *words])
        assert done.exit_code == 2
        assert f"link the manifests in {tmp_path / 'examples'}, which is not there" in done.stderr
    assert list(tmp_path.iterdir()) == [], "nothing is half written"
