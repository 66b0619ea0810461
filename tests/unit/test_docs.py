"""A reader who follows the docs must not meet a dead link, a refused manifest, or a promise without a test."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tools.pictures import architecture, commands
from tools.pictures.drawn import FOLDER, PICTURES, outdated

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.api.model import API_VERSION
from zilliz_jobs.api.parse import parse_spec
from zilliz_jobs.api.resource import JOB_COLUMNS
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.cli.reference import differences
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.settings import Settings
from zilliz_local.demo.play import names_of
from zilliz_local.demo.story import Story

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BY_KIND = {resource.kind: resource for resource in RESOURCES}


def _manifests(page: Path) -> Iterator[dict[str, object]]:
    for block in re.findall(r"^( *)```yaml\n(.*?)^ *```", page.read_text(), re.MULTILINE | re.DOTALL):
        indent, text = block
        plain = "\n".join(line.removeprefix(indent) for line in text.splitlines())
        yield from (
            m for m in yaml.safe_load_all(plain) if isinstance(m, dict) and m.get("apiVersion") == API_VERSION
        )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    dead = [t for t in targets if "://" not in t and not (page.parent / t).exists()]
    assert not dead, f"a reader of {page.name} follows these into nothing"


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them of the headings."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_into_a_page_finds_its_heading(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", page.read_text())
    inside = [(page.parent / to if to else page, name) for to, name in links if "://" not in to]
    lost = [f"{to.name}#{name}" for to, name in inside if to.suffix == ".md" and name not in _anchors(to)]
    assert not lost, f"a reader of {page.name} lands at the top of another page"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_setting_and_metric_that_is_named_exists(page: Path) -> None:
    """Who sets a variable that nobody reads, or alerts on a series that nobody writes, is told nothing."""
    text, reference = page.read_text(), ROOT / "docs" / "reference"
    settings = {f"ZILLIZ_JOBS_{name.upper()}" for name in Settings.model_fields}
    assert not set(re.findall(r"ZILLIZ_JOBS_[A-Z_]*[A-Z]", text)) - settings
    metrics = set(re.findall(r"`(zilliz_jobs_\w+)`", (reference / "metrics.md").read_text()))
    named = {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"\bzilliz_jobs_[a-z_]*[a-z]", text)}
    assert not named - metrics


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_manifest_in_the_docs_can_be_used(page: Path) -> None:
    for manifest in _manifests(page):
        parse_spec(BY_KIND[str(manifest["kind"])], manifest)


def test_there_are_manifests_to_check() -> None:
    kinds = {str(manifest["kind"]) for page in PAGES for manifest in _manifests(page)}
    assert kinds == set(BY_KIND), "each kind is shown in the docs at least once"


def test_every_promise_names_a_test_that_exists() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)`", text)
    assert len(named) >= 9
    assert not [name for name in named if not (ROOT / name).is_file()]


def test_the_reference_pages_are_what_the_models_say() -> None:
    assert differences(ROOT / "docs" / "reference") == []


def test_every_kind_has_a_page_that_tells_how_it_works() -> None:
    """Its reference alone does not."""
    for kind, resource in BY_KIND.items():
        assert kind in (ROOT / "docs" / resource.guide).read_text()


def test_every_setting_says_what_it_is_for() -> None:
    text = (ROOT / "docs" / "reference" / "settings.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| `ZILLIZ_JOBS_")]
    assert len(rows) == len(Settings.model_fields)
    assert not [row for row in rows if "None" in row], "a setting without a word about it"
    assert "in seconds" in text


def test_namespaces_are_given_as_people_write_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZILLIZ_JOBS_NAMESPACES", "shop, films")
    assert Settings().namespaces == ["shop", "films"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pictures_of_kubectl_have_the_columns_of_the_crds(page: Path) -> None:
    """Of job kinds: a picture without REASON hides that the column is there."""
    wanted = ["NAME", *(column.name.upper() for column in JOB_COLUMNS if not column.priority)]
    titles = [line.split() for line in page.read_text().splitlines() if line.startswith("NAME ")]
    assert all(line == wanted for line in titles if "TARGET" in line)


def test_the_first_picture_is_of_kubectl() -> None:
    """Tables in the order of kubectl, each cell below its title, in the words that the operator writes."""
    picture = (ROOT / "README.md").read_text().partition("```console\n")[2].partition("```")[0]
    assert picture.startswith("$ kubectl get zilliz\nNAME ")
    tables = [table.splitlines() for table in picture.partition("\n")[2].split("\n\n")]
    kinds = [table[1].partition(".jobs.zilliz.com/")[0] for table in tables]
    assert kinds == sorted(kinds)
    assert set(kinds) <= {resource.kind.lower() for resource in RESOURCES}
    for titles, *rows in tables:
        begins = [found.start() for found in re.finditer(r"\S+", titles)]
        for row in rows:
            cells = [row[begin:end].strip() for begin, end in itertools.pairwise([*begins, len(row) + 1])]
            named = dict(zip(titles.split(), cells, strict=True))
            assert named["STATE"] in {*State}, row
            assert named["REASON"] in {"", *Reason}, row
            assert named["PROGRESS"] == "" or 0 <= int(named["PROGRESS"]) <= 100, row
            assert re.fullmatch(r"\S*", named["TARGET"]), row
            assert re.fullmatch(r"(job-\w+)?", named["JOB-ID"]), row
            assert re.fullmatch(r"\d+[smhd]", named["AGE"]), row


def test_the_drawn_pictures_are_of_today(tmp_path: Path) -> None:
    assert outdated(FOLDER) == [], "run: make generate"
    assert outdated(tmp_path) == [*PICTURES], "a picture that is not there is seen"


def test_each_picture_is_shown_and_small() -> None:
    pages = "".join(page.read_text() for page in PAGES)
    files = sorted(FOLDER.iterdir())
    assert [file.name for file in files if f"pictures/{file.name}" not in pages] == []
    assert {*PICTURES} <= {file.name for file in files}
    assert [file.name for file in files if file.stat().st_size > 400_000] == []


def test_the_picture_of_the_architecture_names_what_there_is() -> None:
    text = (FOLDER / "architecture.svg").read_text()
    assert [name for name in architecture.PACKAGES if name not in text] == []
    assert [name for name in architecture.PACKAGES if not (ROOT / "operator" / "zilliz_jobs" / name).exists()] == []


def test_the_picture_of_the_demo_has_objects_of_its_story() -> None:
    seen = yaml.safe_load(commands.DEMO.read_text())
    assert {one["object"] for one in seen["objects"]} <= {*names_of(Story())}
