"""Who comes to the repository meets forms that work, and no address that nobody answers."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FORMS = sorted(path for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")
PUBLIC = [
    *ROOT.glob("*.md"),
    *ROOT.glob(".*.yaml"),
    *(path for name in (".github", ".devcontainer") for path in (ROOT / name).rglob("*") if path.is_file()),
]


def test_every_pattern_of_the_owners_is_of_files_that_are_there() -> None:
    """After a move nobody would be asked any more about what may send a job twice."""
    lines = (ROOT / ".github/CODEOWNERS").read_text().splitlines()
    patterns = [line.split()[0] for line in lines if line and not line.startswith("#")]
    assert patterns[0] == "*", "later patterns count before it"
    assert [one for one in patterns[1:] if not (ROOT / one.strip("/")).exists()] == []
    assert all((ROOT / one.strip("/")).is_dir() == one.endswith("/") for one in patterns[1:])


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_a_form_asks_for_each_thing_once(form: Path) -> None:
    read = yaml.safe_load(form.read_text())
    assert {"name", "description", "body"} <= set(read)
    asked: list[dict[str, Any]] = [part for part in read["body"] if part["type"] != "markdown"]
    ids, labels = [part["id"] for part in asked], [part["attributes"]["label"] for part in asked]
    assert (len(set(ids)), len(set(labels))) == (len(asked), len(asked)), "the platform refuses the form"
    assert any(part.get("validations", {}).get("required") for part in asked)


def test_a_vulnerability_is_sent_to_the_private_way_and_not_to_a_form() -> None:
    assert yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/config.yml").read_text())["blank_issues_enabled"] is False
    assert "SECURITY.md" in (ROOT / ".github/ISSUE_TEMPLATE/bug.yml").read_text()
    assert "Report a\nvulnerability" in (ROOT / "SECURITY.md").read_text()


def test_no_address_is_named_that_nobody_may_answer() -> None:
    """A report that goes to an invented address is lost, or read by whoever owns it."""
    mail = re.compile(r"[\w.+-]+@[\w-]+\.[a-z]{2,}")
    assert mail.search("a@example.org")
    assert len(PUBLIC) > 10
    assert {path.name: mail.findall(path.read_text()) for path in PUBLIC if mail.search(path.read_text())} == {}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert not {"urls", "authors", "maintainers"} & set(project), "say in decision 22 where it is known from"
