"""Two operators on a real API server: one works, the other is ready, and no submission falls between them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from tests.e2e.lapse import follows_on, stops_for_13_s
from tests.support.charted import Release
from tests.support.cloud import Cloud, LoopThread
from tests.support.controlplane import ControlPlane
from tests.support.operators import OperatorProcess
from tests.support.pair import LEASE, SETTLE, TAKEN_OVER, Pair, pair, require_once, wakes_up_late
from tests.support.user import User
from tools.chaos.proxy import Go, Proxy, Strikes, Way
from tools.chaos.run import is_watch
from tools.chaos.steps import Request

pytestmark = pytest.mark.controlplane


@pytest.fixture
def both(cluster: ControlPlane, release: Release, cluster_namespace: str, tmp_path: Path) -> Iterator[Pair]:
    with pair(cluster, cluster_namespace, tmp_path, release=release) as both:
        yield both


def test_told_to_stop_it_finishes_its_request_and_the_next_one_leads_at_once(both: Pair, cloud: Cloud) -> None:
    """Else every rolling update would leave submissions to be looked for, or stop the work for a while."""
    user = both.user
    user.connect(cloud, settle=SETTLE, console=True)
    for route in ("backup.create", "import.create"):
        cloud.fault(route, "latency_after", seconds=2)
    jobs = [user.backup(cloud), user.importing(cloud)]
    user.until("both requests are on their way", lambda: len(cloud.effects()) == 2)
    assert both.first.stop() == 0, both.first.log_tail()
    ended = time.monotonic()
    for job in jobs:
        assert job.status()["submission"]["evidence"] == "Answered"
    user.until("the second leads", lambda: both.second.leads)
    assert time.monotonic() - ended < LEASE["lease_retry_period"] * 1.2 + 1.5
    for job in jobs:
        job.until_ended()
    require_once(cloud, jobs)
    for job in jobs:
        assert "LookingForSubmission" not in job.told()


def test_killed_it_is_followed_within_its_lease(both: Pair, cloud: Cloud) -> None:
    """A node that fails must cost seconds, and neither a job nor a second one."""
    user = both.user
    user.connect(cloud, settle=SETTLE, console=True)
    for route in ("backup.create", "import.create"):
        cloud.fault(route, "latency_after", seconds=60)
    jobs = [user.backup(cloud), user.importing(cloud)]
    user.until("both requests are on their way", lambda: len(cloud.effects()) == 2)
    both.first.kill()
    killed = time.monotonic()
    user.until("the second leads", lambda: both.second.leads)
    assert time.monotonic() - killed < TAKEN_OVER
    for job in jobs:
        job.until_told("Found")
        job.until_ended()
    require_once(cloud, jobs)


def test_while_the_api_server_is_away_neither_leads_and_neither_ends(
    both: Pair, cloud: Cloud, cluster: ControlPlane
) -> None:
    """Nobody can prove to lead, so nobody submits; a crash instead would cost what both know."""
    user = both.user
    user.connect(cloud, settle=SETTLE, console=True)
    first = user.importing(cloud)
    first.until_submitted()
    pids = (both.first.pid, both.second.pid)
    cluster.stop_apiserver(kill=True)
    try:
        deadline = time.monotonic() + 10
        while both.first.leads:
            assert time.monotonic() < deadline, "it still thinks that it leads"
            time.sleep(0.1)
        time.sleep(3)
        assert not both.second.leads
    finally:
        cluster.start_apiserver()
    user.until("one leads", lambda: both.first.leads != both.second.leads)
    second = user.importing(cloud, "more")
    for job in (first, second):
        job.until_ended()
    require_once(cloud, [first, second])
    assert (both.first.pid, both.second.pid) == pids
    assert both.first.runs
    assert both.second.runs


@pytest.mark.parametrize("step", ["after the intent", "before the record"])
def test_it_wakes_up_while_another_leads(
    cluster: ControlPlane, release: Release, cluster_namespace: str, cloud: Cloud, tmp_path: Path, step: str
) -> None:
    """Every step is tried on the stand-in; these two are where a late process could do harm."""
    with pair(cluster, cluster_namespace, tmp_path, step, release) as both:
        wakes_up_late(both, cloud, step)


class Renewals(Strikes):
    """`late`: seconds by which the next requests for the Lease come late."""

    def __init__(self) -> None:
        self.late: list[float] = []

    async def before(self, request: Request) -> Way:
        if self.late and request.method == "PUT" and "/leases/" in request.path:
            await asyncio.sleep(self.late.pop(0))
        return Go()


@pytest.fixture
def renewals() -> Renewals:
    return Renewals()


@pytest.fixture
def behind(
    release: Release, cluster: ControlPlane, simulators: LoopThread, renewals: Renewals, tmp_path: Path
) -> Iterator[Release]:
    """The release, reached through a network that can be slow."""
    config = yaml.safe_load(release.kubeconfig.read_text())
    token = config["users"][0]["user"].pop("token")
    proxy = Proxy(cluster.url, renewals, token=token, ca_file=cluster.ca_file, streams=is_watch)
    simulators.run(proxy.__aenter__)
    config["clusters"][0]["cluster"] = {"server": proxy.url}
    slow = tmp_path / "slow.kubeconfig"
    slow.write_text(yaml.safe_dump(config))
    yield replace(release, kubeconfig=slow)
    simulators.run(lambda: proxy.__aexit__(None, None, None))


@pytest.mark.parametrize("trouble", ["a stop", "slow renewals"])
def test_a_lead_that_was_interrupted_for_a_moment_loses_no_job(
    cluster: ControlPlane,
    behind: Release,
    renewals: Renewals,
    cluster_namespace: str,
    cloud: Cloud,
    log_file: Path,
    trouble: str,
) -> None:
    """With the chart's own Lease, as nearly all users have it: one replica, and nobody else who could take over."""
    operator = OperatorProcess(cluster, log_file, namespaces=(cluster_namespace,), release=behind, log_format="text")
    operator.start()
    user = User(cluster, cluster_namespace, operator)

    def slow_renewals() -> None:
        """The first is given up after 5 s; the answer to the second comes when work had to end."""
        renewals.late = [6.0, 4.3]
        user.until("work is interrupted", lambda: not operator.leads, 15)

    try:
        follows_on(user, cloud, operator, slow_renewals if trouble != "a stop" else lambda: stops_for_13_s(operator))
    finally:
        operator.close()
        user.clear()
        user.close()
    operator.require_clean_log()


def test_who_leads_is_told(both: Pair) -> None:
    """A person who looks for the log of the job that hangs must find the right one of two."""
    leader = both.holder()
    watched = ("watches", "all kinds are watched")
    pair = (both.first, both.second)
    both.user.until("both watch", lambda: all(watched in one.health()[1].items() for one in pair))
    health = {"engine": "alive", "watches": "all kinds are watched"}
    assert both.first.health() == (200, health | {"leader": f"this process, {leader}"})
    assert both.second.health() == (200, health | {"leader": leader})
    assert both.first.leads
    assert not both.second.leads
