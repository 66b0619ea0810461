"""MigrationJob's verbs against the simulated cloud, into a cluster that the job makes. Each test says what a user
would lose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.support.kinds_rig import Object, parsed

from zilliz_jobs.api.jobstatus import Evidence, State
from zilliz_jobs.core.observation import (
    Absent,
    Accepted,
    Blocked,
    CancelRefused,
    EffectUnknown,
    Found,
    Missing,
    Prepared,
    Refused,
    Undecided,
    Unreadable,
)
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.kinds.migrations.migrating import MigrationKind
from zilliz_local.cloud import MOVIES, PROJECT, SHOP, CloudSimulator
from zilliz_local.cloud.clusters import ClusterFields

KIND = MigrationKind()
AFTER_EFFECT = ["drop_after", "status_after", "garbage_after", "malformed_json"]
LONG = 60  # simulated seconds, after which every migration has ended
TOKEN = "0123456789abcdef"
OURS = "one-01234567"
SIZE = {"projectId": PROJECT, "regionId": "aws-us-west-2", "plan": "Enterprise", "cuSize": 2}
NEW = {"newCluster": {**SIZE, "cuType": "PerformanceOptimized"}}
NAMED = {"newCluster": {**NEW["newCluster"], "name": "moved"}}
FROM_SHOP = {"zillizCluster": {"clusterId": SHOP}}
QDRANT = {"qdrant": {"uri": "https://qdrant.example.com:6334", "credentialsSecretRef": {"name": "keys"}}}


@dataclass(frozen=True)
class Way:
    """One way into a new cluster: the call it takes, and what the cluster holds then."""

    route: str
    spec: dict[str, Any]
    holds: dict[str, list[str]]
    secrets: dict[str, str] = field(default_factory=dict)

    def of(self, account: Account, target: dict[str, Any] = NEW, **more: Any) -> Object:
        more = {"token": TOKEN, "secrets": self.secrets} | more
        return Object(KIND, account, parsed(KIND, target=target, **self.spec), **more)


ALL = Way("migration.new_dedicated", {"source": FROM_SHOP}, {"default": ["products"], "archive": ["orders"]})
SOME = Way(
    "migration.new_dedicated",
    {"source": FROM_SHOP, "collections": [{"database": "archive", "destDatabase": "old"}]},
    {"old": ["orders"]},
)
LIVE = Way("console.migrate_zero_downtime", {"source": FROM_SHOP, "mode": "ZeroDowntime"}, ALL.holds)
VENDOR = Way(
    "console.migrate_external",
    {"source": QDRANT, "collections": [{"source": "points", "destDatabase": "d"}]},
    {"d": ["points"]},
    {"apiKey": "key-of-the-source"},
)
WAYS = [ALL, SOME, LIVE, VENDOR]
EveryWay = pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.route} {next(iter(way.holds))}")


@pytest.fixture
def fitting(plain: Account, console: Account) -> Callable[[Way], Account]:
    """The account with no more rights than the way needs."""
    return lambda way: console if way.route.startswith("console") else plain


def made(cloud: CloudSimulator) -> list[str]:
    """The clusters that were not there from the start."""
    return [cluster_id for cluster_id in cloud.world.clusters if cluster_id not in (MOVIES, SHOP)]


async def gone(cloud: CloudSimulator, way: Way, account: Account, fault: str, **more: Any) -> Object:
    """A submission whose answer was lost."""
    cloud.fault(way.route, fault, times=1)
    one = way.of(account, **more)
    assert isinstance(await one.send(), EffectUnknown)
    return one


class TestALife:
    @EveryWay
    async def test_it_makes_the_cluster_once_tells_its_login_once_and_is_followed(self, cloud, fitting, way):
        one = way.of(fitting(way))
        answer = await one.send()
        assert isinstance(answer, Accepted)
        (cluster_id,) = made(cloud)
        assert answer.handle["newClusterId"] == cluster_id
        assert answer.result == {"clusterId": cluster_id}
        assert answer.credentials["username"] == "db_admin"
        assert len(answer.credentials["password"]) >= 8
        assert answer.credentials["clusterId"] == cluster_id
        assert answer.credentials["password"] not in repr(answer) + repr(one.status)
        cluster = cloud.world.clusters[cluster_id]
        assert (cluster.name, cluster.fields.cu_type) == (OURS, "Performance-optimized")
        cloud.advance(10)
        seen = await one.read()
        assert (seen.state, seen.job_id) == (State.IN_PROGRESS, answer.handle["jobId"])
        cloud.advance(LONG)
        seen = await one.read()
        assert (seen.state, seen.progress, seen.result) == (State.SUCCESSFUL, 100, {"clusterId": cluster_id})
        assert cluster.at(cloud.clock.now()).fields.collections == way.holds
        assert cloud.ledger.effects_per_token() == {TOKEN: 1}

    @pytest.mark.parametrize("bare", [True, False])
    async def test_the_documented_answer_without_an_envelope_does_not_cost_the_password(self, cloud, plain, bare):
        cloud.behave(migrations_without_envelope=bare)
        answer = await ALL.of(plain).send()
        assert isinstance(answer, Accepted)
        assert {"username", "password", "clusterId"} == answer.credentials.keys()

    async def test_an_answer_without_a_job_is_followed_by_the_cluster(self, cloud, plain):
        cloud.fault(ALL.route, "omit_job_id", times=1)
        one = ALL.of(plain)
        answer = await one.send()
        assert isinstance(answer, Accepted)
        assert answer.handle.keys() == {"newClusterId"}
        assert answer.credentials["password"]
        states = []
        for seconds in (0, 10, LONG):
            cloud.advance(seconds)
            states.append((await one.read()).state)
        assert states == [State.IN_PROGRESS, State.IN_PROGRESS, State.SUCCESSFUL]

    async def test_a_failure_is_told_in_the_clouds_words(self, cloud, plain):
        cloud.next_job("MIGRATION", failure="out of quota")
        one = ALL.of(plain)
        await one.send()
        cloud.advance(LONG)
        seen = await one.read()
        assert (seen.state, seen.message) == (State.FAILED, "out of quota")

    async def test_without_downtime_it_cannot_be_cancelled(self, cloud, console):
        """Documented; the engine refuses it by the traits, and the cloud would too."""
        one = LIVE.of(console)
        await one.send()
        answer = await KIND.cancel(console, one.status.job_id, "c1", lambda: None)
        assert isinstance(answer, CancelRefused)
        assert not KIND.traits_of(one.spec).can_cancel


class TestBeforeIt:
    @pytest.mark.parametrize("way", [LIVE, VENDOR], ids=lambda way: way.route)
    async def test_without_the_console_nothing_is_sent_and_the_way_out_is_named(self, cloud, plain, way):
        ready = await way.of(plain).prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.NO_PUBLIC_API
        assert "consoleApi.enabled" in ready.message
        assert cloud.stats.requests == 0

    async def test_single_collections_are_never_sent_as_whole_databases(self, cloud, plain):
        spec = {"source": FROM_SHOP, "collections": [{"source": "products"}]}
        ready = await Object(KIND, plain, parsed(KIND, target=NEW, **spec)).prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.NO_PUBLIC_API
        assert cloud.stats.requests == 0

    @EveryWay
    async def test_a_name_that_is_taken_is_said_before_anything_is_sent(self, cloud, fitting, way):
        cloud.world.put_cluster("in01-other", ClusterFields(cluster_name="moved"))
        ready = await way.of(fitting(way), NAMED).prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.NAME_TAKEN
        assert "in01-other" in ready.message

    @EveryWay
    async def test_a_name_that_somebody_took_meanwhile_can_be_changed(self, cloud, fitting, way):
        one = way.of(fitting(way), NAMED)
        assert isinstance(await one.prepare(), Prepared)
        cloud.world.put_cluster("in01-other", ClusterFields(cluster_name="moved"))
        answer = await one.submit()
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.heals) == (Reason.NAME_TAKEN, True)

    @pytest.mark.parametrize("way", [ALL, LIVE], ids=lambda way: way.route)
    async def test_a_busy_source_is_waited_for(self, cloud, fitting, way):
        cloud.world.put_cluster(SHOP, ClusterFields(status="STOPPED"))
        ready = await way.of(fitting(way)).prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.CLUSTER_BUSY

    @pytest.mark.parametrize("status", [404, 405])
    async def test_a_deprecated_call_that_is_gone_names_the_way_out(self, cloud, plain, status):
        cloud.behave(migrations_gone=status)
        answer = await ALL.of(plain).send()
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.heals) == (Reason.NO_PUBLIC_API, False)

    async def test_a_project_that_is_none_is_refused_in_the_clouds_words(self, plain):
        target = {"newCluster": {**NEW["newCluster"], "projectId": "proj-none"}}
        answer = await ALL.of(plain, target).send()
        assert isinstance(answer, Refused)
        assert answer.reason is Reason.REJECTED
        assert "proj-none" in answer.message


class TestFind:
    @EveryWay
    @pytest.mark.parametrize("fault", AFTER_EFFECT)
    @pytest.mark.parametrize(("target", "evidence"), [(NEW, Evidence.MARKER), (NAMED, Evidence.INFERRED)])
    async def test_found_by_its_name_and_followed_by_its_cluster(
        self, cloud, fitting, plain, way, fault, target, evidence
    ):
        one = await gone(cloud, way, fitting(way), fault, target=target)
        one.account = plain
        (cluster_id,) = made(cloud)
        assert await one.look() == Found({"newClusterId": cluster_id}, evidence, {"clusterId": cluster_id})
        one.follow({"newClusterId": cluster_id})
        states = []
        for seconds in (0, 10, LONG):
            cloud.advance(seconds)
            states.append((await one.read()).state)
        assert states == [State.IN_PROGRESS, State.IN_PROGRESS, State.SUCCESSFUL]

    @EveryWay
    async def test_found_with_its_job_id_where_the_console_may_be_asked(self, cloud, console, way):
        one = await gone(cloud, way, console, "drop_after")
        (effect,) = cloud.ledger.effects()
        look = await one.look()
        assert isinstance(look, Found)
        assert look.handle == {"newClusterId": made(cloud)[0], "jobId": effect.job_id}
        one.follow(look.handle)
        cloud.advance(LONG)
        seen = await one.read()
        assert (seen.state, seen.job_id) == (State.SUCCESSFUL, effect.job_id)

    @EveryWay
    @pytest.mark.parametrize("fault", ["drop_before", "status"])
    async def test_absent_when_nothing_reached_the_cloud(self, cloud, fitting, way, fault):
        one = await gone(cloud, way, fitting(way), fault)
        assert await one.look() == Absent()
        assert made(cloud) == []

    @EveryWay
    async def test_a_job_into_a_cluster_that_is_not_listed_may_be_ours(self, cloud, console, way):
        """It failed at once, and the cloud removed its cluster: sent again, it would fail a second time, unseen."""
        one = await gone(cloud, way, console, "drop_after")
        (effect,) = cloud.ledger.effects()
        del cloud.world.clusters[made(cloud)[0]]
        look = await one.look()
        assert isinstance(look, Undecided)
        assert str(effect.job_id) in look.message

    @pytest.mark.parametrize("way", [ALL, VENDOR], ids=["cluster", "vendor"])
    @pytest.mark.parametrize("oddity", ["values_missing", "values_null", "types_prefixed", "times_zero"])
    async def test_nor_is_it_ruled_out_by_what_its_row_does_not_tell(self, cloud, console, way, oddity):
        one = await gone(cloud, way, console, "drop_after")
        del cloud.world.clusters[made(cloud)[0]]
        cloud.odd("console.list", oddity)
        assert isinstance(await one.look(), Undecided)

    @pytest.mark.parametrize("ignored", [(), ("console",)], ids=["filters", "no filters"])
    async def test_jobs_of_others_ask_nobody(self, cloud, console, ignored):
        """One of another project, one that another object holds, one from before, and one into a cluster that is
        listed."""
        cloud.behave(filters_ignored=ignored)
        cloud.world.projects["proj-other"] = cloud.world.projects[PROJECT]
        before, *strangers = [VENDOR.of(console, token=f"{n}bcdefgh", name=f"other-{n}") for n in range(4)]
        await before.send()
        del cloud.world.clusters[made(cloud)[0]]
        cloud.advance(LONG * 60)
        one = await gone(cloud, VENDOR, console, "drop_before")
        for stranger in strangers:
            await stranger.send()
        _, listed, held, foreign = cloud.ledger.effects()
        for effect in (held, foreign):
            del cloud.world.clusters[effect.target["clusterId"]]
        one.held = {held.job_id}
        cloud.jobs.get(foreign.job_id).project_id = "proj-other"
        assert listed.target["clusterId"] in cloud.world.clusters
        assert await one.look() == Absent()

    async def test_what_takes_effect_late_is_found_then(self, cloud, plain):
        """Hence the wait before anybody may conclude from an absence."""
        cloud.fault(ALL.route, "delay_effect", seconds=30, times=1)
        one = ALL.of(plain)
        assert isinstance(await one.send(), EffectUnknown)
        assert await one.look() == Absent()
        cloud.advance(31)
        assert isinstance(await one.look(), Found)

    @EveryWay
    async def test_a_second_send_of_what_took_effect_after_all_makes_no_second_cluster(self, cloud, fitting, way):
        """A list that lags behind says absent; then the name protects."""
        cloud.behave(list_lag_seconds=60)
        one = await gone(cloud, way, fitting(way), "drop_after", target=NAMED)
        assert await one.look() == Absent()
        cloud.advance(61)
        one.submission = one.submission.but(evidence=Evidence.ABSENT)
        one.status = one.status.but(submission=one.submission)
        sent = one.submission
        assert isinstance(await one.prepare(), Prepared), "the name is not called taken: it may be ours"
        one.submission = sent.but(sends=2)
        answer = await one.submit()
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.heals) == (Reason.NAME_TAKEN, True), "so it is looked for again"
        assert isinstance(await one.look(), Found)
        assert len(made(cloud)) == 1

    @pytest.mark.parametrize("other", [{"cu_size": 4}, {"project_id": "proj-other"}])
    async def test_a_cluster_of_another_size_or_project_is_not_ours_and_forbids_to_go_on(self, cloud, plain, other):
        one = await gone(cloud, ALL, plain, "drop_before", target=NAMED)
        fields = {"cluster_name": "moved", "cu_size": 2, "project_id": PROJECT} | other
        cloud.world.put_cluster("in01-other", ClusterFields(**fields))
        look = await one.look()
        assert isinstance(look, Undecided)
        assert "in01-other" in look.message

    async def test_two_clusters_of_the_name_decide_nothing(self, cloud, plain):
        one = await gone(cloud, ALL, plain, "drop_after", target=NAMED)
        cloud.world.put_cluster("in01-other", ClusterFields(cluster_name="moved"))
        assert isinstance(await one.look(), Undecided)

    async def test_a_record_without_the_name_decides_nothing(self, cloud, plain):
        one = await gone(cloud, ALL, plain, "drop_after")
        one.submission = one.submission.but(baseline=None)
        assert isinstance(await one.look(), Undecided)

    async def test_an_outage_is_no_look(self, cloud, plain):
        one = await gone(cloud, ALL, plain, "drop_after")
        cloud.go_down()
        assert isinstance(await one.look(), Unreadable)


class TestWithoutAJobId:
    @pytest.mark.parametrize(
        ("word", "state"),
        [
            ("CREATING", State.IN_PROGRESS),
            ("RESTORE_BACKUP", State.IN_PROGRESS),
            ("MIGRATING", State.IN_PROGRESS),
            ("RUNNING", State.SUCCESSFUL),
            ("MODIFYING", State.SUCCESSFUL),
            ("STOPPED", State.SUCCESSFUL),
            ("ABNORMAL", State.FAILED),
            ("FROZEN", State.IN_PROGRESS),
            ("PONDERING", None),
            ("DELETING", State.UNKNOWN),
        ],
    )
    async def test_the_state_follows_the_cluster(self, cloud, plain, word, state):
        cloud.world.put_cluster("in01-new", ClusterFields(cluster_name=OURS, status=word))
        one = ALL.of(plain)
        one.follow({"newClusterId": "in01-new"})
        seen = await one.read()
        assert (seen.state, seen.cloud_status, seen.job_id) == (state, word, "")
        assert bool(seen.message) == (state is not None)

    async def test_a_cluster_that_is_gone_is_missing_and_neither_failed_nor_done(self, plain):
        one = ALL.of(plain)
        one.follow({"newClusterId": "in01-nowhere"})
        assert await one.read() == Missing()
