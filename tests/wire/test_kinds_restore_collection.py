"""RestoreJob of one collection into a running cluster, against the simulated cloud."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.support.kinds_rig import LONG, Object, backed_up, parsed

from zilliz_jobs.api.jobstatus import Evidence, State
from zilliz_jobs.cloud.errors import FenceClosed
from zilliz_jobs.core.observation import (
    Absent,
    Accepted,
    Blocked,
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
from zilliz_jobs.kinds.base import Account, BackupSource
from zilliz_jobs.kinds.restores.restore import RestoreKind
from zilliz_local.cloud import MOVIES, PROJECT, SHOP, CloudSimulator
from zilliz_local.cloud.clusters import ClusterFields
from zilliz_local.cloud.jobs import Job

KIND = RestoreKind()
AFTER_EFFECT = ["drop_after", "status_after", "garbage_after", "malformed_json"]
ROUTE = "restore.collection"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WORK = 10  # simulated seconds, after which a restore is at work


def films(account: Account, backup: BackupSource, cluster: str = SHOP, **more: Any) -> Object:
    by_id = {"clusterId": backup.cluster_id, "backupId": backup.backup_id}
    target = {"clusterId": cluster, "collections": [{"collection": "films", **more}]}
    return Object(KIND, account, parsed(KIND, backup=by_id, existingCluster=target))


def put(cloud: CloudSimulator, status: str) -> None:
    before = cloud.world.clusters[SHOP].at(cloud.world.now).fields
    cloud.world.put_cluster(SHOP, ClusterFields(**(before.model_dump() | {"status": status})))


def stranger(cloud: CloudSimulator, backup: BackupSource, name: str = "films", database: str = "default") -> Job:
    """Somebody else restores the collection, and has not ended."""
    wanted = {"collectionName": "films", "destCollectionName": name}
    where = {"dbName": "default", "destDbName": database, "collections": [wanted]}
    path = f"/v2/clusters/{MOVIES}/backups/{backup.backup_id}/restoreCollection"
    made: Any = cloud.act_as("rival", "POST", path, {"destClusterId": SHOP, "dbCollections": [where]})
    job = cloud.jobs.get(made["data"]["jobId"])
    assert job is not None
    return job


def forgotten(cloud: CloudSimulator, one: Object, *, twice: bool = True) -> None:
    """The cloud knows the job no more; `twice`: and that was seen before."""
    cloud.forget(one.status.job_id)
    if twice:
        one.submission = one.submission.but(missing_since=NOON)
        one.status = one.status.but(submission=one.submission)


class TestALife:
    async def test_it_is_submitted_followed_and_ends_well(self, cloud, plain):
        one = films(plain, backed_up(cloud))
        answer = await one.send()
        assert isinstance(answer, Accepted)
        assert answer.handle.keys() == {"jobId", "clusterId"}
        assert (answer.result, dict(answer.credentials)) == ({"clusterId": SHOP}, {})
        assert cloud.ledger.effects_per_token() == {"token-1": 1}
        cloud.advance(WORK)
        assert (await one.read()).state is State.IN_PROGRESS
        cloud.advance(LONG)
        seen = await one.read()
        assert (seen.state, seen.progress) == (State.SUCCESSFUL, 100)

    @pytest.mark.parametrize(
        ("given", "place", "loaded"),
        [
            ({}, ("default", "films"), False),
            ({"destStatus": "Unloaded"}, ("default", "films"), False),
            ({"destStatus": "Loaded"}, ("default", "films"), True),
            ({"database": "default", "destCollection": "copy"}, ("default", "copy"), False),
            ({"destDatabase": "archive"}, ("archive", "films"), False),
        ],
    )
    async def test_it_arrives_where_and_as_it_was_wanted(self, cloud, plain, given, place, loaded):
        await films(plain, backed_up(cloud), **given).send()
        cloud.advance(LONG)
        assert cloud.world.clusters[SHOP].collection(*place).loaded is loaded

    async def test_a_collection_can_come_back_into_its_own_cluster(self, cloud, plain):
        """After an accident; beside what is there, under another name."""
        await films(plain, backed_up(cloud), MOVIES, destCollection="films_before").send()
        cloud.advance(LONG)
        assert cloud.world.clusters[MOVIES].collection("default", "films_before") is not None

    async def test_a_failed_restore_tells_why(self, cloud, plain):
        cloud.next_job("RESTORE", failure="no space left")
        one = films(plain, backed_up(cloud))
        await one.send()
        cloud.advance(LONG)
        seen = await one.read()
        assert (seen.state, seen.message) == (State.FAILED, "no space left")

    async def test_a_forgotten_job_ends_as_its_collection_shows(self, cloud, plain):
        one = films(plain, backed_up(cloud))
        await one.send()
        cloud.advance(LONG)
        forgotten(cloud, one)
        seen = await one.read()
        assert (seen.state, seen.job_id) == (State.SUCCESSFUL, one.status.job_id)

    async def test_one_slip_of_the_cloud_ends_no_restore(self, cloud, plain):
        """The collection may be there from the start, and fill until the end."""
        cloud.behave(collections_appear_at="start")
        one = films(plain, backed_up(cloud))
        await one.send()
        cloud.advance(WORK)
        forgotten(cloud, one, twice=False)
        assert await one.read() == Missing()

    async def test_a_collection_that_is_to_be_loaded_is_not_done_before(self, cloud, plain):
        one = films(plain, backed_up(cloud), destStatus="Loaded")
        await one.send()
        cloud.advance(LONG)
        forgotten(cloud, one)
        assert (await one.read()).state is State.SUCCESSFUL
        cloud.world.clusters[SHOP].collection("default", "films").release()
        seen = await one.read()
        assert (seen.state, seen.cloud_status) == (State.IN_PROGRESS, "LoadStateNotLoad")

    async def test_a_job_that_left_no_collection_is_missing_and_not_failed(self, cloud, plain):
        one = films(plain, backed_up(cloud))
        await one.send()
        forgotten(cloud, one)
        assert await one.read() == Missing()

    async def test_a_suspended_cluster_says_nothing_of_a_forgotten_job(self, cloud, plain):
        one = films(plain, backed_up(cloud))
        await one.send()
        cloud.advance(LONG)
        forgotten(cloud, one)
        put(cloud, "STOPPED")
        assert isinstance(await one.read(), Unreadable)


class TestBeforeIt:
    async def test_a_backup_that_is_being_made_is_waited_for(self, cloud, plain):
        ready = await films(plain, backed_up(cloud, ended=False)).prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.BACKUP_NOT_READY

    @pytest.mark.parametrize("word", ["STOPPED", "MODIFYING", "RESTORE_BACKUP", "ABNORMAL", "PONDERING"])
    async def test_a_cluster_that_does_not_run_is_waited_for(self, cloud, plain, word):
        one = films(plain, backed_up(cloud))
        put(cloud, word)
        ready = await one.prepare()
        assert isinstance(ready, Blocked)
        assert (ready.reason, ready.retry_after) == (Reason.CLUSTER_BUSY, 10.0)
        assert word in ready.message

    @pytest.mark.parametrize("word", ["DELETING", ""])
    async def test_a_cluster_that_is_gone_is_not_called_busy(self, cloud, plain, word):
        one = films(plain, backed_up(cloud))
        if word:
            put(cloud, word)
        else:
            del cloud.world.clusters[SHOP]
        ready = await one.prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.CLUSTER_NOT_FOUND

    async def test_a_name_that_is_taken_is_waited_for(self, cloud, plain):
        """Found after a lost answer, somebody else's data would be taken for the restored ones."""
        one = films(plain, backed_up(cloud), destCollection="products")
        ready = await one.prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.NAME_TAKEN
        assert f"{SHOP}/default/products" in ready.message
        cloud.world.clusters[SHOP].drop_collection("default", "products")
        assert isinstance(await one.prepare(), Prepared)

    async def test_the_same_name_in_another_database_is_another(self, cloud, plain):
        one = films(plain, backed_up(cloud), destDatabase="archive", destCollection="products")
        assert isinstance(await one.prepare(), Prepared)

    async def test_a_restore_of_somebody_else_that_nobody_sees_is_a_refusal_that_heals(self, cloud, plain):
        backup = backed_up(cloud)
        one = films(plain, backup)
        stranger(cloud, backup)
        answer = await one.send()
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.heals) == (Reason.NAME_TAKEN, True)

    async def test_a_cluster_that_became_busy_meanwhile_refuses_and_heals(self, cloud, plain):
        one = films(plain, backed_up(cloud))
        await one.prepare()
        put(cloud, "STOPPING")
        answer = await one.submit()
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.heals) == (Reason.CLUSTER_BUSY, True)

    async def test_a_collection_that_the_backup_lacks_is_the_clouds_refusal(self, cloud, plain):
        one = films(plain, backed_up(cloud, backupType="COLLECTION", dbCollections=[{"collectionNames": ["actors"]}]))
        answer = await one.send()
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.heals) == (Reason.REJECTED, False)

    async def test_a_closed_fence_means_not_sent(self, cloud, plain):
        def closed() -> None:
            raise FenceClosed("too late")

        one = films(plain, backed_up(cloud))
        one.fence = closed
        assert isinstance(await one.send(), NotSent)
        assert cloud.ledger.requests(token="token-1") == []


