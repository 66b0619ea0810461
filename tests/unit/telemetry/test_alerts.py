"""An alert on a name that does not exist never fires, and nobody notices. So all are held against the registry."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.telemetry import promql
from tests.unit.telemetry.panelsize import plain
from tests.unit.telemetry.promql import SPAN, Scrape, World

from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.telemetry import catalogue
from zilliz_jobs.telemetry.live import Reading
from zilliz_jobs.telemetry.metrics import Metrics

ROOT = Path(__file__).parents[3]
FILES = ROOT / "charts" / "zilliz-jobs-operator" / "files"
GROUPS = yaml.safe_load((FILES / "alerts.yaml").read_text())["groups"]
RULES: dict[str, dict[str, Any]] = {rule["alert"]: rule for group in GROUPS for rule in group["rules"]}
DASHBOARD = json.loads((FILES / "dashboard.json").read_text())
OF_THE_SCRAPE = {"namespace", "job", "pod", "instance", "container", "service", "endpoint", "node"}
NOW = 1_800_000_000.0


def _expressions() -> Iterator[tuple[str, str]]:
    for name, rule in RULES.items():
        yield name, rule["expr"]
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            yield f"panel {panel['title']} {target['refId']}", plain(target["expr"])


EXPRESSIONS = dict(_expressions())


def _in_registry() -> dict[str, set[str]]:
    """Every series name with its labels, as the registry's own collectors have them."""
    known: dict[str, set[str]] = {}
    for family in catalogue.FAMILIES:
        names = [family.name]
        extra: set[str] = set()
        if family.type == "histogram":
            names, extra = [f"{family.name}_{end}" for end in ("bucket", "sum", "count")], {"le"}
        known |= {name: {*family.labels, *extra} for name in names}
    return known


KNOWN = _in_registry()


class TestNames:
    def test_the_catalogue_is_what_the_registry_holds(self) -> None:
        families = {f"{f.name}_total" if f.type == "counter" else f.name: f for f in Metrics().registry.collect()}
        assert {n: f.type for n, f in families.items()} == {f.name: f.type for f in catalogue.FAMILIES}
        assert [n for n, f in families.items() if not f.documentation] == []

    def test_no_label_is_called_as_one_that_a_scrape_adds(self) -> None:
        """Prometheus would rename it to exported_..., and every rule that names it would be silent."""
        assert not [f.name for f in catalogue.FAMILIES if OF_THE_SCRAPE & set(f.labels)]

    def test_names_follow_the_conventions_of_prometheus(self) -> None:
        for family in catalogue.FAMILIES:
            assert re.fullmatch(r"zilliz_jobs_[a-z_]+", family.name)
            assert family.name.endswith("_total") == (family.type == "counter"), family.name
            assert not re.search(r"_(ms|minutes|hours|days|percent)\b", family.name)


@pytest.mark.parametrize("where", EXPRESSIONS)
def test_every_metric_and_label_that_is_asked_for_exists(where: str) -> None:
    tree = promql.parse(EXPRESSIONS[where])
    named = list(promql.selectors(tree))
    assert named, "it asks for no metric at all"
    for one in named:
        assert one.name in KNOWN, f"{where}: there is no metric {one.name}"
        strange = {m.name for m in one.matchers.matchers} - KNOWN[one.name] - OF_THE_SCRAPE
        assert not strange, f"{where}: {one.name} has no label {strange}"
    for node, labels in promql.grouped_by(tree):
        had = {label for one in promql.selectors(node) for label in KNOWN[one.name]} | OF_THE_SCRAPE
        assert not set(labels) - had, f"{where}: nothing is grouped by {set(labels) - had}"


