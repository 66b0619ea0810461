"""The scaling rules of a cluster's two dimensions, of which the cloud replaces both with every request.

A user who loses the other rule pays for sizes that nobody wanted, or serves with too few replicas, and every object
says Successful.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.cloudwire import session_of
from tests.support.kinds_rig import Object, parsed

from zilliz_jobs.api.jobstatus import JobStatus, State
from zilliz_jobs.cloud.session import CloudSession
from zilliz_jobs.core.observation import (
    Absent,
    Accepted,
    Elsewhere,
    Impossible,
    Missing,
    NotSent,
    Prepared,
    Refused,
    Seen,
    Undecided,
)
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.base import Account, AnyKind
from zilliz_jobs.kinds.clusters.scalecluster import ScaleClusterKind
from zilliz_jobs.kinds.clusters.scalereplicas import ScaleReplicasKind
from zilliz_local.cloud import MOVIES, CloudSimulator, ManualClock
from zilliz_local.cloud.clusters import Cluster

CU, REPLICA = ScaleClusterKind(), ScaleReplicasKind()
PATH = f"/v2/clusters/{MOVIES}"
LONG = 60
CU_RULE = {"cu": {"min": 4, "max": 8}}
REPLICA_RULE = {"replica": {"min": 2, "max": 3}}
BERLIN = {"cron": "0 8 * * 1-5", "target": 2, "timezone": "Europe/Berlin"}
CLOCK = {"replica": {"schedules": [BERLIN, {"cron": "0 20 * * 1-5", "target": 1}]}}
CU_CLOCK = {"cu": {"schedules": [{"cron": "30 7 * * *", "target": 4}]}}
WAYS: dict[str, tuple[AnyKind, dict[str, Any]]] = {
    "size": (CU, {"cuSize": 4}),
    "bounds": (CU, {"autoscaling": {"min": 2, "max": 8}}),
    "schedules": (CU, {"schedules": [{"cron": "0 9 * * *", "target": 4}]}),
    "replicas": (REPLICA, {"replicas": 2}),
    "ten replicas": (REPLICA, {"replicas": 10}),
    "replica bounds": (REPLICA, {"autoscaling": {"min": 1, "max": 3}}),
    "replica schedules": (REPLICA, {"schedules": [{"cron": "0 9 * * *", "target": 2}]}),
}
every_way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture
async def session(cloud: CloudSimulator) -> AsyncIterator[CloudSession]:
    session = session_of(cloud)
    yield session
    await session.close()


def one(session: CloudSession, way: str, **spec: Any) -> Object:
    kind, given_ = WAYS[way]
    return Object(kind, Account(session), parsed(kind, clusterId=MOVIES, **(spec or given_)))


def now(cloud: CloudSimulator) -> Cluster:
    return cloud.world.clusters[MOVIES].at(cloud.world.now)


def ruled(cloud: CloudSimulator, **rules: Any) -> None:
    """The rules that the cluster has, whoever set them."""
    now(cloud).autoscaling = rules


def parts(way: str) -> tuple[str, str]:
    return ("cu", "replica") if WAYS[way][0] is CU else ("replica", "cu")


async def ended(cloud: CloudSimulator, job: Object) -> Seen:
    """From beginning to end, as the engine would follow it."""
    answer = await job.send()
    assert isinstance(answer, Accepted), answer
    seen = await job.read()
    assert isinstance(seen, Seen)
    job.status = job.status.but(cloud_status=seen.cloud_status)
    cloud.advance(LONG)
    seen = await job.read()
    assert isinstance(seen, Seen)
    return seen


class TestTheOtherRuleStays:
    @every_way
    @pytest.mark.parametrize("replaced", [True, False], ids=["replaces", "merges"])
    @pytest.mark.parametrize("normalised", [False, True])
    async def test_each_way_of_scaling_keeps_it(self, cloud, session, way, replaced, normalised):
        cloud.behave(autoscaling_replaced=replaced, autoscaling_echo_normalised=normalised)
        _, other = parts(way)
        rule = (CLOCK if other == "replica" else CU_CLOCK)[other]
        ruled(cloud, **{other: rule})
        seen = await ended(cloud, one(session, way))
        assert (seen.state, seen.notices) == (State.SUCCESSFUL, ())
        kept = now(cloud).autoscaling[other]
        assert [(row["cron"], row["target"]) for row in kept["schedules"]] == [
            (row["cron"], row["target"]) for row in rule["schedules"]
        ]

    @pytest.mark.parametrize("ways", [("bounds", "replica bounds"), ("replica schedules", "bounds")])
    async def test_two_jobs_one_after_the_other_have_both_rules(self, cloud, session, ways):
        for way in ways:
            assert (await ended(cloud, one(session, way))).state is State.SUCCESSFUL
        assert set(now(cloud).autoscaling) == {"cu", "replica"}

    async def test_a_size_ends_the_rule_of_its_own_dimension_only(self, cloud, session):
        ruled(cloud, **CU_RULE, **REPLICA_RULE)
        await ended(cloud, one(session, "size"))
        assert now(cloud).autoscaling == REPLICA_RULE

    async def test_a_cloud_that_takes_no_size_beside_a_rule_is_told_of(self, cloud, session):
        """Sent alone, the size would delete the rule; nobody asked for that."""
        cloud.behave(size_excludes_rules=True)
        ruled(cloud, **REPLICA_RULE)
        answer = await one(session, "size").send()
        assert isinstance(answer, Refused)
        assert not answer.heals
        assert "sent with the rule for the replicas" in answer.message
        assert "set it again afterwards" in answer.message
        assert now(cloud).autoscaling == REPLICA_RULE

    async def test_replicas_go_where_the_vendors_own_client_sends_them(self, cloud, session):
        cloud.behave(modify_takes_replica=False)
        assert (await ended(cloud, one(session, "replicas"))).state is State.SUCCESSFUL

    def test_whatever_jobs_follow_one_another(self):
        """Property: a job changes its own dimension, and of the other one nothing, whatever came before it."""
        asyncio.run(asyncio.wait_for(_walks(), 300))


async def _walks() -> None:
    """Hypothesis chooses the walks; the simulator is made anew for each."""
    walks: list[tuple[bool, bool, list[str]]] = []

    @settings(max_examples=30, deadline=None, database=None, derandomize=True)
    @given(st.booleans(), st.booleans(), st.lists(st.sampled_from(sorted(WAYS)), min_size=2, max_size=5))
    def choose(replaced: bool, normalised: bool, ways: list[str]) -> None:
        walks.append((replaced, normalised, ways))

    choose()
    for replaced, normalised, ways in walks:
        cloud = CloudSimulator(clock=ManualClock())
        cloud.behave(autoscaling_replaced=replaced, autoscaling_echo_normalised=normalised, requests_per_second=0)
        session = session_of(cloud)
        try:
            await _walk(cloud, session, ways)
        finally:
            await session.close()


async def _walk(cloud: CloudSimulator, session: CloudSession, ways: list[str]) -> None:
    for way in ways:
        before, job = now(cloud), one(session, way)
        old = dict(before.autoscaling)
        if not isinstance(await job.prepare(), Prepared):
            continue  # so already
        seen = await ended(cloud, job)
        assert (seen.state, seen.notices) == (State.SUCCESSFUL, ()), (ways, way, seen)
        own, other = parts(way)
        left = now(cloud).autoscaling
        rows = left.get(other), old.get(other)
        assert _essence(rows[0]) == _essence(rows[1]), (ways, way)
        wanted = WAYS[way][1].get("autoscaling") or WAYS[way][1].get("schedules")
        assert bool(left.get(own)) is bool(wanted), (ways, way)


def _essence(rule: Any) -> Any:
    if not rule:
        return None
    rows = [(row["cron"], row["target"]) for row in rule.get("schedules") or []]
    return rule.get("min"), rule.get("max"), rows


class TestWhatIsNotTold:
    @every_way
    async def test_it_is_said_before_anything_is_sent(self, cloud, session, way):
        """The documented example of Describe Cluster has no such field; that is no proof of no rule."""
        cloud.behave(autoscaling_told=False)
        ready = await one(session, way).prepare()
        assert isinstance(ready, Prepared)
        (notice,) = ready.notices
        assert notice.reason is Reason.OTHER_RULE_NOT_TOLD
        assert not cloud.ledger.requests(kind="modify")

    @pytest.mark.parametrize("shown", [{}, {"replica": {"schedules": []}}, REPLICA_RULE, CU_RULE | REPLICA_RULE])
    async def test_no_rule_and_a_rule_are_both_told(self, cloud, session, shown):
        ruled(cloud, **shown)
        ready = await one(session, "schedules").prepare()
        assert isinstance(ready, Prepared)
        assert ready.notices == ()

    @pytest.mark.parametrize("shown", ["by magic", None, {}, {"min": 0, "max": 0, "schedules": None}])
    async def test_a_rule_that_cannot_be_read_is_not_told(self, cloud, session, shown):
        ruled(cloud, replica=shown)
        ready = await one(session, "schedules").prepare()
        assert isinstance(ready, Prepared)
        assert [notice.reason for notice in ready.notices] == [Reason.OTHER_RULE_NOT_TOLD]

    @pytest.mark.parametrize(
        ("way", "rules"), [("size", {"cu": {"min": 4, "max": 8}}), ("bounds", CU_CLOCK), ("bounds", {})]
    )
    async def test_a_rule_that_one_answer_leaves_out_loses_no_job(self, cloud, session, way, rules):
        """The request never arrived; the size is so by the old rule, and no other rule was set by anybody."""
        ruled(cloud, **rules)
        now(cloud).fields = now(cloud).fields.model_copy(update={"cu_size": 4})
        cloud.fault("cluster.modify*", "drop_before", times=1)
        job = one(session, way)
        await job.send()
        cloud.behave(autoscaling_told=False)
        assert isinstance(await job.look(), Undecided)
        cloud.behave(autoscaling_told=True, autoscaling_echo_normalised=True)
        assert await job.look() == Absent()

    async def test_a_job_that_was_taken_is_not_failed_by_such_an_answer(self, cloud, session):
        ruled(cloud, **CU_CLOCK)
        job = one(session, "bounds")
        await job.send()
        seen = await job.read()
        assert isinstance(seen, Seen)
        job.status = job.status.but(cloud_status=seen.cloud_status)
        cloud.advance(LONG)
        cloud.behave(autoscaling_told=False)
        seen = await job.read()
        assert isinstance(seen, Missing) or seen.state is State.PENDING
        cloud.behave(autoscaling_told=True)
        seen = await job.read()
        assert isinstance(seen, Seen)
        assert seen.state is State.SUCCESSFUL

    @every_way
    async def test_a_cloud_that_never_tells_rules_asks_nobody(self, cloud, session, way):
        cloud.behave(autoscaling_told=False)
        cloud.fault("cluster.modify*", "drop_before", times=1)
        job = one(session, way)
        await job.send()
        assert await job.look() == Absent()
        assert isinstance(await job.resend(), Accepted)
        seen = await job.read()
        assert isinstance(seen, Seen)
        job.status = job.status.but(cloud_status=seen.cloud_status)
        cloud.advance(LONG)
        assert (await job.read()).state is State.SUCCESSFUL

    async def test_a_size_under_a_rule_is_not_so_already(self, cloud, session):
        ruled(cloud, **CU_RULE)
        now(cloud).fields = now(cloud).fields.model_copy(update={"cu_size": 4})
        assert (await ended(cloud, one(session, "size"))).state is State.SUCCESSFUL
        assert now(cloud).autoscaling == {}


class TestSomebodyElse:
    async def test_a_rule_changed_between_read_and_send_is_not_undone(self, cloud, session):
        job = one(session, "bounds")
        ruled(cloud, **REPLICA_RULE)
        assert isinstance(await job.prepare(), Prepared)
        ruled(cloud, **CLOCK)
        answer = await job.submit()
        assert isinstance(answer, NotSent)
        assert answer.reason is Reason.CHANGED_ELSEWHERE
        assert not cloud.ledger.effects()
        assert (await ended(cloud, job)).state is State.SUCCESSFUL, "read anew, both rules go"
        assert set(now(cloud).autoscaling) == {"cu", "replica"}
        assert now(cloud).autoscaling["replica"] == CLOCK["replica"]

    async def test_nor_by_a_second_send(self, cloud, session):
        """The record keeps the first look, so what would be sent along is old."""
        cloud.fault("cluster.modify*", "drop_before", times=1)
        job = one(session, "bounds")
        ruled(cloud, **REPLICA_RULE)
        await job.send()
        assert await job.look() == Absent()
        ruled(cloud, **CLOCK)
        assert isinstance(await job.look(), Elsewhere)
        job.status = JobStatus(submission=job.submission)
        ready: Any = await job.prepare()
        assert isinstance(ready, Impossible)
        assert ready.reason is Reason.CHANGED_ELSEWHERE
        assert not cloud.ledger.effects()

    @pytest.mark.parametrize("left", [{}, {"replica": {"min": 5, "max": 9}}, CLOCK])
    async def test_a_rule_that_is_another_one_at_the_end_is_said_so(self, cloud, session, left):
        job = one(session, "bounds")
        ruled(cloud, **REPLICA_RULE)
        await job.send()
        cloud.advance(LONG)
        ruled(cloud, cu={"min": 2, "max": 8}, **left)
        seen = await job.read()
        assert isinstance(seen, Seen)
        assert seen.state is State.SUCCESSFUL
        (notice,) = seen.notices
        assert notice.reason is Reason.OTHER_RULE_CHANGED
        assert '"max": 3, "min": 2' in notice.message, "what has to be set again"


class TestTimeZones:
    async def test_a_cloud_that_ignores_them_is_told_of(self, cloud, session):
        """The schedule would run an hour or two late, and nothing would say so."""
        cloud.behave(schedule_time_zones=False)
        seen = await ended(cloud, one(session, "replica schedules", schedules=[BERLIN]))
        assert seen.state is State.SUCCESSFUL
        (notice,) = seen.notices
        assert notice.reason is Reason.TIME_ZONE_NOT_CONFIRMED
        assert "it then runs at 08:00 UTC" in notice.message
        assert "daylight saving" in notice.message

    @pytest.mark.parametrize("normalised", [False, True])
    async def test_one_that_shows_them_is_believed(self, cloud, session, normalised):
        cloud.behave(autoscaling_echo_normalised=normalised)
        seen = await ended(cloud, one(session, "replica schedules", schedules=[BERLIN]))
        assert seen.notices == ()

    async def test_one_that_shows_no_rule_confirms_nothing(self, cloud, session):
        cloud.behave(autoscaling_told=False)
        seen = await ended(cloud, one(session, "replica schedules", schedules=[BERLIN]))
        assert [notice.reason for notice in seen.notices] == [Reason.TIME_ZONE_NOT_CONFIRMED]
