"""The chart's NetworkPolicy, enforced: what it allows comes through, and what it does not is dropped.

Each rule is seen from both sides, as a policy that drops everything would pass half of a test, and one that is not
enforced the other half. The packets are judged behind the Services, so the ports are those of the pods.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.node.policies import enforced
from tests.node.probes import OPEN, REFUSED, SILENCE, Probe, called
from tests.node.stage import NAMESPACE, Chart, PodCloud
from tests.node.told import SENTENCE
from tests.support.node import Node, UnavailableError

pytestmark = pytest.mark.controlplane

API_SERVER = "10.0.0.1"
METRICS, HEALTH, NOBODY = 8080, 8081, 9999
SIMULATOR = 8080
MONITORING = "monitoring"
SETTLE_SECONDS = 2.0


@dataclass
class Stage:
    """`inside`: a probe in a namespace of a team; `monitoring`: one in the namespace of that name."""

    chart: Chart
    cloud: PodCloud
    inside: Probe
    monitoring: Probe

    def policy(self, **values: Any) -> None:
        """From now on; the port of the API server is always one of those that may be called."""
        ports = [443, urlsplit(self.chart.plane.url).port, *values.pop("more", ())]
        self.chart.upgrade(networkPolicy={"enabled": True, "egressPorts": ports} | values)
        time.sleep(SETTLE_SECONDS)  # the engine reads it through a watch

    def pod(self) -> Any:
        return self.chart.pods()[0]

    def out(self, host: str, port: int) -> str:
        return called(self.chart.plane, NAMESPACE, self.pod()["metadata"]["name"], host, port)

    def into(self, probe: Probe, port: int) -> str:
        return probe.call(self.pod()["status"]["podIP"], port)


@pytest.fixture(scope="module")
def stage(cluster_of_one_node: Node, chart: Chart) -> Iterator[Stage]:
    plane = cluster_of_one_node.plane
    try:
        with enforced(cluster_of_one_node):
            user = chart.user()
            plane.client.create_namespace(MONITORING)
            yield Stage(chart, PodCloud(chart, 10.0), Probe(plane, user.namespace), Probe(plane, MONITORING))
            plane.client.delete_namespace(MONITORING)
    except UnavailableError as error:
        pytest.skip(f"{SENTENCE}: {error}")


def test_without_the_policy_everybody_is_let_through(stage: Stage) -> None:
    """Else what is dropped below may be dropped by something else."""
    assert stage.out(API_SERVER, 443) == OPEN
    assert stage.out(stage.cloud.host, 80) == OPEN
    assert [stage.into(stage.inside, port) for port in (METRICS, HEALTH, NOBODY)] == [OPEN, OPEN, REFUSED]


def test_the_operator_calls_the_ports_that_are_named_and_no_others(stage: Stage) -> None:
    """The API server is reached, or nothing works; a cloud beside these ports is not."""
    stage.policy()
    assert stage.out(API_SERVER, 443) == OPEN
    assert stage.out(stage.cloud.host, 80) == SILENCE
    stage.policy(more=[SIMULATOR])
    assert stage.out(stage.cloud.host, 80) == OPEN


def test_metrics_and_probes_can_be_called_and_nothing_else_of_it(stage: Stage) -> None:
    stage.policy()
    assert [stage.into(stage.inside, port) for port in (METRICS, HEALTH, NOBODY)] == [OPEN, OPEN, SILENCE]


def test_the_metrics_are_read_by_those_who_may(stage: Stage) -> None:
    """They tell of all namespaces, so an administrator may want them for the monitoring alone."""
    who = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": MONITORING}}}
    stage.policy(metricsFrom=[who])
    assert stage.into(stage.inside, METRICS) == SILENCE
    assert stage.into(stage.monitoring, METRICS) == OPEN
    assert stage.into(stage.inside, HEALTH) == OPEN


def test_a_job_ends_well_behind_the_policy(stage: Stage) -> None:
    """All that the operator needs is allowed: its leader, its watches, its calls, its probes."""
    stage.policy(more=[SIMULATOR])
    user = stage.chart.user()
    user.connect(stage.cloud)  # type: ignore[arg-type]
    user.backup(stage.cloud).until_ended()  # type: ignore[arg-type]