@pytest.mark.parametrize("where", EXPRESSIONS)
def test_every_value_that_is_asked_for_can_occur(where: str) -> None:
    """A reason with a typing error matches nothing for ever."""
    states = {"Pending", "InProgress", "Successful", "Failed", "Canceled", "Unknown"}
    outcomes = {"ok", "refused", "not_found", "unauthorised", "forbidden", "throttled", "unavailable", "unreadable"}
    outcomes |= {"learnt", "fruitless", "hung"}  # of passes
    outcomes |= {"started", "succeeded", "failed", "missed"}  # of runs
    outcomes |= {"gone", "stays", "unclear"}  # of deletions of backups
    values = {"reason": {str(r) for r in Reason}, "state": states, "outcome": outcomes}
    for one in promql.selectors(promql.parse(EXPRESSIONS[where])):
        for matcher in one.matchers.matchers:
            asked = set(matcher.value.split("|")) - {".*"}
            assert asked <= values.get(matcher.name, asked)


@pytest.mark.parametrize("name", RULES)
def test_every_alert_says_what_it_is_and_where_to_read_on(name: str) -> None:
    rule = RULES[name]
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert {"summary", "description", "runbook_url"} <= set(rule["annotations"])
    assert rule["annotations"]["runbook_url"] == f"docs/operations.md#{name.lower()}"
    kept = {label for _, labels in promql.grouped_by(promql.parse(rule["expr"])) for label in labels}
    used = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
    assert used <= kept, "the text would have holes"


def test_every_alert_has_its_section_and_every_section_its_alert() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    assert sorted(re.findall(r"^### (ZillizJobs\w+)$", page, re.MULTILINE)) == sorted(RULES)
    linked = set(re.findall(r"\]\(#(zillizjobs\w+)\)", page))
    assert linked <= {name.lower() for name in RULES}


def test_the_dashboard_can_be_loaded() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [panel["gridPos"] for panel in panels]
    cells = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(cells) == len(set(cells)), "panels lie upon one another"
    assert all(p["x"] + p["w"] <= 24 for p in places)
    assert {v["name"] for v in DASHBOARD["templating"]["list"]} == {"datasource", "kind"}


def test_the_dashboard_leaves_nothing_out() -> None:
    shown = {one.name for text in EXPRESSIONS.values() for one in promql.selectors(promql.parse(text))}
    asked = {re.sub(r"_(bucket|sum|count)$", "", name) for name in shown}
    assert {family.name for family in catalogue.FAMILIES} - asked == set()


# -- when they fire, and when not ---------------------------------------------------------------------------------


def scrape(metrics: Metrics, pod: str = "a") -> Scrape:
    added = {"namespace": "zilliz", "job": "operator", "pod": pod}
    return {
        (sample.name, frozenset({**sample.labels, **added}.items())): sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
    }


class Pod:
    """A replica: what it counted, and what it shows."""

    def __init__(self, name: str = "a") -> None:
        self.name, self.metrics = name, Metrics()
        self.metrics.begin(["BackupJob", "ImportJob"], rows=["ProjectJob"], watched=["BackupJob", "ImportJob"])
        self.shows: dict[catalogue.Family, list[tuple[tuple[str, ...], float]]] = {
            catalogue.LEADER: [((), 1.0)],
            catalogue.CONNECTION_READY: [(("ns", "default"), 1.0)],
            catalogue.QUEUE_OLDEST: [((), 2.0)],
            catalogue.CLOCK_SKEW: [((), -0.4)],
            catalogue.WATCH_SILENT: [(("ImportJob",), 1.0)],
            catalogue.KIND_WATCHED: [(("ImportJob",), 1.0)],
            catalogue.OLDEST: [
                (("ImportJob", "InProgress", "InProgress"), NOW - 60),
                (("ImportJob", "Pending", "Suspended"), NOW - 9e5),  # a person holds it back
                (("MigrationJob", "InProgress", "InProgress"), NOW - 9e5),  # zero downtime
            ],
            catalogue.UNFINISHED: [(("ImportJob", "InProgress", "InProgress"), 1.0)],
            catalogue.LAST_SUCCESS: [(("BackupJob", "ns", "in01"), NOW - 3600), (("ImportJob", "ns", "x"), 1.0)],
            catalogue.HIDDEN_TARGETS: [((), 0.0)],
            catalogue.SCHEDULE_FAILED: [(("ns", "nightly"), 0.0)],
            catalogue.SCHEDULE_NEXT: [(("ns", "nightly"), NOW + 3600)],
        }
        self.metrics.read_from(self._read)
        for _ in range(100):
            self.metrics.called("GET /v2/jobs/{jobId}", "ok", "200", 0.1)
        self.metrics.called("GET /v2/jobs/{jobId}", "throttled", "429", 0.1)
        self.metrics.called("GET /v2/jobs/{jobId}", "unavailable", "none", 0.1)
        self.metrics.called("GET /v2/jobs/{jobId}", "unreadable", "302", 0.1)
        self.metrics.crd_outdated.labels("ImportJob").set(0)

    def _read(self) -> Reading:
        return self.shows

    def show(self, family: catalogue.Family, labels: tuple[str, ...], figure: float) -> None:
        self.shows[family] = [*(row for row in self.shows[family] if row[0] != labels), (labels, figure)]

    def calls(self, outcome: str, times: int) -> None:
        for _ in range(times):
            self.metrics.called("GET /v2/jobs/{jobId}", outcome, "x", 0.1)


