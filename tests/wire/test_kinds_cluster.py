"""The verbs of the cluster jobs against the simulated cloud. Each test says what a user would lose."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.support.cloudwire import session_of
from tests.support.kinds_rig import Object, parsed

from zilliz_jobs.api.jobstatus import Evidence, State
from zilliz_jobs.cloud.errors import FenceClosed
from zilliz_jobs.core.observation import (
    Absent,
    Accepted,
    AlreadyDone,
    Blocked,
    EffectUnknown,
    Elsewhere,
    Found,
    Missing,
    NotSent,
    Prepared,
    Refused,
    Undecided,
    Unreadable,
)
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.base import Account, AnyKind
from zilliz_jobs.kinds.clusters.resumecluster import ResumeClusterKind
from zilliz_jobs.kinds.clusters.scalecluster import ScaleClusterKind
from zilliz_jobs.kinds.clusters.scalereplicas import ScaleReplicasKind
from zilliz_jobs.kinds.clusters.suspendcluster import SuspendClusterKind
from zilliz_local.cloud import MOVIES, CloudSimulator
from zilliz_local.cloud.clusters import Cluster, ClusterFields

PATH = f"/v2/clusters/{MOVIES}"
LONG = 60  # simulated seconds, after which every job of a cluster has ended
AFTER_EFFECT = ["drop_after", "status_after", "garbage_after", "malformed_json"]
BOUNDS = {"min": 4, "max": 8}
CLOCK = [{"cron": "0 8 * * 1-5", "target": 2, "timezone": "Europe/Berlin"}, {"cron": "0 20 * * 1-5", "target": 1}]


@dataclass(frozen=True)
class Way:
    """One kind in one of its ways, and what the cloud shows of it."""

    kind: AnyKind
    route: str
    job_type: str
    spec: dict[str, Any] = field(default_factory=dict)
    starts: str = "RUNNING"
    works: str = "MODIFYING"
    ends: str = "RUNNING"


SUSPEND = Way(SuspendClusterKind(), "suspend", "SUSPEND_CLUSTER", {}, "RUNNING", "STOPPING", "STOPPED")
RESUME = Way(ResumeClusterKind(), "resume", "RESUME_CLUSTER", {}, "STOPPED", "RESUMING", "RUNNING")
FIXED = Way(ScaleClusterKind(), "modify", "SCALE_CU", {"cuSize": 8})
DYNAMIC = Way(ScaleClusterKind(), "modify", "SCALE_CU", {"autoscaling": BOUNDS})
SCHEDULED = Way(ScaleClusterKind(), "modify", "SCALE_CU", {"schedules": CLOCK})
REPLICAS = Way(ScaleReplicasKind(), "modify", "SCALE_REPLICA", {"replicas": 3})
REPLICAS_DYNAMIC = Way(ScaleReplicasKind(), "modify", "SCALE_REPLICA", {"autoscaling": {"min": 2, "max": 3}})
REPLICAS_SCHEDULED = Way(ScaleReplicasKind(), "modify", "SCALE_REPLICA", {"schedules": CLOCK})
WAYS = {
    "suspend": SUSPEND,
    "resume": RESUME,
    "fixed": FIXED,
    "dynamic": DYNAMIC,
    "scheduled": SCHEDULED,
    "replicas": REPLICAS,
    "replicas dynamic": REPLICAS_DYNAMIC,
    "replicas scheduled": REPLICAS_SCHEDULED,
}
every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
scaling = pytest.mark.parametrize("way", [w for w in WAYS.values() if w.route == "modify"], ids=list(WAYS)[2:])
Make = Callable[..., Object]


@pytest.fixture
async def make(cloud: CloudSimulator) -> AsyncIterator[Make]:
    """An object of the way, and a cluster in the state that it starts from."""
    session = session_of(cloud)

    def object_of(way: Way, *, status: str = "", cluster: str = MOVIES, **more: Any) -> Object:
        put(cloud, status or way.starts)
        return Object(way.kind, Account(session), parsed(way.kind, clusterId=cluster, **way.spec), **more)

    yield object_of
    await session.close()


def now(cloud: CloudSimulator) -> Cluster:
    return cloud.world.clusters[MOVIES].at(cloud.world.now)


def put(cloud: CloudSimulator, status: str, **fields: Any) -> None:
    before = now(cloud).fields
    cloud.world.put_cluster(MOVIES, ClusterFields(**(before.model_dump() | {"status": status, **fields})))


def modify(cloud: CloudSimulator, client: str = "rival", **body: Any) -> None:
    """Somebody else scales the cluster, from beginning to end."""
    cloud.act_as(client, "POST", f"{PATH}/modify", body)  # type: ignore[arg-type]
    cloud.advance(LONG)


class TestALife:
    @every_way
    async def test_it_is_submitted_and_followed_to_its_end(self, cloud, make, way):
        one = make(way)
        answer = await one.send()
        assert answer == Accepted({"clusterId": MOVIES})
        assert cloud.ledger.effects_per_token() == {"token-1": 1}
        (effect,) = cloud.ledger.effects(kind=way.route)
        assert effect.target["clusterId"] == MOVIES
        seen = await one.read()
        assert (seen.state, seen.cloud_status) == (State.IN_PROGRESS, way.works)
        assert not seen.job_id
        one.status = one.status.but(cloud_status=seen.cloud_status)
        cloud.advance(LONG)
        seen = await one.read()
        assert (seen.state, seen.cloud_status) == (State.SUCCESSFUL, way.ends)

    @every_way
    async def test_an_end_without_its_beginning_is_an_end(self, cloud, make, way):
        """An operator that was away meanwhile saw no word but the last."""
        one = make(way)
        await one.send()
        cloud.advance(LONG)
        assert (await one.read()).state is State.SUCCESSFUL

    @scaling
    async def test_what_is_sent_is_what_was_wanted(self, cloud, make, way):
        await make(way).send()
        cloud.advance(LONG)
        cluster = now(cloud)
        part = "cu" if way.job_type == "SCALE_CU" else "replica"
        match way.spec:
            case {"cuSize": size}:
                assert cluster.fields.cu_size == size
            case {"replicas": count}:
                assert cluster.fields.replica == count
            case {"autoscaling": bounds}:
                assert cluster.autoscaling == {part: bounds}
            case {"schedules": rows}:
                assert cluster.autoscaling == {part: {"schedules": rows}}

    @pytest.mark.parametrize(
        ("way", "state", "words"),
        [
            (SUSPEND, State.UNKNOWN, "not seen suspended"),
            (RESUME, State.UNKNOWN, "not seen running"),
            (FIXED, State.FAILED, "still has 2 Query CUs"),
            (REPLICAS, State.FAILED, "still has 1 replicas"),
        ],
    )
    async def test_a_cloud_that_gives_up_is_no_success(self, cloud, make, way, state, words):
        """Nothing tells a failed suspend from one that somebody undid at once; success would be a guess."""
        cloud.next_job(way.job_type, failure="no capacity")
        one = make(way)
        await one.send()
        seen = await one.read()
        one.status = one.status.but(cloud_status=seen.cloud_status)
        cloud.advance(LONG)
        seen = await one.read()
        assert seen.state is state
        assert words in seen.message

    async def test_a_rule_that_the_cloud_gave_up_is_no_success(self, cloud, make):
        one = make(DYNAMIC)
        modify(cloud, autoscaling={"cu": {"min": 1, "max": 2}})
        cloud.next_job("SCALE_CU", failure="no capacity")
        await one.send()
        one.status = one.status.but(cloud_status=(await one.read()).cloud_status)
        cloud.advance(LONG)
        seen = await one.read()
        assert (seen.state, seen.reason) == (State.FAILED, None)

    @scaling
    async def test_another_echo_of_the_rule_is_the_rule(self, cloud, make, way):
        """The cloud may write times and time zones in another way than the manifest; then a person can see how."""
        cloud.behave(autoscaling_echo_normalised=True)
        one = make(way)
        await one.send()
        cloud.advance(LONG)
        seen = await one.read()
        assert seen.state is State.SUCCESSFUL
        assert ("shows it as" in seen.message) == (way in (SCHEDULED, REPLICAS_SCHEDULED))

    @every_way
    async def test_an_outage_says_nothing_of_the_job(self, cloud, make, way):
        one = make(way)
        await one.send()
        cloud.go_down()
        seen = await one.read()
        assert isinstance(seen, Unreadable)
        assert seen.reason is Reason.CLOUD_UNREACHABLE

    @every_way
    async def test_an_unknown_word_is_neither_an_end_nor_an_error(self, cloud, make, way):
        one = make(way)
        await one.send()
        cloud.fault("cluster.get", "unknown_status", word="PONDERING")
        seen = await one.read()
        assert (seen.state, seen.cloud_status) == (None, "PONDERING")

    @every_way
    async def test_a_cluster_that_is_gone_is_missing_and_not_failed(self, cloud, make, way):
        one = make(way)
        await one.send()
        del cloud.world.clusters[MOVIES]
        assert await one.read() == Missing()

    async def test_a_cluster_that_is_resumed_at_once_was_suspended(self, cloud, make):
        one = make(SUSPEND)
        await one.send()
        cloud.advance(LONG)
        cloud.act_as("rival", "POST", f"{PATH}/resume")
        seen = await one.read()
        assert (seen.state, seen.cloud_status) == (State.SUCCESSFUL, "RESUMING")

    @pytest.mark.parametrize(("way", "other"), [(FIXED, {"cuSize": 4}), (REPLICAS, {"replica": 2})])
    async def test_a_size_that_somebody_else_chose_is_said_so(self, cloud, make, way, other):
        one = make(way)
        await one.send()
        cloud.advance(LONG)
        modify(cloud, **other)
        seen = await one.read()
        assert (seen.state, seen.reason) == (State.FAILED, Reason.CHANGED_ELSEWHERE)

    async def test_the_clouds_own_scaling_does_not_disturb_a_rule(self, cloud, make):
        one = make(DYNAMIC)
        await one.send()
        cloud.advance(LONG)
        cloud.autoscale(MOVIES, cuSize=6)
        assert (await one.read()).state is State.IN_PROGRESS
        cloud.advance(LONG)
        assert (await one.read()).state is State.SUCCESSFUL


class TestBeforeIt:
    @pytest.mark.parametrize(
        ("way", "fields"),
        [
            (SUSPEND, {"status": "STOPPED"}),
            (SUSPEND, {"status": "SUSPENDED"}),
            (RESUME, {"status": "RUNNING"}),
            (FIXED, {"status": "RUNNING", "cu_size": 8}),
            (REPLICAS, {"status": "RUNNING", "replica": 3}),
        ],
    )
    async def test_what_is_so_already_needs_nothing(self, cloud, make, way, fields):
        one = make(way)
        put(cloud, **fields)
        assert isinstance(await one.prepare(), AlreadyDone)
        assert not cloud.ledger.requests()

    @pytest.mark.parametrize("normalised", [False, True])
    async def test_a_rule_that_holds_already_needs_nothing(self, cloud, make, normalised):
        cloud.behave(autoscaling_echo_normalised=normalised)
        one = make(DYNAMIC)
        modify(cloud, autoscaling={"cu": BOUNDS})
        assert isinstance(await one.prepare(), AlreadyDone)

    async def test_a_size_under_a_rule_is_fixed_all_the_same(self, cloud, make):
        """The rule would change it again."""
        one = make(FIXED)
        modify(cloud, autoscaling={"cu": {"min": 8, "max": 16}})
        assert now(cloud).fields.cu_size == 8
        await one.send()
        cloud.advance(LONG)
        assert (await one.read()).state is State.SUCCESSFUL
        assert now(cloud).autoscaling == {}

    @every_way
    @pytest.mark.parametrize("word", ["STOPPING", "RESUMING", "MODIFYING", "MIGRATING", "ABNORMAL", "PONDERING"])
    async def test_a_cluster_at_work_is_waited_for(self, cloud, make, way, word):
        ready = await make(way, status=word).prepare()
        assert isinstance(ready, Blocked)
        assert (ready.reason, ready.retry_after) == (Reason.CLUSTER_BUSY, 10.0)
        assert word in ready.message
        assert not cloud.ledger.requests()

    @every_way
    async def test_a_cluster_that_became_busy_meanwhile_refuses_and_heals(self, cloud, make, way):
        one = make(way)
        assert isinstance(await one.prepare(), Prepared)
        put(cloud, "MIGRATING")
        answer = await one.submit()
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.heals) == (Reason.CLUSTER_BUSY, True)
        assert not cloud.ledger.effects(kind=way.route)

    @every_way
    async def test_an_unknown_cluster_is_waited_for(self, make, way):
        ready = await make(way, cluster="in01-nowhere").prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.CLUSTER_NOT_FOUND

    @every_way
    @pytest.mark.parametrize("word", ["DELETING", "DELETED"])
    async def test_a_deleted_cluster_is_not_called_busy(self, make, way, word):
        ready = await make(way, status=word).prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.CLUSTER_NOT_FOUND

    @every_way
    async def test_a_cluster_that_went_meanwhile_refuses_and_heals(self, cloud, make, way):
        one = make(way)
        await one.prepare()
        del cloud.world.clusters[MOVIES]
        answer = await one.submit()
        assert isinstance(answer, Refused | NotSent)
        assert answer.reason is Reason.CLUSTER_NOT_FOUND
        assert not isinstance(answer, Refused) or answer.heals
        assert not cloud.ledger.effects()

    @every_way
    async def test_a_closed_fence_means_not_sent(self, cloud, make, way):
        def closed() -> None:
            raise FenceClosed("too late")

        assert isinstance(await make(way, fence=closed).send(), NotSent)
        assert cloud.ledger.requests() == []

    async def test_more_than_the_cloud_gives_is_its_refusal(self, cloud, make):
        """1024 is the most for Query CUs times replicas."""
        one = make(FIXED)
        put(cloud, "RUNNING", replica=2)
        one.spec = parsed(FIXED.kind, clusterId=MOVIES, cuSize=1024)
        answer = await one.send()
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.heals) == (Reason.REJECTED, False)

    @every_way
    async def test_an_outage_is_waited_for(self, cloud, make, way):
        one = make(way)
        cloud.go_down()
        ready = await one.prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.CLOUD_UNREACHABLE


class TestFind:
    @every_way
    @pytest.mark.parametrize("fault", AFTER_EFFECT)
    async def test_found_after_a_lost_answer(self, cloud, make, way, fault):
        cloud.fault(f"cluster.{way.route}*", fault, times=1)
        one = make(way)
        assert isinstance(await one.send(), EffectUnknown)
        look = await one.look()
        on_its_way = way.route not in ("suspend", "resume")
        assert look == Found({"clusterId": MOVIES}, Evidence.INFERRED, as_wanted=not on_its_way)
        one.follow(look.handle)
        cloud.advance(LONG)
        assert (await one.read()).state is State.SUCCESSFUL
        assert len(cloud.ledger.effects(kind=way.route)) == 1

    @every_way
    async def test_found_after_its_end(self, cloud, make, way):
        cloud.fault(f"cluster.{way.route}*", "drop_after", times=1)
        one = make(way)
        await one.send()
        cloud.advance(LONG)
        assert isinstance(await one.look(), Found)

    @every_way
    async def test_absent_when_nothing_reached_the_cloud(self, cloud, make, way):
        cloud.fault(f"cluster.{way.route}*", "drop_before", times=1)
        one = make(way)
        assert isinstance(await one.send(), EffectUnknown)
        assert await one.look() == Absent()
        assert isinstance(await one.prepare(), Prepared)
        assert isinstance(await one.submit(), Accepted)

    @every_way
    async def test_a_late_effect_is_found_when_it_comes(self, cloud, make, way):
        """Hence the wait before anybody may conclude from Absent."""
        cloud.fault(f"cluster.{way.route}*", "delay_effect", times=1, seconds=30)
        one = make(way)
        assert isinstance(await one.send(), EffectUnknown)
        assert await one.look() == Absent()
        cloud.advance(31)
        assert isinstance(await one.look(), Found)

    @pytest.mark.parametrize(
        ("way", "other"),
        [
            (FIXED, {"cuSize": 4}),
            (REPLICAS, {"replica": 2}),
            (FIXED, {"autoscaling": {"cu": {"min": 1, "max": 2}}}),
            (DYNAMIC, {"autoscaling": {"cu": {"min": 1, "max": 2}}}),
            (REPLICAS_DYNAMIC, {"autoscaling": {"replica": {"schedules": CLOCK}}}),
        ],
    )
    async def test_elsewhere_when_somebody_else_changed_it(self, cloud, make, way, other):
        """Sending again would undo what that somebody wanted."""
        cloud.fault("cluster.modify*", "drop_before", times=1)
        one = make(way)
        await one.send()
        modify(cloud, **other)
        assert isinstance(await one.look(), Elsewhere)

    @pytest.mark.parametrize(("way", "other"), [(FIXED, {"replica": 2}), (REPLICAS, {"cuSize": 4})])
    async def test_what_was_done_in_the_other_dimension_is_not_it(self, cloud, make, way, other):
        one = make(way)
        await one.prepare()
        modify(cloud, **other)
        assert await one.look() == Absent()

    async def test_the_clouds_own_scaling_under_the_old_rule_is_not_it(self, cloud, make):
        """Else a rule that was never sent would count as taken."""
        one = make(DYNAMIC)
        modify(cloud, autoscaling={"cu": {"min": 1, "max": 4}})
        await one.prepare()
        modify(cloud, "autoscaler", cuSize=3)
        assert await one.look() == Absent()

    async def test_a_target_that_held_before_is_no_proof(self, cloud, make):
        """The size was so by a rule; only the end of the rule tells."""
        one = make(FIXED)
        modify(cloud, autoscaling={"cu": {"min": 8, "max": 16}})
        cloud.fault("cluster.modify*", "drop_before", times=1)
        await one.send()
        assert await one.look() == Absent()

    @every_way
    async def test_unknown_while_the_cluster_is_in_no_state_that_tells(self, cloud, make, way):
        one = make(way)
        await one.prepare()
        put(cloud, "ABNORMAL")
        look = await one.look()
        assert isinstance(look, Undecided)
        assert "ABNORMAL" in look.message
        cloud.fault("cluster.get", "unknown_status", word="PONDERING")
        assert isinstance(await one.look(), Undecided)

    @every_way
    async def test_no_cluster_and_an_outage_are_no_looks(self, cloud, make, way):
        """Absent would send it again."""
        one = make(way)
        await one.prepare()
        cloud.go_down()
        assert isinstance(await one.look(), Unreadable)
        cloud.go_down(False)
        del cloud.world.clusters[MOVIES]
        assert isinstance(await one.look(), Unreadable)


class TestStatesThatSayNothing:
    """A state that is missing, null, damaged or spelt otherwise is neither the old one nor the wanted one."""

    @every_way
    @pytest.mark.parametrize("oddity", ["states_missing", "states_null", "broken_states", "states_prefixed"])
    @pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
    async def test_a_lost_submission_is_neither_sent_again_nor_done(self, cloud, make, way, oddity, fault):
        cloud.fault(f"cluster.{way.route}*", fault, times=1)
        one = make(way)
        await one.send()
        cloud.odd("cluster.get", oddity)
        for _ in range(2):
            look = await one.look()
            assert isinstance(look, Undecided)
            assert not look.message.endswith("is ")
            cloud.advance(LONG)

    @every_way
    @pytest.mark.parametrize("oddity", ["states_missing", "states_null", "broken_states", "states_prefixed"])
    async def test_a_job_at_work_goes_on_and_ends_when_the_state_is_told(self, cloud, make, way, oddity):
        one = make(way)
        await one.send()
        one.status = one.status.but(cloud_status=(await one.read()).cloud_status)
        cloud.advance(LONG)
        cloud.odd("cluster.get", oddity, times=1)
        seen = await one.read()
        assert seen.state is None
        one.status = one.status.but(cloud_status=seen.cloud_status or None)
        assert (await one.read()).state is State.SUCCESSFUL

    @every_way
    @pytest.mark.parametrize("oddity", ["states_missing", "states_null"])
    async def test_nothing_is_sent_while_the_state_is_not_told(self, cloud, make, way, oddity):
        one = make(way)
        cloud.odd("cluster.get", oddity)
        ready = await one.prepare()
        assert isinstance(ready, Blocked)
        assert ready.message == "the cloud does not tell the cluster's state"
        assert not cloud.ledger.requests()


class TestReplicasUntold:
    """Recordings of the cloud's answers lack the replicas at times."""

    async def test_an_answered_job_ends_when_the_cluster_has_worked(self, cloud, make):
        cloud.behave(cluster_has_replica=False)
        one = make(REPLICAS)
        assert isinstance(await one.send(), Accepted)
        seen = await one.read()
        assert seen.state is State.IN_PROGRESS
        one.status = one.status.but(cloud_status=seen.cloud_status)
        cloud.advance(LONG)
        seen = await one.read()
        assert seen.state is State.SUCCESSFUL
        assert "does not tell" in seen.message

    async def test_nothing_is_done_already_for_sure(self, cloud, make):
        cloud.behave(cluster_has_replica=False)
        one = make(REPLICAS)
        put(cloud, "RUNNING", replica=3)
        assert isinstance(await one.prepare(), Prepared)

    async def test_a_lost_answer_cannot_be_told_but_while_it_works(self, cloud, make):
        cloud.behave(cluster_has_replica=False)
        cloud.fault("cluster.modify*", "drop_after", times=1)
        one = make(REPLICAS)
        await one.send()
        assert isinstance(await one.look(), Found)
        cloud.advance(LONG)
        assert isinstance(await one.look(), Undecided)

    async def test_replicas_that_show_later_accuse_nobody(self, cloud, make):
        cloud.behave(cluster_has_replica=False)
        cloud.fault("cluster.modify*", "drop_before", times=1)
        one = make(REPLICAS)
        await one.send()
        cloud.behave(cluster_has_replica=True)
        assert isinstance(await one.look(), Undecided)
        put(cloud, "RUNNING", replica=3)
        assert isinstance(await one.look(), Found)


class TestNotOurs:
    @every_way
    async def test_an_open_submission_leaves_other_kinds_waiting(self, cloud, make, way):
        """One of them at a time: the cloud takes no other meanwhile."""
        one = make(way)
        await one.send()
        for other in (FIXED, REPLICAS):
            later = Object(other.kind, one.account, parsed(other.kind, clusterId=MOVIES, **other.spec), "token-2")
            assert later.kind.submission_lock(later.spec) == way.kind.submission_lock(one.spec)
            ready = await later.prepare()
            assert isinstance(ready, Blocked)
            assert ready.reason is Reason.CLUSTER_BUSY
