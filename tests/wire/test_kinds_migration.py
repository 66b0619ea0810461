"""MigrationJob's verbs against the simulated cloud, into a cluster that exists. Each test says what a user would
lose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from tests.support.cloudwire import session_of
from tests.support.kinds_rig import Object, parsed

from zilliz_jobs.api.jobstatus import Evidence, State
from zilliz_jobs.cloud.errors import FenceClosed
from zilliz_jobs.core.observation import (
    Absent,
    Accepted,
    Blocked,
    CancelAccepted,
    EffectUnknown,
    Found,
    Missing,
    NotSent,
    Prepared,
    Refused,
    Seen,
    Undecided,
    Unreadable,
)
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.kinds.migrations.migrating import MigrationKind
from zilliz_local.cloud import MOVIES, SHOP, CloudSimulator
from zilliz_local.cloud.clusters import ClusterFields

KIND = MigrationKind()
AFTER_EFFECT = ["drop_after", "status_after", "garbage_after", "malformed_json", "omit_job_id"]
BEFORE_EFFECT = ["drop_before", "status"]
LONG = 60  # simulated seconds, after which every migration has ended
SECRET = {"credentialsSecretRef": {"name": "keys"}}
INTO_SHOP = {"clusterId": SHOP}
FROM_MOVIES = {"zillizCluster": {"clusterId": MOVIES}}
LOGIN = {"username": "me", "password": "pw-of-the-source"}
API_KEY = {"apiKey": "key-of-the-source"}


@dataclass(frozen=True)
class Way:
    """One way into the cluster `shop`: the call it takes, and what it brings."""

    route: str
    spec: dict[str, Any]
    brings: tuple[tuple[str, str], ...]
    secrets: tuple[tuple[str, str], ...] = ()

    def of(self, account: Account, **more: Any) -> Object:
        spec = parsed(KIND, target=INTO_SHOP, **self.spec)
        return Object(KIND, account, spec, secrets=dict(self.secrets), **more)


def _external(source: str, secrets: dict[str, str], name: str = "points", **fields: Any) -> Way:
    spec = {"source": {source: {**fields, **SECRET}}, "collections": [{"source": name, "destination": "points"}]}
    return Way("console.migrate_external", spec, (("default", "points"),), tuple(secrets.items()))


FILES = Way(
    "migration.remote",
    {"source": {"milvusBackup": {"objectStorage": {"url": "s3://demo-data/milvus-backup/"}}}},
    (("default", "books"), ("archive", "authors")),
)
VOLUME = Way(
    "migration.remote",
    {"source": {"milvusBackup": {"volume": {"name": "demo-volume", "path": "milvus-backup/"}}}},
    FILES.brings,
)
FILMS = Way(
    "migration.existing",
    {"source": FROM_MOVIES, "collections": [{"source": "films"}, {"source": "actors", "destDatabase": "archive"}]},
    (("default", "films"), ("archive", "actors")),
)
WHOLE = Way(
    "migration.existing", {"source": FROM_MOVIES}, tuple(("default", name) for name in ("actors", "films", "reviews"))
)
DATABASE = Way(
    "migration.existing",
    {"source": FROM_MOVIES, "collections": [{"database": "default", "destDatabase": "archive"}]},
    tuple(("archive", name) for name in ("actors", "films", "reviews")),
)
QDRANT = _external("qdrant", API_KEY, uri="https://qdrant.example.com:6334")
EXTERNAL = [
    QDRANT,
    _external("milvus", LOGIN, uri="https://milvus.example.com:19530", database="shop"),
    _external("pinecone", API_KEY, "my-index"),
    _external("elasticsearch", LOGIN, "my.index", uri="https://elastic.example.com:9200"),
    _external("elasticsearch", API_KEY, cloudId="demo:ZXU="),
    _external("opensearch", LOGIN, uri="https://opensearch.example.com"),
    _external("postgresql", LOGIN, uri="postgresql://pg.example.com", database="app"),
    _external("tencentVectorDB", API_KEY, uri="http://vdb.example.com"),
    _external("zillizExternal", API_KEY, uri="https://in01-z.example.com"),
    _external("zillizExternal", LOGIN, uri="https://in01-z.example.com"),
]
PUBLIC = [FILES, VOLUME, FILMS, WHOLE, DATABASE]
NAMED = [FILMS, WHOLE, DATABASE, QDRANT]
"""The ways whose collections are known before they arrive."""

EveryWay = pytest.mark.parametrize("way", [*PUBLIC, *EXTERNAL], ids=lambda way: f"{way.route} {way.brings[0][1]}")
NamedWay = pytest.mark.parametrize("way", NAMED, ids=lambda way: f"{way.route} {way.brings[0][1]}")


@pytest.fixture
def fitting(plain: Account, console: Account) -> Callable[[Way], Account]:
    """The account with no more rights than the way needs."""
    return lambda way: console if way.route.startswith("console") else plain


def held(cloud: CloudSimulator, cluster_id: str = SHOP) -> set[tuple[str, str]]:
    collections = cloud.world.clusters[cluster_id].fields.collections
    return {(database, name) for database, names in collections.items() for name in names}


async def gone(cloud: CloudSimulator, way: Way, account: Account, fault: str, **more: Any) -> Object:
    """A submission whose answer was lost."""
    cloud.fault(way.route, fault, times=1)
    one = way.of(account, **more)
    assert isinstance(await one.send(), EffectUnknown)
    return one


def stranger(cloud: CloudSimulator, *names: str) -> None:
    """Somebody else starts a migration into the cluster."""
    body = {"source": {"type": "milvus"}, "destination": INTO_SHOP, "collections": list(names)}
    assert cloud.act_as("console", "POST", "/console/v1/migrations/external", body)["code"] == 0


class TestALife:
    @EveryWay
    async def test_it_is_submitted_once_followed_and_brings_what_was_named(self, cloud, fitting, way):
        one = way.of(fitting(way))
        before = held(cloud)
        answer = await one.send()
        assert isinstance(answer, Accepted)
        assert (answer.handle["clusterId"], answer.result) == (SHOP, {"clusterId": SHOP})
        assert not answer.credentials
        assert [e.route for e in cloud.ledger.effects(token="token-1")] == [way.route]
        cloud.advance(10)
        seen = await one.read()
        assert (seen.state, seen.job_id) == (State.IN_PROGRESS, answer.handle["jobId"])
        assert 0 < seen.progress < 100
        assert seen.estimated_end is not None
        cloud.advance(LONG)
        seen = await one.read()
        assert (seen.state, seen.progress, seen.result) == (State.SUCCESSFUL, 100, {"clusterId": SHOP})
        assert held(cloud) - before == {*way.brings}

    async def test_missing_files_fail_the_job_in_the_clouds_words(self, cloud, plain):
        spec = parsed(KIND, source={"milvusBackup": {"objectStorage": {"url": "s3://b/no/"}}}, target=INTO_SHOP)
        one = Object(KIND, plain, spec)
        await one.send()
        cloud.advance(LONG)
        seen = await one.read()
        assert seen.state is State.FAILED
        assert "s3://b/no/" in seen.message

    async def test_what_nobody_knows_any_more_is_missing_and_neither_failed_nor_done(self, cloud, plain):
        cloud.behave(jobs_forgotten_after_seconds=1)
        one = FILMS.of(plain)
        await one.send()
        cloud.advance(LONG)
        assert await one.read() == Missing()

    async def test_a_cancel_reaches_it(self, cloud, console):
        one = FILMS.of(console)
        await one.send()
        cloud.advance(5)
        assert await KIND.cancel(console, one.status.job_id, "c1", lambda: None) == CancelAccepted()
        cloud.advance(LONG)
        seen = await one.read()
        assert seen.state is State.CANCELED

    async def test_a_job_of_the_console_is_adopted_without_source_and_target(self, cloud, plain):
        stranger(cloud, "points")
        job_id = next(iter(cloud.jobs.all())).job_id
        one = Object(KIND, plain, parsed(KIND, adopt={"jobId": job_id}))
        seen = await KIND.adopt(plain, one.spec, job_id, one.status)
        assert isinstance(seen, Seen)
        assert (seen.job_id, seen.result) == (job_id, {})


class TestBeforeIt:
    @pytest.mark.parametrize("way", EXTERNAL, ids=lambda way: next(iter(way.spec["source"])))
    async def test_without_the_console_nothing_is_sent_and_the_way_out_is_named(self, cloud, plain, way):
        ready = await way.of(plain).prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.NO_PUBLIC_API
        assert "consoleApi.enabled" in ready.message
        assert "adopt" in ready.message
        assert cloud.stats.requests == 0

    async def test_a_console_that_was_switched_off_meanwhile_is_no_lost_submission(self, cloud, plain, console):
        one = QDRANT.of(console)
        await one.prepare()
        one.account = plain
        answer = await one.submit()
        assert isinstance(answer, NotSent)
        assert answer.reason is Reason.NO_PUBLIC_API
        assert cloud.ledger.requests() == []

    @pytest.mark.parametrize(("cluster", "way"), [(SHOP, FILES), (SHOP, FILMS), (SHOP, QDRANT), (MOVIES, FILMS)])
    async def test_a_busy_cluster_is_waited_for(self, cloud, fitting, cluster, way):
        cloud.world.put_cluster(cluster, ClusterFields(status="MODIFYING"))
        ready = await way.of(fitting(way)).prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.CLUSTER_BUSY
        assert f"{cluster} is MODIFYING" in ready.message
        assert ready.retry_after

    @pytest.mark.parametrize("word", ["DELETING", "DELETED"])
    async def test_a_deleted_cluster_is_not_called_busy(self, cloud, plain, word):
        cloud.world.put_cluster(SHOP, ClusterFields(status=word))
        ready = await FILES.of(plain).prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.CLUSTER_NOT_FOUND

    @pytest.mark.parametrize("side", ["source", "target"])
    async def test_an_unknown_cluster_is_named(self, plain, side):
        clusters = {"source": MOVIES, "target": SHOP} | {side: "in01-nowhere"}
        spec = {"source": {"zillizCluster": {"clusterId": clusters["source"]}}}
        one = Object(KIND, plain, parsed(KIND, **spec, target={"clusterId": clusters["target"]}))
        ready = await one.prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.CLUSTER_NOT_FOUND
        assert "in01-nowhere" in ready.message

    @NamedWay
    async def test_a_name_that_exists_is_said_before_anything_is_sent(self, cloud, fitting, way):
        cloud.world.clusters[SHOP].put_collection(*way.brings[0])
        ready = await way.of(fitting(way)).prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.NAME_TAKEN
        assert "/".join(way.brings[0]) in ready.message

    async def test_a_rename_that_the_public_call_cannot_do_is_never_sent(self, cloud, plain):
        spec = {"source": FROM_MOVIES, "collections": [{"source": "films", "destination": "movies"}]}
        ready = await Object(KIND, plain, parsed(KIND, target=INTO_SHOP, **spec)).prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.NO_PUBLIC_API
        assert "films" in ready.message
        assert cloud.stats.requests == 0

    async def test_a_name_that_somebody_took_meanwhile_ends_in_the_clouds_words(self, cloud, console):
        one = QDRANT.of(console)
        assert isinstance(await one.prepare(), Prepared)
        stranger(cloud, "points")
        answer = await one.submit()
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.heals) == (Reason.REJECTED, False)
        assert "already exists" in answer.message

    @pytest.mark.parametrize("status", [404, 405])
    async def test_a_deprecated_call_that_is_gone_names_the_way_out(self, cloud, plain, status):
        cloud.behave(migrations_gone=status)
        answer = await FILMS.of(plain).send()
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.heals) == (Reason.NO_PUBLIC_API, False)
        assert "adopt" in answer.message

    async def test_a_console_that_is_not_served_names_the_way_out(self, cloud, plain):
        session = session_of(cloud, console_path="/elsewhere")
        answer = await QDRANT.of(Account(session)).send()
        await session.close()
        assert isinstance(answer, Refused)
        assert answer.reason is Reason.NO_PUBLIC_API

    async def test_a_closed_fence_means_not_sent(self, cloud, plain):
        def closed() -> None:
            raise FenceClosed("too late")

        assert isinstance(await FILES.of(plain, fence=closed).send(), NotSent)
        assert cloud.ledger.requests() == []

    async def test_secrets_are_sent_and_shown_nowhere(self, cloud, console):
        one = QDRANT.of(console)
        cloud.fault(QDRANT.route, "status_after", status=400, times=1)
        shown = [repr(await one.send()), repr(one.submission), repr(one.status)]
        assert "key-of-the-source" not in "".join(shown)

    async def test_the_record_is_bounded(self, cloud, plain, monkeypatch):
        """A status that grows with the number of collections would be refused one day."""
        monkeypatch.setattr("zilliz_jobs.kinds.migrations.migrationarrivals.MAX_NAMES", 2)
        for way in (WHOLE, FILES):
            cloud.world.clusters[SHOP].put_collection("default", "more")
            cloud.world.clusters[SHOP].put_collection("default", "and_more")
            one = way.of(plain)
            await one.prepare()
            (names,) = one.submission.baseline.values()
            assert len(names) == 2
        assert isinstance(await one.look(), Undecided)


class TestFind:
    @NamedWay
    @pytest.mark.parametrize("fault", AFTER_EFFECT)
    async def test_a_name_that_is_new_is_told_of_and_no_proof(self, cloud, fitting, plain, way, fault):
        """Without the console's list; the collections show when the migration is done."""
        one = await gone(cloud, way, fitting(way), fault)
        one.account = plain
        assert isinstance(await one.look(), Undecided), "not there yet, and that proves nothing"
        cloud.advance(LONG)
        look = await one.look()
        assert isinstance(look, Undecided)
        assert "/".join(way.brings[0]) in look.message
        assert len(cloud.ledger.effects()) == 1

    async def test_one_that_an_earlier_version_found_by_a_name_is_followed_by_its_names(self, cloud, plain):
        one = await gone(cloud, FILMS, plain, "drop_after")
        cloud.advance(LONG)
        one.follow({"clusterId": SHOP, "collection": f"{SHOP}/default/films"})
        seen = await one.read()
        assert (seen.state, seen.progress, seen.job_id) == (State.SUCCESSFUL, 100, "")

    @EveryWay
    async def test_found_at_once_with_its_job_id_where_the_console_may_be_asked(self, cloud, console, way):
        one = await gone(cloud, way, console, "drop_after")
        look = await one.look()
        assert look == Found(
            {"clusterId": SHOP, "jobId": cloud.ledger.effects()[0].job_id}, Evidence.INFERRED, {"clusterId": SHOP}
        )
        one.follow(look.handle)
        cloud.advance(LONG)
        seen = await one.read()
        assert seen.state is State.SUCCESSFUL

    @EveryWay
    @pytest.mark.parametrize("fault", BEFORE_EFFECT)
    async def test_unknown_when_nothing_reached_the_cloud(self, cloud, fitting, console, way, fault):
        """Nobody can prove it: a migration that began may show nothing yet."""
        one = await gone(cloud, way, fitting(way), fault)
        cloud.advance(LONG)
        assert isinstance(await one.look(), Undecided)
        one.account = console
        assert isinstance(await one.look(), Undecided)

    async def test_absent_only_where_nothing_was_ever_sent(self, plain):
        one = FILMS.of(plain)
        await one.prepare()
        one.submission = one.submission.but(sends=0)
        assert await one.look() == Absent()

    async def test_files_leave_no_name_to_look_for(self, cloud, plain):
        """What is new may be anybody's; it is told to the person who decides."""
        one = await gone(cloud, FILES, plain, "drop_after")
        cloud.advance(LONG)
        look = await one.look()
        assert isinstance(look, Undecided)
        assert "default/books" in look.message

    async def test_a_strangers_migration_and_older_ones_are_not_taken_for_ours(self, cloud, console):
        stranger(cloud, "older")
        cloud.advance(600)
        one = await gone(cloud, FILES, console, "drop_before")
        assert isinstance(await one.look(), Undecided)
        out_of_it = {"source": {"clusterId": SHOP}, "destination": {"clusterId": MOVIES}}
        cloud.act_as("rival", "POST", "/v2/migrations/toExisting", out_of_it)
        assert isinstance(await one.look(), Undecided), "a migration out of the cluster is none into it"

    async def test_several_new_jobs_are_named_and_none_is_taken(self, cloud, console):
        one = await gone(cloud, FILES, console, "drop_after")
        stranger(cloud, "points")
        look = await one.look()
        assert isinstance(look, Undecided)
        assert all(effect.job_id in look.message for effect in cloud.ledger.effects())
        first, second = (effect.job_id for effect in cloud.ledger.effects())
        one.held.add(second)
        look = await one.look()
        assert isinstance(look, Found)
        assert look.handle["jobId"] == first

    async def test_a_collection_that_somebody_else_makes_is_no_migration(self, cloud, plain, console):
        """It never arrived; told as done, its user would read somebody else's data as his own."""
        for account in (plain, console):
            one = await gone(cloud, FILMS, account, "drop_before")
            cloud.world.clusters[SHOP].put_collection("default", "films")
            look = await one.look()
            assert isinstance(look, Undecided)
            assert "default/films" in look.message
            cloud.world.clusters[SHOP].drop_collection("default", "films")

    @pytest.mark.parametrize("told", [{"type": ""}, {"type": "MOVING"}, {"cluster_id": ""}, {"created_at": 1e9}])
    async def test_a_job_that_the_console_tells_too_little_of_is_not_ours_for_certain(self, cloud, console, told):
        one = await gone(cloud, FILMS, console, "drop_after")
        (job,) = (job for job in cloud.jobs.all() if job.type == "MIGRATION")
        for name, value in told.items():
            setattr(job, name, value)
        assert isinstance(await one.look(), Undecided)

    async def test_a_record_without_its_names_decides_nothing(self, cloud, plain):
        one = await gone(cloud, FILMS, plain, "drop_after")
        cloud.advance(LONG)
        one.submission = one.submission.but(baseline=None)
        assert isinstance(await one.look(), Undecided)

    async def test_a_cluster_that_cannot_be_asked_is_no_look(self, cloud, plain):
        one = await gone(cloud, FILMS, plain, "drop_after")
        cloud.advance(LONG)
        cloud.act_as("rival", "POST", f"/v2/clusters/{SHOP}/suspend", {})
        assert isinstance(await one.look(), Unreadable)
        cloud.go_down()
        assert isinstance(await one.look(), Unreadable)


class TestWithoutAJobId:
    async def test_it_goes_on_until_all_of_its_collections_are_there(self, cloud, plain):
        one = FILMS.of(plain)
        await one.prepare()
        one.follow({"clusterId": SHOP, "collection": f"{SHOP}/default/films"})
        assert await one.read() == Missing()
        cloud.world.clusters[SHOP].put_collection("default", "films")
        seen = await one.read()
        assert (seen.state, seen.progress) == (State.IN_PROGRESS, 50)
        cloud.world.clusters[SHOP].put_collection("archive", "actors")
        seen = await one.read()
        assert (seen.state, seen.progress) == (State.SUCCESSFUL, 100)
        assert "2 of its 2 collections" in seen.message

    async def test_an_outage_says_nothing_of_it(self, cloud, plain):
        one = FILMS.of(plain)
        await one.prepare()
        one.follow({"clusterId": SHOP, "collection": f"{SHOP}/default/films"})
        cloud.go_down()
        assert isinstance(await one.read(), Unreadable)