def fired(pods: list[Pod], happens: Any = lambda: None) -> set[str]:
    """The alerts, `SPAN` seconds after the first scrape; `happens` in between."""
    then = {key: value for pod in pods for key, value in scrape(pod.metrics, pod.name).items()}
    for pod in pods:
        pod.calls("ok", 100)
    happens()
    now = {key: value for pod in pods for key, value in scrape(pod.metrics, pod.name).items()}
    world = World(then, now, NOW)
    return {name for name, rule in RULES.items() if world.fires(rule["expr"])}


def test_nobody_is_woken_while_all_is_well() -> None:
    leader, standby = Pod("a"), Pod("b")
    standby.shows = {catalogue.LEADER: [((), 0.0)], catalogue.WATCH_SILENT: []}
    assert fired([leader, standby]) == set()
    assert SPAN <= 600


def _gone(pod: Pod) -> None:
    pod.shows = {}


def _deletions(pod: Pod, outcome: str, times: int) -> None:
    for _ in range(times):
        pod.metrics.backup_deletions.labels(outcome).inc()


CASES: list[tuple[str, Any]] = [
    ("ZillizJobsNoLeader", lambda pod: pod.show(catalogue.LEADER, (), 0.0)),
    ("ZillizJobsNoLeader", _gone),
    ("ZillizJobsCRDOutdated", lambda pod: pod.metrics.crd_outdated.labels("ImportJob").set(1)),
    ("ZillizJobsWatchStale", lambda pod: pod.show(catalogue.WATCH_SILENT, ("ImportJob",), 200.0)),
    ("ZillizJobsKindNotWatched", lambda pod: pod.show(catalogue.KIND_WATCHED, ("ImportJob",), 0.0)),
    ("ZillizJobsSwept", lambda pod: pod.metrics.swept.labels("ImportJob").inc()),
    ("ZillizJobsPassHung", lambda pod: pod.metrics.passes.labels("ImportJob", "hung").inc()),
    ("ZillizJobsClockOff", lambda pod: pod.show(catalogue.CLOCK_SKEW, (), 3600.0)),
    ("ZillizJobsClockOff", lambda pod: pod.show(catalogue.CLOCK_SKEW, (), -45.0)),
    ("ZillizJobsQueueStuck", lambda pod: pod.show(catalogue.QUEUE_OLDEST, (), 900.0)),
    ("ZillizJobsJobFailed", lambda pod: pod.metrics.finished.labels("ImportJob", "Failed").inc()),
    ("ZillizJobsJobFailed", lambda pod: pod.metrics.finished.labels("ImportJob", "Unknown").inc()),
    (
        "ZillizJobsJobStuck",
        lambda pod: pod.show(catalogue.OLDEST, ("BackupJob", "InProgress", "InProgress"), NOW - 50_000),
    ),
    (
        "ZillizJobsJobWaiting",
        lambda pod: pod.show(catalogue.OLDEST, ("BackupJob", "Pending", "BackupSlotBusy"), NOW - 4000),
    ),
    (
        "ZillizJobsSubmissionUnknown",
        lambda pod: pod.show(catalogue.UNFINISHED, ("ImportJob", "Unknown", "SubmissionUnknown"), 1.0),
    ),
    ("ZillizJobsScheduleFailed", lambda pod: pod.show(catalogue.SCHEDULE_FAILED, ("ns", "nightly"), 1.0)),
    ("ZillizJobsScheduleMissed", lambda pod: pod.metrics.schedule_runs.labels("missed").inc()),
    ("ZillizJobsScheduleLate", lambda pod: pod.show(catalogue.SCHEDULE_NEXT, ("ns", "nightly"), NOW - 900)),
    ("ZillizJobsBackupNotDeleted", lambda pod: _deletions(pod, "stays", 2) or _deletions(pod, "unclear", 2)),
    ("ZillizJobsTargetsHidden", lambda pod: pod.show(catalogue.HIDDEN_TARGETS, (), 5.0)),
    ("ZillizJobsConnectionNotReady", lambda pod: pod.show(catalogue.CONNECTION_READY, ("ns", "default"), 0.0)),
    ("ZillizJobsCloudErrors", lambda pod: pod.calls("unavailable", 50)),
    ("ZillizJobsCloudUnreadable", lambda pod: pod.calls("unreadable", 5)),
    ("ZillizJobsBudgetShort", lambda pod: [pod.metrics.turned_away("effect") for _ in range(20)]),
]
ELSEWHERE = {"ZillizJobsTwoLeaders", "ZillizJobsCloudRateLimited", "ZillizJobsBackupTooOld"}
"""Their stories are longer, and told below."""


