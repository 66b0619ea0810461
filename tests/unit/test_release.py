"""The version on an image, in a chart and from the program is the one that the changelog tells of."""

from __future__ import annotations

import re
import shutil
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from tools.release import CHART, PLACES, ROOT, ReleaseError, changelog, differences, notes, stamp, version

from zilliz_jobs import __version__


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The files of this tree that show a version."""
    for name in (*PLACES, "CHANGELOG.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def bump(tree: Path, new: str) -> None:
    file = tree / "pyproject.toml"
    file.write_text(file.read_text().replace(f'\nversion = "{version()}"', f'\nversion = "{new}"', 1))


def write_changelog(tree: Path, *headings: str) -> None:
    text = "".join(f"## {heading}\n\n- Of {heading}.\n\n" for heading in headings)
    (tree / "CHANGELOG.md").write_text(f"# Changelog\n\n{text}")


def test_program_package_chart_image_and_manifests_tell_one_version() -> None:
    assert differences() == []
    installed = {metadata.version(name) for name in ("zilliz-jobs-operator", "zilliz-jobs-local")}
    assert installed == {version()} == {__version__}


def test_the_newest_version_of_the_changelog_is_that_of_the_tree() -> None:
    newest, *released = changelog()
    assert newest.title == version()
    assert all(section.date for section in released), "what is not released stands above all versions"
    numbers = [tuple(map(int, section.title.split("."))) for section in (newest, *released)]
    assert numbers == sorted(set(numbers), reverse=True)
    dates = [section.date for section in (newest, *released) if section.date]
    assert dates == sorted(dates, reverse=True)


def test_no_page_or_manifest_names_an_image_of_another_version() -> None:
    """Of those that no rule stamps, too: a reader would build one image and run another."""
    named = re.compile(r"zilliz-jobs-(?:operator|simulator|local)(?::|-|==)(\d+\.\d+\.\d+)")
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "charts").rglob("*.yaml")]
    pages += [path for path in (ROOT / "deploy").rglob("*") if path.suffix in (".md", ".yaml", "")]
    texts = {path: path.read_text() for path in pages if path.is_file()}
    found = {(str(path.relative_to(ROOT)), one) for path, text in texts.items() for one in named.findall(text)}
    assert found
    assert {one for _, one in found} == {version()}, found


def test_a_bump_reaches_every_place(tree: Path) -> None:
    bump(tree, "9.8.7")
    assert len(differences(tree)) == len(PLACES), "each file that kept the old version is named"
    stamp(tree)
    assert differences(tree) == []
    meta = yaml.safe_load((tree / CHART / "Chart.yaml").read_text())
    assert (meta["version"], meta["appVersion"]) == ("9.8.7", "9.8.7")
    assert "\nARG VERSION=9.8.7\n" in (tree / "Dockerfile").read_text()
    local = tomllib.loads((tree / "operator/zilliz_local/pyproject.toml").read_text())["project"]
    assert local["version"] == "9.8.7"
    assert "zilliz-jobs-operator==9.8.7" in local["dependencies"]
    operator = tomllib.loads((tree / "pyproject.toml").read_text())["project"]
    assert operator["optional-dependencies"]["demo"] == ["zilliz-jobs-local==9.8.7"]
    assert not [name for name in PLACES if version() in (tree / name).read_text()]


@pytest.mark.parametrize("new", ["0.2.0rc1", "0.2", "0.2.0-rc.1", "v0.2.0"])
def test_a_version_that_python_and_helm_read_differently_is_refused(tree: Path, new: str) -> None:
    bump(tree, new)
    with pytest.raises(ReleaseError, match=r"must be three numbers"):
        version(tree)


def test_a_place_that_no_longer_shows_the_version_is_told(tree: Path) -> None:
    """Else it would be left behind by every later bump."""
    (tree / "Dockerfile").write_text("FROM scratch\n")
    with pytest.raises(ReleaseError, match=r"cannot find the version in Dockerfile"):
        differences(tree)


def test_a_release_tells_what_the_changelog_says_of_it(tree: Path) -> None:
    bump(tree, "9.8.7")
    stamp(tree)
    write_changelog(tree, "9.8.7 (2030-01-02)", "0.1.0 (2026-11-26)")
    assert notes("v9.8.7", tree) == "- Of 9.8.7 (2030-01-02).\n"


@pytest.mark.parametrize(
    ("tag", "headings", "cause"),
    [
        ("v9.8.8", ["9.8.7 (2030-01-02)"], "pyproject.toml has version 9.8.7"),
        ("9.8.7", ["9.8.7 (2030-01-02)"], "pyproject.toml has version 9.8.7"),
        ("v9.8.7", ["9.8.7 (unreleased)", "0.1.0 (2026-11-26)"], "CHANGELOG.md calls it unreleased"),
        ("v9.8.7", ["9.8.8 (unreleased)", "9.8.7 (2030-01-02)"], "CHANGELOG.md begins with 9.8.8"),
        ("v9.8.7", ["0.1.0 (2026-11-26)"], "CHANGELOG.md begins with 0.1.0"),
        ("v9.8.7", ["9.8.7"], "cannot read the heading '9.8.7'"),
    ],
    ids=["another version", "no v", "not released", "the next one has begun", "nothing is told of it", "no date"],
)
def test_a_tag_that_the_tree_does_not_bear_out_is_refused(
    tree: Path, tag: str, headings: list[str], cause: str
) -> None:
    bump(tree, "9.8.7")
    stamp(tree)
    write_changelog(tree, *headings)
    with pytest.raises(ReleaseError, match=cause):
        notes(tag, tree)


def test_a_tag_on_a_tree_that_was_not_stamped_is_refused(tree: Path) -> None:
    """The chart would install the image of the release before."""
    bump(tree, "9.8.7")
    write_changelog(tree, "9.8.7 (2030-01-02)")
    with pytest.raises(ReleaseError, match=r"Chart.yaml shows another version"):
        notes("v9.8.7", tree)