class TestFind:
    @pytest.mark.parametrize("fault", [*AFTER_EFFECT, "drop_before"])
    @pytest.mark.parametrize("appear", ["start", "end"])
    async def test_that_its_collection_is_there_proves_nothing(self, cloud, plain, fault, appear):
        """A clone or a sample makes collections too; told as done, its user would read somebody else's data."""
        cloud.behave(collections_appear_at=appear)
        cloud.fault(ROUTE, fault, times=1)
        one = films(plain, backed_up(cloud))
        assert isinstance(await one.send(), EffectUnknown)
        if fault == "drop_before":
            cloud.world.clusters[SHOP].put_collection("default", "films")
        cloud.advance(LONG)
        look = await one.look()
        assert isinstance(look, Undecided)
        assert f"{SHOP}/default/films" in look.message

    async def test_nor_is_it_one_where_the_console_shows_no_job(self, cloud, console):
        cloud.fault(ROUTE, "drop_before", times=1)
        one = films(console, backed_up(cloud))
        await one.send()
        body = {"clusterId": SHOP, "dbName": "default", "collectionName": "films", "dataset": "Films"}
        cloud.act_as("console", "POST", "/console/v1/collections/sample", body)
        assert await one.look() == Absent()
        cloud.advance(LONG)
        look = await one.look()
        assert isinstance(look, Undecided)
        assert f"{SHOP}/default/films" in look.message

    @pytest.mark.parametrize(
        "told", [{"type": ""}, {"type": "RESTORE_2"}, {"collection": "[films]"}, {"backup_id": "B"}]
    )
    async def test_a_job_that_the_console_spells_otherwise_is_not_ruled_out(self, cloud, console, told):
        cloud.fault(ROUTE, "drop_after", times=1)
        one = films(console, backed_up(cloud))
        await one.send()
        (effect,) = cloud.ledger.effects(token="token-1")
        if "backup_id" in told:
            told = {"backup_id": f"[{cloud.jobs.get(effect.job_id).backup_id}]"}
        for name, value in told.items():
            setattr(cloud.jobs.get(effect.job_id), name, value)
        look = await one.look()
        assert isinstance(look, Undecided)
        assert effect.job_id in look.message

    @pytest.mark.parametrize("seconds", [0, WORK, LONG])
    async def test_found_with_its_job_id_where_the_console_may_be_asked(self, cloud, console, seconds):
        """Also while nothing else shows that it is at work."""
        cloud.fault(ROUTE, "drop_after", times=1)
        one = films(console, backed_up(cloud))
        await one.send()
        (effect,) = cloud.ledger.effects(token="token-1")
        cloud.advance(seconds)
        look = await one.look()
        assert look == Found({"clusterId": SHOP, "jobId": effect.job_id}, Evidence.INFERRED, {"clusterId": SHOP})

    async def test_a_restore_that_failed_at_once_is_found_by_the_console(self, cloud, console):
        cloud.fault(ROUTE, "drop_after", times=1)
        cloud.next_job("RESTORE", failure="no space left")
        one = films(console, backed_up(cloud))
        await one.send()
        cloud.advance(LONG)
        look = await one.look()
        assert isinstance(look, Found)
        one.follow(look.handle)
        assert (await one.read()).state is State.FAILED

    async def test_absent_when_nothing_reached_the_cloud(self, cloud, plain, console):
        cloud.fault(ROUTE, "drop_before", times=2)
        for account in (plain, console):
            one = films(account, backed_up(cloud))
            assert isinstance(await one.send(), EffectUnknown)
            assert await one.look() == Absent()

    async def test_the_restore_of_another_name_or_holder_is_not_ours(self, cloud, console):
        backup = backed_up(cloud)
        one = films(console, backup)
        await one.prepare()
        stranger(cloud, backup, "films_copy")
        stranger(cloud, backup, database="archive")
        assert await one.look() == Absent()
        stranger(cloud, backup)
        look = await one.look()
        assert isinstance(look, Found)
        one.held.add(look.handle["jobId"])
        assert await one.look() == Absent()

    async def test_the_restore_of_another_backup_is_not_ours(self, cloud, console):
        one = films(console, backed_up(cloud))
        other = backed_up(cloud)
        await one.prepare()
        stranger(cloud, other)
        assert await one.look() == Absent()

    async def test_unknown_beside_a_restore_of_which_the_console_tells_no_name(self, cloud, console):
        """Then the one that has a name need not be ours."""
        backup = backed_up(cloud)
        one = films(console, backup)
        await one.prepare()
        stranger(cloud, backup, "films_copy").collection = ""
        assert isinstance(await one.look(), Undecided)
        stranger(cloud, backup)
        look = await one.look()
        assert isinstance(look, Undecided)
        assert look.message.count("job-") == 2

    async def test_a_restore_at_work_refuses_the_second_send_and_is_found_in_the_end(self, cloud, plain):
        """Nothing shows it meanwhile; "failed" would be a lie, and a wait for the name would never end."""
        cloud.fault(ROUTE, "drop_after", times=1)
        one = films(plain, backed_up(cloud))
        await one.send()
        assert await one.look() == Absent()
        answer = await one.resend()
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.heals) == (Reason.NAME_TAKEN, True)
        one.submission = one.submission.but(name_taken_time=cloud.clock.wall())  # as the engine keeps it
        assert await one.look() == Absent()
        cloud.advance(LONG)
        requests = len(cloud.ledger.requests(route=ROUTE))
        assert isinstance(await one.resend(), EffectUnknown), (
            "it would be refused for certain, and that tells nothing"
        )
        assert len(cloud.ledger.requests(route=ROUTE)) == requests
        assert await one.look() == Found({"clusterId": SHOP}, Evidence.INFERRED, {"clusterId": SHOP})
        assert len(cloud.ledger.effects(route=ROUTE)) == 1

    async def test_a_name_that_is_taken_before_the_second_send_is_no_restore(self, cloud, plain):
        """The first send never arrived, and somebody else was quicker than the second."""
        cloud.fault(ROUTE, "drop_before", times=1)
        one = films(plain, backed_up(cloud))
        await one.send()
        assert await one.look() == Absent()
        cloud.world.clusters[SHOP].put_collection("default", "films")
        assert isinstance(await one.resend(), EffectUnknown)
        assert isinstance(await one.look(), Undecided)

    @pytest.mark.parametrize("evidence", [Evidence.REFUSED, Evidence.UNKNOWN])
    async def test_unknown_after_a_second_send_that_was_refused_for_good(self, cloud, plain, console, evidence):
        """Absent would end the job as failed, and the first send may be at work unseen."""
        cloud.fault(ROUTE, "drop_after", times=1)
        one = films(plain, backed_up(cloud))
        await one.send()
        one.submission = one.submission.but(sends=2, evidence=evidence)
        assert isinstance(await one.look(), Undecided)
        one.account = console
        assert isinstance(await one.look(), Found)

    @pytest.mark.parametrize("evidence", [Evidence.REFUSED, Evidence.UNKNOWN])
    async def test_absent_after_it_where_the_console_shows_no_job(self, cloud, console, evidence):
        """Else a job that was refused would wait for a person for no reason."""
        one = films(console, backed_up(cloud))
        await one.prepare()
        one.submission = one.submission.but(sends=2, evidence=evidence)
        assert await one.look() == Absent()

    async def test_absent_after_an_outage_of_the_cluster_too(self, cloud, plain):
        """The doubt was the cluster's, and ends with it."""
        one = films(plain, backed_up(cloud))
        await one.prepare()
        one.submission = one.submission.but(evidence=Evidence.UNKNOWN)
        assert await one.look() == Absent()

    @pytest.mark.parametrize("word", ["STOPPED", "RESTORE_BACKUP"])
    async def test_unknown_while_the_cluster_does_not_answer(self, cloud, plain, word):
        one = films(plain, backed_up(cloud))
        await one.prepare()
        put(cloud, word)
        look = await one.look()
        assert isinstance(look, Undecided)
        assert word in look.message

    async def test_unknown_while_the_cluster_is_at_something_and_shows_no_collection(self, cloud, plain):
        """A cloud whose data plane answers meanwhile says less than it seems to."""
        one = films(plain, backed_up(cloud))
        await one.prepare()
        cloud.fault("cluster.get", "unknown_status", word="RESTORE_BACKUP")
        assert isinstance(await one.look(), Undecided)

    async def test_unknown_while_the_console_shows_several(self, cloud, console):
        backup = backed_up(cloud)
        one = films(console, backup)
        await one.prepare()
        for _ in range(2):
            cloud.next_job("RESTORE", failure="no space left")
            stranger(cloud, backup)
            cloud.advance(LONG)
        look = await one.look()
        assert isinstance(look, Undecided)
        assert look.message.count("job-") == 2

    async def test_without_a_cluster_and_in_an_outage_there_is_no_look(self, cloud, plain):
        one = films(plain, backed_up(cloud))
        await one.prepare()
        cloud.go_down()
        assert isinstance(await one.look(), Unreadable)
        cloud.go_down(False)
        del cloud.world.clusters[SHOP]
        assert isinstance(await one.look(), Unreadable)

    async def test_a_restore_into_a_new_cluster_is_none_of_a_collection(self, cloud, console):
        backup = backed_up(cloud)
        one = films(console, backup, MOVIES, destCollection="films_before")
        await one.prepare()
        body = {"projectId": PROJECT, "clusterName": "other", "cuSize": 4, "collectionStatus": "KEEP"}
        cloud.act_as("rival", "POST", f"/v2/clusters/{MOVIES}/backups/{backup.backup_id}/restoreCluster", body)
        look = await one.look()
        assert not isinstance(look, Found)


class TestAdopt:
    async def test_a_forgotten_job_from_elsewhere_is_not_judged_by_a_collection(self, cloud, plain):
        """It may have been there before."""
        made = await films(plain, backed_up(cloud)).send()
        cloud.advance(LONG)
        one = films(plain, BackupSource(MOVIES, "any"))
        one.follow({"jobId": made.handle["jobId"]})
        assert isinstance(await one.read(), Seen)
        forgotten(cloud, one)
        assert await one.read() == Missing()