def test_every_alert_is_seen_to_fire() -> None:
    assert {case[0] for case in CASES} | ELSEWHERE == set(RULES)


@pytest.mark.parametrize(("name", "happens"), CASES)
def test_it_fires_and_no_other_does(name: str, happens: Any) -> None:
    pod = Pod()
    pod.calls("unavailable", 1)
    pod.calls("unreadable", 1)
    assert fired([pod], lambda: happens(pod)) == {name}


def test_throttling_fires_and_is_no_error_of_the_cloud() -> None:
    pod = Pod()
    pod.calls("throttled", 1)
    assert fired([pod], lambda: pod.calls("throttled", 10)) == {"ZillizJobsCloudRateLimited"}


def test_a_backup_that_grows_old_is_told() -> None:
    pod = Pod()
    pod.show(catalogue.LAST_SUCCESS, ("BackupJob", "ns", "in01"), NOW - 130_000)
    assert fired([pod]) == {"ZillizJobsBackupTooOld"}


def test_backups_that_stopped_are_told_though_their_objects_are_gone() -> None:
    """A schedule that broke, and a time to live that removed the last of its objects: nothing is left to count."""
    pod = Pod()
    pod.show(catalogue.LAST_SUCCESS, ("BackupJob", "ns", "in01"), NOW - 130_000)

    def removed() -> None:
        pod.shows[catalogue.LAST_SUCCESS] = []

    assert fired([pod], removed) == {"ZillizJobsBackupTooOld"}


def test_a_backup_that_something_reads_for_once_wakes_nobody() -> None:
    pod = Pod()
    assert fired([pod], lambda: _deletions(pod, "stays", 1) or _deletions(pod, "gone", 9)) == set()


def test_an_old_import_is_nobodys_worry() -> None:
    pod = Pod()
    pod.show(catalogue.LAST_SUCCESS, ("ImportJob", "ns", "x"), NOW - 9e6)
    assert fired([pod]) == set()


def test_two_replicas_that_lead_are_told() -> None:
    assert fired([Pod("a"), Pod("b")]) == {"ZillizJobsTwoLeaders"}


def test_two_operators_of_two_installations_are_not_two_leaders() -> None:
    leads = {("zilliz_jobs_leader", frozenset({("namespace", name), ("job", "operator")})): 1.0 for name in "ab"}
    assert World({}, leads, NOW).fires(RULES["ZillizJobsTwoLeaders"]["expr"]) == {}
    assert World({}, leads, NOW).fires(RULES["ZillizJobsNoLeader"]["expr"]) == {}
