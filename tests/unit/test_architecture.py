"""Whoever finds the way into the code by docs/architecture.md must not be led to what is not there, or not so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "operator" / "zilliz_jobs"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGES = {path.parent.name for path in SOURCE.glob("*/__init__.py")}


def test_every_file_and_package_that_is_named_exists() -> None:
    files = set(re.findall(r"[\w/]+\.py\b", PAGE))
    assert len(files) > 50
    assert sorted(name for name in files if not (SOURCE / name).is_file()) == []
    packages = set(re.findall(r"`(\w+)/`|\[\"(\w+)/", PAGE))
    assert {one or other for one, other in packages} <= PACKAGES


def test_every_package_is_drawn() -> None:
    drawn = set(re.findall(r"\[\"(\w+)/:", PAGE))
    assert drawn == PACKAGES - {"cli"}, "cli is told of below the drawing"


def test_no_arrow_of_the_drawing_is_one_that_the_import_contract_forbids() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(one["layers"] for one in contracts["contracts"] if one["name"] == "layers")
    level = {name.split(".")[1]: n for n, row in enumerate(layers) for name in row.split(" | ")}
    assert set(level) - {"main"} == PACKAGES
    drawing = PAGE.partition("```mermaid\n")[2].partition("```")[0]
    arrows = re.findall(r"^ *(\w+)(?:\[.*?\])? --> (\w+)", drawing, re.MULTILINE)
    assert len(arrows) > 10
    assert [(one, other) for one, other in arrows if level[one] >= level[other]] == []


def test_the_drawing_of_the_walk_and_the_walk_have_the_same_steps() -> None:
    drawing, _, text = PAGE.partition("## One ImportJob")[2].partition("\n```\n")
    drawn = {int(number) for number in re.findall(r"\"(\d+) \w+", drawing)} | {
        int(number) for number in re.findall(r"\{\"(\d+) ", drawing)
    }
    told = {int(number) for number in re.findall(r"^(\d+)\. \*\*", text, re.MULTILINE)}
    assert drawn == told == set(range(1, len(told) + 1))


def test_the_glossary_explains_each_word_once() -> None:
    words = re.findall(r"^\| ([a-z][^|]*) \|", PAGE.partition("## Glossary")[2], re.MULTILINE)
    assert len(words) >= 25
    assert len(words) == len(set(words))
