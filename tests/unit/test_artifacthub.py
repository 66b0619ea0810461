"""Who finds the chart in a catalogue sees its kinds, how to write each of them, and what changed."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from tools.artifacthub import LONGEST, annotate, changes, icon
from tools.release import CHART, ROOT, Section

from zilliz_jobs.api.projectjob import PROJECT_JOB
from zilliz_jobs.api.resources import RESOURCES

PLACES = {
    "REGISTRY": "registry.test/team",
    "SOURCE_URL": "https://source.test/it",
    "ICON_URL": "https://source.test/i.svg",
}


def annotated(folder: Path, environ: dict[str, str]) -> dict[str, Any]:
    shutil.copytree(ROOT / CHART, folder, dirs_exist_ok=True)
    annotate(folder, ROOT, environ)
    annotate(folder, ROOT, environ)  # again is the same
    return dict(yaml.safe_load((folder / "Chart.yaml").read_text()))


@pytest.fixture(scope="module")
def meta(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return annotated(tmp_path_factory.mktemp("chart"), {})


def told(meta: dict[str, Any], name: str) -> Any:
    text = meta["annotations"][f"artifacthub.io/{name}"]
    assert isinstance(text, str), "Helm takes texts only"
    return yaml.safe_load(text)


def test_every_kind_is_shown_and_every_kind_that_people_write_has_an_example(meta: dict[str, Any]) -> None:
    assert {one["name"] for one in told(meta, "crds")} == {one.crd_name for one in RESOURCES}
    assert all(one["description"] and one["displayName"] for one in told(meta, "crds"))
    kinds = [one["kind"] for one in told(meta, "crdsExamples")]
    assert kinds == [one.kind for one in RESOURCES if one is not PROJECT_JOB], "rows are written by the operator"


def test_the_chart_of_the_tree_keeps_its_own_fields(meta: dict[str, Any]) -> None:
    before = yaml.safe_load((ROOT / CHART / "Chart.yaml").read_text())
    assert {name: meta[name] for name in before if name != "annotations"} == {
        name: value for name, value in before.items() if name != "annotations"
    }
    assert before["annotations"].items() <= meta["annotations"].items()


def test_without_addresses_none_is_shown(meta: dict[str, Any]) -> None:
    """An invented one would belong to somebody else."""
    assert not {"home", "sources"} & set(meta)
    assert not {"artifacthub.io/links", "artifacthub.io/images"} & set(meta["annotations"])
    drawn = base64.b64decode(meta["icon"].removeprefix("data:image/svg+xml;base64,"))
    assert ElementTree.fromstring(drawn).tag.endswith("svg")  # noqa: S314 - our own file
    assert meta["icon"] == icon(drawn)


def test_addresses_come_from_whoever_hosts_it(tmp_path: Path) -> None:
    meta = annotated(tmp_path, PLACES)
    assert told(meta, "images")[0]["image"] == f"registry.test/team/zilliz-jobs-operator:{meta['version']}"
    assert told(meta, "links") == [{"name": "source", "url": "https://source.test/it"}]
    assert (meta["home"], meta["icon"]) == ("https://source.test/it", "https://source.test/i.svg")


def test_a_change_is_told_in_plain_text() -> None:
    long = " ".join(["word"] * LONGEST)
    text = (
        f"### Added\n- [A `thing`](docs/a.md),\n  with more.\n- {long}\n\n### Security\n- A hole.\n\n### Notes\n- No."
    )
    first, second, third = changes(Section("1.2.3", "", text))
    assert first == {"kind": "added", "description": "A thing, with more."}
    assert len(second["description"]) <= LONGEST
    assert second["description"].endswith("word…")
    assert third == {"kind": "security", "description": "A hole."}
