"""What a person sees of the dashboard: names that are cut, and ages below 0, are seen too late by their authors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import promql_parser
import pytest
from tests.unit.telemetry import panelsize, promql
from tests.unit.telemetry.panelsize import Panel, plain, too_much

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.jobs.deletions import Leftover
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.telemetry import catalogue, metrics
from zilliz_local.cloud.services import PUBLIC

DASHBOARD = Path(__file__).parents[3] / "charts" / "zilliz-jobs-operator" / "files" / "dashboard.json"
PANELS: list[Panel] = json.loads(DASHBOARD.read_text())["panels"]
BY_TITLE = {panel["title"]: panel for panel in PANELS}
QUERIES = [(panel["title"], target["expr"]) for panel in PANELS for target in panel.get("targets", ())]

KINDS = frozenset(kind.resource.kind for kind in JOB_KINDS)
ROUTES = frozenset(re.sub(r" /_data/\{clusterId\}", " ", route.endpoint) for route in PUBLIC.all)
"""Those of the simulated cloud: all that the operator calls, and more."""
CLOUD_OUTCOMES = {"ok", "refused", "not_found", "unauthorised", "forbidden", "throttled", "unavailable", "unreadable"}
OF_THE_LABEL: dict[str, frozenset[str] | None] = {
    "kind": KINDS,
    "state": frozenset(State),
    "reason": frozenset(Reason),
    "answer": frozenset(metrics.ANSWERS),
    "request": frozenset(metrics.REQUESTS),
    "by": frozenset(metrics.ASKERS),
    "rank": frozenset(metrics.RANKS),
    "route": ROUTES,
    "code": frozenset({"none", "200", "429", "120110"}),
    "replica": frozenset({"x7k2p", "10.244.113.237:8080"}),
    **dict.fromkeys(("object_namespace", "schedule", "target"), None),
}
OUTCOMES = {
    catalogue.DELETED: frozenset(Leftover),
    catalogue.REQUESTS: frozenset(metrics.OUTCOMES),
    catalogue.SCHEDULE_RUNS: frozenset(metrics.RUNS),
    catalogue.BACKUP_DELETIONS: frozenset(metrics.BACKUP_DELETIONS),
    catalogue.CLOUD_REQUESTS: frozenset(CLOUD_OUTCOMES),
    catalogue.PASSES: frozenset({"learnt", "fruitless", "hung"}),
    catalogue.STATUS_WRITES: frozenset({"none", "minor", "turn", "major", "state", "progress", "listed"}),
}


def values(expression: str) -> Mapping[str, frozenset[str] | None]:
    """Of the labels, as the metrics of the expression have them."""
    names = {one.name for one in promql.selectors(promql.parse(plain(expression)))}
    known = dict(OF_THE_LABEL)
    for family, outcomes in OUTCOMES.items():
        if family.name in names:
            known["outcome"] = outcomes
    if catalogue.WATCH_SILENT.name in names:
        known["kind"] = frozenset(resource.kind for resource in RESOURCES)
    return known


@pytest.mark.parametrize("panel", [p for p in PANELS if p["type"] != "row"], ids=lambda panel: panel["title"])
def test_the_longest_names_fit_into_their_panel(panel: Panel) -> None:
    assert too_much(panel, values) == []


def changed(title: str, expr: str, legend: str, **more: Any) -> Panel:
    panel: Panel = BY_TITLE[title]
    target = panel["targets"][0]
    return panel | more | {"targets": [target | {"expr": expr, "legendFormat": legend}]}


BELOW = {"legend": {"displayMode": "list", "placement": "bottom"}}
TOO_MUCH = [
    (changed("Further attempts", "sum by (kind, by) (zilliz_jobs_retries_total)", "{{kind}} by {{by}}"), "lines"),
    (
        changed(
            "Cancels and retries asked for",
            "sum by (request, outcome) (zilliz_jobs_requests_total)",
            "{{request}} {{outcome}}",
            type="timeseries",
            options=BELOW,
        ),
        "lines",
    ),
    (
        changed("What pending jobs wait for", "sum by (reason) (zilliz_jobs_unfinished_objects)", "{{reason}}"),
        "more rows",
    ),
    (
        changed("Silence of the watches", "max by (kind) (zilliz_jobs_watch_silent_seconds)", "{{kind}}"),
        "more bars",
    ),
    (changed("Who leads", "zilliz_jobs_leader", "replica of the operator {{replica}}"), "wider than its room"),
    (BY_TITLE["Failures by route and code"] | {"gridPos": {"x": 0, "y": 0, "w": 8, "h": 8}}, "the columns need"),
    (BY_TITLE["Leaders"] | {"title": "How many of the replicas lead"}, "the title"),
]


@pytest.mark.parametrize(("panel", "said"), TOO_MUCH, ids=lambda one: one["title"] if isinstance(one, dict) else "")
def test_what_does_not_fit_is_seen(panel: Panel, said: str) -> None:
    assert any(said in sentence for sentence in too_much(panel, values))


def test_no_legend_names_what_is_anybodys_choice() -> None:
    named = changed("Who leads", "zilliz_jobs_schedule_failed", "{{schedule}}")
    with pytest.raises(AssertionError, match="anybody's choice"):
        too_much(named, values)


def unclamped(expression: str) -> list[str]:
    """The times, and differences of times, of which nobody says that they are not below 0."""
    return list(_unclamped(promql.parse(plain(expression)), clamped=False))


def _unclamped(node: Any, *, clamped: bool) -> Iterator[str]:
    inside = clamped
    if isinstance(node, promql_parser.Call):
        if node.func.name == "time" and not clamped:
            yield "time()"
        if node.func.name == "clamp_min":
            least = node.args[1]
            inside = isinstance(least, promql_parser.NumberLiteral) and float(least.val) == 0
    if isinstance(node, promql_parser.VectorSelector) and node.name.endswith("_timestamp_seconds") and not clamped:
        yield node.name
    for part in ("expr", "lhs", "rhs", "args"):
        inner = getattr(node, part, None)
        for one in inner if isinstance(inner, list) else [inner]:
            if type(one).__module__ == promql_parser.VectorSelector.__module__:
                yield from _unclamped(one, clamped=inside)


@pytest.mark.parametrize(("title", "expression"), QUERIES)
def test_no_age_is_below_0(title: str, expression: str) -> None:
    """The clock of Prometheus is not the cloud's, and a scrape is older than the moment at which it is shown."""
    assert unclamped(expression) == []


