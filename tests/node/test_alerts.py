"""Each alert of the chart in a real Prometheus: it fires by its cause, the commands of its runbook work while it
fires, and it is ended by its cure.

All times of the rules are a sixtieth, those of hours a six-hundredth.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import chain

import pytest
import yaml
from tests.node.alertstage import Stage
from tests.node.monitoring import Monitoring, monitoring
from tests.node.rounds import ROUNDS, Step
from tests.node.runbook import run
from tests.node.stage import FULL_NAME, NAMESPACE, Chart
from tests.node.told import SENTENCE
from tests.support.charted import CHART
from tests.support.cloud import LoopThread, fresh_cloud
from tests.support.controlplane.binaries import UnavailableError
from tests.support.node.machine import ADDRESS
from tests.support.runbooks import commands, filled

pytestmark = pytest.mark.controlplane

LONG = 240.0
"""Seconds: longer than the longest time that any rule waits."""
ALERTS = {*chain(*chain(*ROUNDS))}


@pytest.fixture(scope="module")
def watched(chart: Chart, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitoring]:
    try:
        with monitoring(chart, tmp_path_factory.mktemp("monitoring")) as made:
            yield made
    except UnavailableError as error:
        pytest.skip(f"{SENTENCE}: {error}")


def test_each_alert_of_the_chart_is_caused() -> None:
    groups = yaml.safe_load((CHART / "files/alerts.yaml").read_text())["groups"]
    assert sorted(ALERTS) == sorted(rule["alert"] for group in groups for rule in group["rules"])


def test_prometheus_takes_every_rule_and_reads_both_replicas(watched: Monitoring) -> None:
    """Else an alert that nobody has seen would be silent for ever."""
    assert watched.rules().keys() == ALERTS
    watched.until("each rule has been judged", lambda: set(watched.rules().values()) == {"ok"})
    assert watched.value("sum(zilliz_jobs_leader)") == 1.0


class Round:
    """Causes what is in `steps`, each with a user and a cloud of its own."""

    def __init__(self, watched: Monitoring, chart: Chart, simulators: LoopThread, steps: tuple[Step, ...]) -> None:
        self._watched, self._chart, self._simulators, self._steps = watched, chart, simulators, steps
        self._stages: dict[str, Stage] = {}
        self._cures: dict[str, ExitStack] = {}
        self._began: dict[str, datetime] = {}
        self._told: dict[str, str] = {}

    def play(self) -> None:
        with ExitStack() as ends:
            for alert, trouble in chain(*(step.items() for step in self._steps)):
                stage = self._stages[alert] = self._stage(ends)
                cure = self._cures[alert] = ExitStack()
                ends.callback(cure.close)  # which cures after a failure, too: what comes next needs an operator
                self._began[alert] = datetime.now(UTC)
                cure.enter_context(trouble(stage))
            for step in self._steps:
                self._see_fire({*step})
                for alert in step:
                    self._cures[alert].close()
            cured = time.monotonic()
            for alert in self._stages:
                self._watched.until(f"{alert} ends", lambda alert=alert: not self._fires(alert))
                print(f"\r{alert}: {self._told[alert]}, ended {time.monotonic() - cured:.0f} s after the cures")

    def _stage(self, ends: ExitStack) -> Stage:
        cloud = ends.enter_context(fresh_cloud(self._simulators, host=ADDRESS))
        user = self._chart.user()
        user.connect(cloud, settle=0)
        ends.callback(user.clear)
        return Stage(self._chart, cloud, user, {"namespace": NAMESPACE, "operator": FULL_NAME, "ns": user.namespace})

    def _fires(self, alert: str) -> bool:
        """By its cause here, not by one of a round before."""
        return alert in self._watched.firing(since=self._began[alert], **self._stages[alert].labels)

    def _see_fire(self, left: set[str]) -> None:
        """And run the commands of each as soon as it does."""

        def more() -> bool:
            for alert in sorted(left):
                if self._fires(alert):
                    self._told[alert] = (
                        f"fired {(datetime.now(UTC) - self._began[alert]).seconds} s after its cause began"
                    )
            for alert in left & self._told.keys():
                for command in commands(alert):
                    run(self._chart, filled(command, self._stages[alert].names))
                left.remove(alert)
            return not left

        try:
            self._watched.until("all fire", more, LONG)
        except AssertionError as error:
            raise AssertionError(f"of these not all was seen: {sorted(left)}; {self._told}\n{error}") from error


@pytest.mark.parametrize("steps", ROUNDS, ids=["+".join(chain(*steps)) for steps in ROUNDS])
def test_alerts_fire_by_their_causes_and_are_ended_by_their_cures(
    watched: Monitoring, chart: Chart, simulators: LoopThread, steps: tuple[Step, ...]
) -> None:
    """Who is woken must find what the page promises: commands that work while it lasts, and an end."""
    Round(watched, chart, simulators, steps).play()
