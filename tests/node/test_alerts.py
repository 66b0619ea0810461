"""Alerts of the chart in a real Prometheus: each fires by its cause, and is ended by its cure. While it fires, the
commands of its runbook work.

All times of the rules are a sixtieth, those of hours a six-hundredth.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import yaml
from tests.node.monitoring import Monitoring, monitoring
from tests.node.runbook import run
from tests.node.stage import FULL_NAME, NAMESPACE, Chart
from tests.node.told import SENTENCE
from tests.node.troubles import NOT_CAUSED, TROUBLES, UNTRIED, Stage
from tests.support.charted import CHART
from tests.support.cloud import Cloud
from tests.support.controlplane.binaries import UnavailableError
from tests.support.runbooks import commands, filled

pytestmark = pytest.mark.controlplane

LONG = 300.0
"""Seconds: longer than the longest time that any rule waits."""


@pytest.fixture(scope="module")
def watched(chart: Chart, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitoring]:
    try:
        with monitoring(chart, tmp_path_factory.mktemp("monitoring")) as made:
            yield made
    except UnavailableError as error:
        pytest.skip(f"{SENTENCE}: {error}")


@pytest.fixture
def stage(chart: Chart, cloud: Cloud) -> Iterator[Stage]:
    user = chart.user()
    user.connect(cloud, settle=0)
    yield Stage(chart, cloud, user, {"namespace": NAMESPACE, "operator": FULL_NAME, "ns": user.namespace})
    user.clear()


def test_each_alert_of_the_chart_is_caused_or_said_not_to_be() -> None:
    groups = yaml.safe_load((CHART / "files/alerts.yaml").read_text())["groups"]
    alerts = [rule["alert"] for group in groups for rule in group["rules"]]
    assert sorted(alerts) == sorted([*TROUBLES, *UNTRIED, *NOT_CAUSED])


def test_prometheus_takes_every_rule_and_reads_both_replicas(watched: Monitoring) -> None:
    """Else an alert that nobody has seen would be silent for ever."""
    assert watched.rules().keys() == TROUBLES.keys() | UNTRIED.keys() | NOT_CAUSED.keys()
    watched.until("each rule has been judged", lambda: set(watched.rules().values()) == {"ok"})
    assert watched.value("sum(zilliz_jobs_leader)") == 1.0


untried = pytest.mark.skipif(
    "ALERTS_UNTRIED" not in os.environ, reason="nobody has seen it fire yet: ALERTS_UNTRIED=1"
)


@pytest.mark.parametrize("alert", [*TROUBLES, *(pytest.param(alert, marks=untried) for alert in UNTRIED)])
def test_an_alert_fires_by_its_cause_and_is_ended_by_its_cure(
    watched: Monitoring, chart: Chart, stage: Stage, alert: str
) -> None:
    """Who is woken must find what the page promises: commands that work while it lasts, and an end."""
    watched.until(f"{alert} does not fire yet", lambda: alert not in watched.firing())
    with (TROUBLES | UNTRIED)[alert](stage):
        fired = watched.until(f"{alert} fires", lambda: alert in watched.firing(), LONG)
        for command in commands(alert):
            run(chart, filled(command, stage.names))
    ended = watched.until(f"{alert} ends", lambda: alert not in watched.firing())
    print(f"{alert}: fired after {fired:.0f} s, ended after {ended:.0f} s")