def test_ages_are_asked_for_at_all() -> None:
    """And seen where they are not clamped."""
    assert sum("clamp_min" in expression for _, expression in QUERIES) >= 5
    assert unclamped("max(time() - zilliz_jobs_oldest_unfinished_timestamp_seconds)") == [
        "time()",
        "zilliz_jobs_oldest_unfinished_timestamp_seconds",
    ]
    assert unclamped("clamp_min(time() - zilliz_jobs_oldest_unfinished_timestamp_seconds, -9)") != []


@pytest.mark.parametrize(("title", "expression"), QUERIES)
def test_a_quantile_of_nothing_is_not_shown(title: str, expression: str) -> None:
    """It is NaN, which a table shows as a row."""
    assert ("histogram_quantile" in expression) == (
        re.search(r"histogram_quantile\(.*\) >= 0\)?$", expression) is not None
    )


def test_what_may_be_empty_says_so_in_its_own_word() -> None:
    """`No data` reads as a fault of the monitoring."""
    lists = [panel for panel in PANELS if panel["type"] in ("table", "bargauge")]
    assert [panel["title"] for panel in lists if panel["fieldConfig"]["defaults"].get("noValue") != "None"] == []
    assert len(lists) >= 6


def test_the_room_grows_with_the_panel() -> None:
    small, wide = ({"gridPos": {"w": w, "h": h}} for w, h in ((6, 7), (12, 8)))
    assert panelsize.width(small) < panelsize.width(wide) < panelsize.SCREEN / 2
    assert panelsize.height(small) < panelsize.height(wide)
