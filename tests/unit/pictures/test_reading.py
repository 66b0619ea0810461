"""A picture that shows an empty panel, or an age below 0, must not be taken for a good one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tools.pictures.reading import Span, faults, named, read

DASHBOARD = Path(__file__).parents[3] / "charts" / "zilliz-jobs-operator" / "files" / "dashboard.json"
SPAN = Span(1000.0, 1600.0)


class Answers:
    """A Prometheus that has one series for each question; keeps what it was asked."""

    def __init__(self, figure: str = "3") -> None:
        self.figure = figure
        self.asked: list[str] = []

    def now(self, expression: str, at: float) -> list[Any]:
        self.asked.append(expression)
        return [{"metric": {"kind": "ImportJob"}, "value": [at, self.figure]}]

    def over(self, expression: str, start: float, end: float, step: float) -> list[Any]:
        self.asked.append(expression)
        return [{"metric": {"state": "Failed"}, "values": [[start, self.figure], [end, self.figure]]}]


def graph(unit: str = "short", expr: str = "up", **more: Any) -> dict[str, Any]:
    target = {"refId": "A", "expr": expr, "legendFormat": "{{state}}"}
    return {
        "title": "A",
        "type": "timeseries",
        "targets": [target],
        "fieldConfig": {"defaults": {"unit": unit}},
    } | more


def test_every_panel_of_the_dashboard_can_be_read() -> None:
    source = Answers()
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert faults(read(panels, source, SPAN)) == []
    assert len(source.asked) == sum(len(panel.get("targets", ())) for panel in panels)
    assert not [one for one in source.asked if "$" in one.replace('"$1"', "")], "a variable of Grafana is left"


def test_a_span_fills_the_variables() -> None:
    assert SPAN.fill('x{kind=~"$kind"}[$__range] y[$__rate_interval]') == 'x{kind=~".*"}[600s] y[11s]'


def test_a_series_is_named_by_its_legend() -> None:
    assert named("{{state}} of {{kind}}{{none}}", {"state": "Failed", "kind": "ImportJob"}) == "Failed of ImportJob"


def test_rows_of_the_same_labels_are_one() -> None:
    titles = {"kind": "Kind", "Value #A": "Half", "Value #B": "95 %"}
    panel = graph() | {
        "type": "table",
        "targets": [{"refId": "A", "expr": "a"}, {"refId": "B", "expr": "b"}],
        "transformations": [{"id": "merge"}, {"id": "organize", "options": {"renameByName": titles}}],
    }
    (shown,) = read([panel], Answers(), SPAN)
    assert shown["rows"] == [{"Kind": "ImportJob", "Half": 3.0, "95 %": 3.0}]


@pytest.mark.parametrize(
    ("panel", "figure", "said"),
    [
        (graph(), "3", []),
        (graph(), "NaN", ["A: there is nothing to show"]),
        (graph("s"), "-275", ["A: -275 s is no age"]),
        (graph("short"), "-275", []),
        (graph("s", "zilliz_jobs_clock_skew_seconds"), "-0.3", []),
        (graph(targets=[]), "3", ["A: there is nothing to show"]),
    ],
)
def test_faults_are_told(panel: dict[str, Any], figure: str, said: list[str]) -> None:
    assert faults(read([panel], Answers(figure), SPAN)) == said


def test_one_figure_that_is_none_is_told() -> None:
    panel = graph() | {"series": [{"name": "a", "points": [[1.0, 2.0], [2.0, float("nan")]]}]}
    assert faults([panel]) == ["A: a figure is none"]
