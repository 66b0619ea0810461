"""The values, their schema and their table in the README say the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml
from tools.chartpages import CHART, at, differences, documented

TEXT = (CHART / "values.yaml").read_text()
VALUES = yaml.safe_load(TEXT)
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
OPEN = {"settings", "resources", "dashboard.labels"}
"""Maps whose keys are the user's, though they have some at first."""


def leaves(values: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in values.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict) and value and path not in OPEN:
            yield from leaves(value, f"{path}.")
        else:
            yield path


def described(schema: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, child in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        if "properties" in child and path not in OPEN:
            assert child["additionalProperties"] is False, f"a slip in {path} would be passed over"
            yield from described(child, f"{path}.")
        else:
            yield path


def test_each_value_is_explained() -> None:
    assert sorted(path for path, _ in documented(TEXT) if path) == sorted(leaves(VALUES))


def test_each_value_is_in_the_schema_and_no_other() -> None:
    assert {*described(SCHEMA)} - {"global"} == {*leaves(VALUES)}
    jsonschema.validate(VALUES, SCHEMA)


def test_what_is_generated_is_up_to_date() -> None:
    assert differences() == []


@pytest.mark.parametrize("path", ["image.repository", "settings", "dashboard.labels"])
def test_the_readme_shows_the_default(path: str) -> None:
    assert f"| `{path}` | `{json.dumps(at(VALUES, path))}` |" in (CHART / "README.md").read_text()
