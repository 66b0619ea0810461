"""What only a node can do to the operator: freeze it, take all power away, roll it over. No submission is sent twice.

The cloud of these tests runs beside the node, so that it goes on whatever becomes of the pods.
"""

from __future__ import annotations

import signal
import time

import pytest
from tests.node.stage import OPERATOR, VALUES, WAIT, Chart, require_once, restarts
from tests.support.cloud import COLLECTIONS, SPEED, Cloud
from tests.support.user import Job, User

pytestmark = pytest.mark.controlplane

SETTLE = 3
LEASE_SECONDS = 15.0
ROUTES = ("backup.create", "import.create")


@pytest.fixture
def user(chart: Chart, cloud: Cloud) -> User:
    user = chart.user()
    user.connect(cloud, settle=SETTLE, console=True)
    return user


def both(user: User, cloud: Cloud) -> list[Job]:
    return [user.backup(cloud), user.importing(cloud)]


def on_their_way(chart: Chart, user: User, cloud: Cloud) -> list[Job]:
    """Both took effect in the cloud, whose answers do not come."""
    for route in ROUTES:
        cloud.fault(route, "latency_after", seconds=120)
    jobs = both(user, cloud)
    chart.until("both submissions took effect", lambda: len(cloud.effects()) == len(jobs))
    return jobs


def test_a_frozen_leader_is_followed_and_its_container_replaced(chart: Chart, user: User, cloud: Cloud) -> None:
    """It answers no probe and renews no Lease: a process that only looks alive must not hold the work up."""
    before, pod = chart.holder(), chart.leader()
    jobs = on_their_way(chart, user, cloud)
    chart.signal(pod, signal.SIGSTOP)
    frozen = time.monotonic()
    chart.until("another process leads", lambda: chart.holder() not in ("", before), 60)
    followed = time.monotonic() - frozen
    for job in jobs:
        job.until_ended()
    require_once(cloud, jobs)
    name = pod["metadata"]["name"]
    chart.until("the kubelet replaced its container", lambda: restarts(chart.pod(name)) == restarts(pod) + 1, 180)
    print(f"frozen leader: followed after {followed:.1f} s, replaced after {time.monotonic() - frozen:.1f} s")
    assert followed < LEASE_SECONDS * 2
    chart.until_all_ready()


def test_a_node_that_goes_down_in_the_middle_of_submissions(chart: Chart, user: User, cloud: Cloud) -> None:
    """Nobody wrote down what became of them. When the node is back, each is found, and none is sent again."""
    before = {pod["metadata"]["name"]: restarts(pod) for pod in chart.pods()}
    jobs = on_their_way(chart, user, cloud)
    assert [job.status()["submission"]["evidence"] for job in jobs] == ["Sending", "Sending"]
    down = time.monotonic()
    chart.node.go_down()
    assert not chart.node.processes("", OPERATOR), "a process of a pod is left"
    chart.node.come_up()
    up = time.monotonic()
    chart.until(
        "its containers are started again",
        lambda: all(restarts(pod) > before[pod["metadata"]["name"]] for pod in chart.pods()),
    )
    chart.until_all_ready()
    ready = time.monotonic()
    for job in jobs:
        job.until_told("Found")
        job.until_ended()
    require_once(cloud, jobs)
    ended = time.monotonic()
    print(
        f"node down and up: {up - down:.1f} s, pods ready {ready - up:.1f} s later, jobs {ended - ready:.1f} s after"
    )


def test_an_upgrade_takes_the_pods_over_and_no_job_notices(chart: Chart, user: User, cloud: Cloud) -> None:
    """Every new version comes this way: what is on its way is written down before its process ends."""
    cloud.next_job("IMPORT", run_seconds=120 * SPEED, times=len(COLLECTIONS))
    running = [user.importing(cloud, name, collection=name) for name in COLLECTIONS]
    for job in running:
        job.until("runs", lambda status: status.get("state") == "InProgress")
    cloud.fault("backup.create", "latency_after", seconds=8)
    late = user.backup(cloud)
    chart.until("the backup took effect", lambda: cloud.effects()[-1].route == "backup.create")
    old = {pod["metadata"]["uid"] for pod in chart.pods()}
    began = time.monotonic()
    chart.helm("upgrade", *WAIT, **(VALUES | {"podAnnotations": {"turn": "two"}}))
    print(f"upgrade: {time.monotonic() - began:.1f} s")
    chart.until_all_ready()
    assert not old & {pod["metadata"]["uid"] for pod in chart.pods()}
    cloud.ask(lambda sim: sim.advance(240 * SPEED))
    jobs = [*running, late]
    for job in jobs:
        job.until_ended()
        assert "LookingForSubmission" not in job.told()
    require_once(cloud, jobs)
