"""What is made of the chart's values.yaml, of the operator's settings and of its kinds: the table in the chart's
README, and what the schema of the values says of `settings` and `jobs`.

python -m tools.chartpages [--check]
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from zilliz_jobs.api.connection import ZILLIZ_CONNECTION
from zilliz_jobs.api.projectjob import PROJECT_JOB
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.settings import Settings

CHART = Path(__file__).parents[1] / "charts" / "zilliz-jobs-operator"
BEGIN, END = "<!-- values: made from values.yaml by `make generate` -->\n", "<!-- end of values -->\n"
_WHERE = (
    "kubeconfig",
    "context",
    "trust_env",
    "namespaces",
    "leader_elect",
    "lease_name",
    "lease_namespace",
    "watch_label_selector",
    "shards",
)
_ENGINE = ("vts_image", "vts_pull_policy", "vts_cluster")
MANAGED = frozenset((*_WHERE, *_ENGINE, "health_port", "metrics_port"))
"""Settings that follow from other values of the chart, or make no sense in a pod."""
ELSEWHERE = (ZILLIZ_CONNECTION, PROJECT_JOB)
"""Kinds that do not stand under `jobs`: one has a place of its own in the values, one is written by the operator."""
BOUNDS = ("type", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "enum", "pattern")


def documented(text: str) -> Iterator[tuple[str, str]]:
    """Path and meaning of each value, and ("", title) where a section begins."""
    where: list[tuple[int, str]] = []
    meaning = ""
    for line in text.splitlines():
        if title := re.fullmatch(r"# == (.+)", line):
            yield "", title[1]
        elif comment := re.fullmatch(r" *# -- (.+)", line):
            meaning = comment[1]
        elif key := re.match(r"( *)([A-Za-z]+):", line):
            depth = len(key[1])
            where = [*(one for one in where if one[0] < depth), (depth, key[2])]
            if meaning:
                yield ".".join(name for _, name in where), meaning
            meaning = ""


def at(values: Any, path: str) -> Any:
    for name in path.split("."):
        values = values[name]
    return values


def table(text: str) -> str:
    values, lines = yaml.safe_load(text), []
    for path, meaning in documented(text):
        if not path:
            lines += ["", f"### {meaning}", "", "| Value | Default | Meaning |", "|---|---|---|"]
            continue
        if not lines:
            lines += ["", "### Names", "", "| Value | Default | Meaning |", "|---|---|---|"]
        default = json.dumps(at(values, path))
        lines.append(f"| `{path}` | `{default}` | {meaning} |")
    return "\n".join([*lines, "", ""])


def readme() -> str:
    before, _, rest = (CHART / "README.md").read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}{table((CHART / 'values.yaml').read_text())}{END}{after}"


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def schema() -> str:
    known: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
    fields = Settings.model_json_schema()["properties"]
    known["properties"]["settings"]["properties"] = {
        camel(name): {key: fields[name][key] for key in BOUNDS if key in fields[name]}
        for name in Settings.model_fields
        if name not in MANAGED
    }
    jobs = known["properties"]["jobs"]["additionalProperties"]["properties"]
    jobs["kind"]["enum"] = [resource.kind for resource in RESOURCES if resource not in ELSEWHERE]
    return json.dumps(known, indent=2) + "\n"


def differences() -> list[str]:
    made = {"README.md": readme(), "values.schema.json": schema()}
    wrong = [name for name, text in made.items() if (CHART / name).read_text() != text]
    return [f"{CHART.name}/{name} is out of date; run make generate" for name in wrong]


def main() -> int:
    if "--check" in sys.argv:
        print("\n".join(differences()), end="", file=sys.stderr)
        return bool(differences())
    (CHART / "README.md").write_text(readme())
    (CHART / "values.schema.json").write_text(schema())
    return 0


if __name__ == "__main__":
    sys.exit(main())
