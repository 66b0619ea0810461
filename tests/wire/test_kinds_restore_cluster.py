"""RestoreJob into a new cluster, against the simulated cloud. Each test says what a user would lose."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.kinds_rig import LONG, Object, backed_up, parsed

from zilliz_jobs.api.jobstatus import Evidence, State
from zilliz_jobs.cloud.errors import FenceClosed
from zilliz_jobs.core.observation import (
    Absent,
    Accepted,
    AlreadyDone,
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
from zilliz_jobs.kinds.clusters.newcluster import default_name
from zilliz_jobs.kinds.restores.restore import RestoreKind
from zilliz_local.cloud import MOVIES, PROJECT, SHOP, CloudSimulator
from zilliz_local.cloud.clusters import ClusterFields

KIND = RestoreKind()
TOKEN = "0123456789abcdef"
OWN_NAME = "weekly-01234567"
AFTER_EFFECT = ["drop_after", "status_after", "garbage_after", "malformed_json"]
ROUTE = "restore.cluster"


def wanted(account: Account, backup: BackupSource, name: str | None = "again", **more: Any) -> Object:
    new = {"projectId": PROJECT, "cuSize": 4} | ({"name": name} if name else {}) | more
    by_id = {"clusterId": backup.cluster_id, "backupId": backup.backup_id}
    return Object(KIND, account, parsed(KIND, backup=by_id, newCluster=new), TOKEN, "weekly")


def rival(cloud: CloudSimulator, name: str = "again", **fields: Any) -> str:
    """Somebody else's cluster; its id."""
    given = {"project_id": PROJECT, "cu_size": 4, "cluster_name": name} | fields
    cluster = cloud.world.put_cluster("in01-rival", ClusterFields(**given))
    cluster.created_at = cloud.world.now
    return cluster.cluster_id


def put(cloud: CloudSimulator, cluster_id: str, **fields: Any) -> None:
    before = cloud.world.clusters[cluster_id].at(cloud.world.now).fields
    cloud.world.put_cluster(cluster_id, ClusterFields(**(before.model_dump() | fields)))


class TestALife:
    async def test_it_is_submitted_followed_and_its_cluster_is_told(self, cloud, plain):
        one = wanted(plain, backed_up(cloud))
        answer = await one.send()
        assert isinstance(answer, Accepted)
        assert answer.handle.keys() == {"jobId", "newClusterId"}
        cluster_id = answer.handle["newClusterId"]
        assert answer.result == {"clusterId": cluster_id}
        assert cloud.ledger.effects_per_token() == {TOKEN: 1}
        seen = await one.read()
        assert isinstance(seen, Seen)
        assert (seen.state, seen.job_id) == (State.PENDING, answer.handle["jobId"])
        cloud.advance(10)
        assert (await one.read()).state is State.IN_PROGRESS
        cloud.advance(LONG)
        seen = await one.read()
        assert (seen.state, seen.progress) == (State.SUCCESSFUL, 100)
        assert cloud.world.clusters[cluster_id].at(cloud.world.now).status == "RUNNING"

    async def test_the_password_goes_into_the_credentials_and_nowhere_else(self, cloud, plain):
        """It is told once: lost here, it is lost; told twice, it is no secret."""
        one = wanted(plain, backed_up(cloud))
        answer = await one.send()
        assert answer.credentials.keys() == {"username", "password", "clusterId"}
        assert answer.credentials["clusterId"] == answer.result["clusterId"]
        password = answer.credentials["password"]
        assert password
        for told in (answer, answer.handle, answer.result, one.status, one.submission, await one.read()):
            assert password not in repr(told)

    async def test_an_answer_without_a_password_brings_no_credentials(self, cloud, plain):
        """A Secret with a user and no password would look complete."""
        cloud.fault(ROUTE, "omit_job_id", fields=["password"])
        answer = await wanted(plain, backed_up(cloud)).send()
        assert isinstance(answer, Accepted)
        assert dict(answer.credentials) == {}

    @pytest.mark.parametrize("fields", [["jobId"], ["clusterId"]])
    async def test_an_answer_with_one_of_the_two_ids_can_be_followed(self, cloud, plain, fields):
        cloud.fault(ROUTE, "omit_job_id", fields=fields)
        one = wanted(plain, backed_up(cloud))
        assert isinstance(await one.send(), Accepted)
        cloud.advance(LONG)
        assert (await one.read()).state is State.SUCCESSFUL

    @pytest.mark.parametrize(
        ("given", "keeps"),
        [
            ({}, True),
            ({"collectionStatus": "Keep", "restoreVersionPolicy": "Latest"}, True),
            ({"collectionStatus": "Release", "restoreVersionPolicy": "Original"}, False),
        ],
    )
    async def test_what_is_sent_is_what_was_wanted(self, cloud, plain, given, keeps):
        loaded = cloud.world.clusters[MOVIES].collection("default", "films")
        loaded.loaded = True
        answer = await wanted(plain, backed_up(cloud), **given).send()
        cloud.advance(LONG)
        made = cloud.world.clusters[answer.result["clusterId"]].at(cloud.world.now)
        assert (made.name, made.fields.cu_size, made.fields.project_id) == ("again", 4, PROJECT)
        assert made.collection("default", "films").loaded is keeps

    async def test_a_backup_that_a_job_made_is_restored_by_what_the_record_says(self, cloud, plain):
        """By the time of the look-up nobody may know the BackupJob any more."""
        one = wanted(plain, backed_up(cloud))
        one.backup = backed_up(cloud)
        one.spec = parsed(KIND, backup={"backupJobRef": {"name": "movies"}}, newCluster=one.spec.new_cluster.wire())
        assert KIND.backup_job(one.spec) == "movies"
        await one.send()
        (effect,) = cloud.ledger.effects(token=TOKEN)
        assert effect.target["backupId"] == one.backup.backup_id

    async def test_a_failed_restore_tells_why(self, cloud, plain):
        cloud.next_job("RESTORE", failure="quota exceeded")
        one = wanted(plain, backed_up(cloud))
        await one.send()
        cloud.advance(LONG)
        seen = await one.read()
        assert (seen.state, seen.message) == (State.FAILED, "quota exceeded")

    @pytest.mark.parametrize(
        ("status", "state"),
        [
            ("CREATING", State.IN_PROGRESS),
            ("RESTORE_BACKUP", State.IN_PROGRESS),
            ("RUNNING", State.SUCCESSFUL),
            ("MODIFYING", State.SUCCESSFUL),
            ("STOPPED", State.SUCCESSFUL),
            ("ABNORMAL", State.FAILED),
            ("FROZEN", State.IN_PROGRESS),
            ("DELETING", State.UNKNOWN),
            ("PONDERING", None),
        ],
    )
    async def test_a_forgotten_job_is_as_its_cluster_shows(self, cloud, plain, status, state):
        one = wanted(plain, backed_up(cloud))
        answer = await one.send()
        cloud.advance(LONG)
        cloud.forget(answer.handle["jobId"])
        put(cloud, answer.result["clusterId"], status=status)
        seen = await one.read()
        assert (seen.state, seen.cloud_status, seen.job_id) == (state, status, answer.handle["jobId"])
        assert seen.result == answer.result

    async def test_a_job_whose_cluster_is_gone_too_is_missing_and_not_failed(self, cloud, plain):
        one = wanted(plain, backed_up(cloud))
        answer = await one.send()
        cloud.forget(answer.handle["jobId"])
        del cloud.world.clusters[answer.result["clusterId"]]
        assert await one.read() == Missing()

    async def test_an_outage_says_nothing_of_the_job(self, cloud, plain):
        one = wanted(plain, backed_up(cloud))
        await one.send()
        cloud.go_down()
        seen = await one.read()
        assert isinstance(seen, Unreadable)

    async def test_an_unknown_word_is_neither_an_end_nor_an_error(self, cloud, plain):
        one = wanted(plain, backed_up(cloud))
        await one.send()
        cloud.fault("job.get", "unknown_status", word="PONDERING")
        seen = await one.read()
        assert (seen.state, seen.cloud_status) == (None, "PONDERING")


class TestBeforeIt:
    async def test_a_backup_that_is_being_made_is_waited_for(self, cloud, plain):
        """Restored too early it would be half a backup."""
        one = wanted(plain, backed_up(cloud, ended=False))
        ready = await one.prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.BACKUP_NOT_READY
        cloud.advance(LONG)
        assert isinstance(await one.prepare(), Prepared)

    async def test_a_backup_job_that_is_not_resolved_is_waited_for(self, cloud, plain):
        one = wanted(plain, backed_up(cloud))
        one.spec = parsed(KIND, backup={"backupJobRef": {"name": "movies"}}, newCluster=one.spec.new_cluster.wire())
        ready = await one.prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.BACKUP_NOT_READY

    @pytest.mark.parametrize(
        ("backup", "reason"),
        [
            (BackupSource(MOVIES, "backup0_none"), Reason.BACKUP_NOT_FOUND),
            (BackupSource("in01-nowhere", "backup0_none"), Reason.CLUSTER_NOT_FOUND),
        ],
    )
    async def test_an_unknown_backup_is_waited_for(self, plain, backup, reason):
        ready = await wanted(plain, backup).prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is reason

    async def test_a_deleted_backup_is_not_called_unfinished(self, cloud, plain):
        backup = backed_up(cloud)
        cloud.act_as("rival", "DELETE", f"/v2/clusters/{MOVIES}/backups/{backup.backup_id}")
        ready = await wanted(plain, backup).prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.BACKUP_NOT_FOUND

    async def test_a_failed_backup_is_never_waited_for_in_vain_without_a_word(self, cloud, plain):
        cloud.behave(failed_backups_listed=True)
        cloud.next_job("BACKUP", failure="disk full")
        ready = await wanted(plain, backed_up(cloud)).prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.BACKUP_NOT_FOUND
        assert "FAILED" in ready.message

    async def test_a_name_that_is_taken_is_waited_for(self, cloud, plain):
        """Sent all the same, it would be refused; or found, and be taken for ours."""
        one = wanted(plain, backed_up(cloud), name="shop")
        ready = await one.prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.NAME_TAKEN
        assert "shop" in ready.message
        del cloud.world.clusters[SHOP]
        assert isinstance(await one.prepare(), Prepared)

    async def test_with_find_first_a_cluster_of_that_name_and_size_is_the_work_of_an_earlier_life(self, cloud, plain):
        """Else the manifests of a rebuilt cluster would restore everything once more."""
        one = wanted(plain, backed_up(cloud))
        one.finds_first = True
        assert KIND.traits_of(one.spec).exact_find
        rival(cloud)
        ready = await one.prepare()
        assert isinstance(ready, AlreadyDone)
        assert one.spec.new_cluster.name in ready.message

    async def test_with_find_first_a_cluster_of_another_size_is_somebody_elses(self, cloud, plain):
        one = wanted(plain, backed_up(cloud), name="shop")
        one.finds_first = True
        assert isinstance(await one.prepare(), Blocked)

    async def test_a_name_that_was_taken_meanwhile_is_a_refusal_that_heals(self, cloud, plain):
        one = wanted(plain, backed_up(cloud))
        await one.prepare()
        rival(cloud)
        answer = await one.submit()
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.heals) == (Reason.NAME_TAKEN, True)

    async def test_a_backup_that_went_meanwhile_is_the_end(self, cloud, plain):
        one = wanted(plain, backup := backed_up(cloud))
        await one.prepare()
        cloud.act_as("rival", "DELETE", f"/v2/clusters/{MOVIES}/backups/{backup.backup_id}")
        answer = await one.submit()
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.heals) == (Reason.REJECTED, False)

    async def test_a_project_that_is_none_is_the_clouds_refusal(self, cloud, plain):
        answer = await wanted(plain, backed_up(cloud), projectId="proj-none").send()
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.heals) == (Reason.REJECTED, False)
        assert "proj-none" in answer.message

    async def test_a_closed_fence_means_not_sent(self, cloud, plain):
        def closed() -> None:
            raise FenceClosed("too late")

        one = wanted(plain, backed_up(cloud))
        one.fence = closed
        assert isinstance(await one.send(), NotSent)
        assert cloud.ledger.requests(token=TOKEN) == []

    async def test_a_record_that_lost_its_baseline_sends_nothing(self, cloud, plain):
        one = wanted(plain, backed_up(cloud))
        await one.prepare()
        one.submission = one.submission.but(baseline=None)
        assert isinstance(await one.submit(), NotSent)
        assert cloud.ledger.requests(token=TOKEN) == []

    async def test_an_outage_is_waited_for(self, cloud, plain):
        one = wanted(plain, backed_up(cloud))
        cloud.go_down()
        ready = await one.prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.CLOUD_UNREACHABLE


class TestTheName:
    async def test_without_one_it_is_the_objects_with_a_mark(self, cloud, plain):
        one = wanted(plain, backed_up(cloud), name=None)
        answer = await one.send()
        assert cloud.world.clusters[answer.result["clusterId"]].name == OWN_NAME
        assert one.submission.baseline["clusterName"] == [OWN_NAME]

    @pytest.mark.parametrize(
        ("name", "made"),
        [
            ("weekly", "weekly-01234567"),
            ("a.b", "a-b-01234567"),
            ("a" * 253, "a" * 23 + "-01234567"),
            ("a" * 22 + "-b", "a" * 22 + "-01234567"),
        ],
    )
    def test_it_stays_within_what_the_cloud_takes(self, name, made):
        assert default_name(name, TOKEN) == made
        assert len(made) <= 32


class TestFind:
    @pytest.mark.parametrize("fault", AFTER_EFFECT)
    @pytest.mark.parametrize(("name", "evidence"), [(None, Evidence.MARKER), ("again", Evidence.INFERRED)])
    async def test_found_by_its_name_after_a_lost_answer(self, cloud, plain, fault, name, evidence):
        """Sent again it would not be paid for twice, but its cluster would be nobody's."""
        cloud.fault(ROUTE, fault, times=1)
        one = wanted(plain, backed_up(cloud), name=name)
        assert isinstance(await one.send(), EffectUnknown)
        (effect,) = cloud.ledger.effects(token=TOKEN)
        look = await one.look()
        cluster_id = effect.target["clusterId"]
        assert look == Found({"newClusterId": cluster_id}, evidence, {"clusterId": cluster_id})
        one.follow(look.handle)
        seen = await one.read()
        assert (seen.state, seen.job_id) == (State.IN_PROGRESS, "")
        cloud.advance(LONG)
        assert (await one.read()).state is State.SUCCESSFUL

    async def test_found_with_its_job_id_where_the_console_may_be_asked(self, cloud, console):
        cloud.fault(ROUTE, "drop_after", times=1)
        one = wanted(console, backed_up(cloud))
        await one.send()
        (effect,) = cloud.ledger.effects(token=TOKEN)
        look = await one.look()
        assert isinstance(look, Found)
        assert look.handle["jobId"] == effect.job_id

    async def test_what_others_restore_into_it_later_is_not_ours(self, cloud, console):
        """Its job would be followed in place of ours."""
        cloud.fault(ROUTE, "drop_after", times=1)
        backup = backed_up(cloud)
        one = wanted(console, backup)
        await one.send()
        cloud.advance(LONG)
        (effect,) = cloud.ledger.effects(token=TOKEN)
        again = {"collectionName": "films", "destCollectionName": "films_copy"}
        body: dict[str, Any] = {
            "destClusterId": effect.target["clusterId"],
            "dbCollections": [{"collections": [again]}],
        }
        path = f"/v2/clusters/{MOVIES}/backups/{backup.backup_id}/restoreCollection"
        made: Any = cloud.act_as("rival", "POST", path, body)
        look = await one.look()
        assert isinstance(look, Found)
        assert look.handle == {"newClusterId": effect.target["clusterId"], "jobId": effect.job_id}
        cloud.jobs.get(made["data"]["jobId"]).collection = ""  # a console that tells less
        look = await one.look()
        assert isinstance(look, Found)
        assert look.handle == {"newClusterId": effect.target["clusterId"]}

    async def test_absent_when_nothing_reached_the_cloud(self, cloud, plain, console):
        cloud.fault(ROUTE, "drop_before", times=2)
        for account in (plain, console):
            one = wanted(account, backed_up(cloud))
            assert isinstance(await one.send(), EffectUnknown)
            assert await one.look() == Absent()

    async def test_a_late_effect_is_found_when_it_comes(self, cloud, plain):
        """Hence the wait before anybody may conclude from Absent."""
        cloud.fault(ROUTE, "delay_effect", times=1, seconds=30)
        one = wanted(plain, backed_up(cloud))
        await one.send()
        assert await one.look() == Absent()
        cloud.advance(31)
        assert isinstance(await one.look(), Found)

    async def test_a_late_effect_refuses_the_second_send_and_is_found_then(self, cloud, plain):
        """Waiting for the name to become free would be waiting for its own cluster to go."""
        cloud.fault(ROUTE, "delay_effect", times=1, seconds=30)
        one = wanted(plain, backed_up(cloud))
        await one.send()
        assert await one.look() == Absent()
        cloud.advance(31)
        answer = await one.resend()
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.heals) == (Reason.NAME_TAKEN, True)
        assert isinstance(await one.look(), Found)
        assert len(cloud.ledger.effects(route=ROUTE)) == 1

    async def test_a_second_send_of_what_never_came_is_taken(self, cloud, plain):
        cloud.fault(ROUTE, "drop_before", times=1)
        one = wanted(plain, backed_up(cloud), name=None)
        await one.send()
        assert await one.look() == Absent()
        answer = await one.resend()
        assert isinstance(answer, Accepted)
        assert cloud.world.clusters[answer.result["clusterId"]].name == OWN_NAME

    @pytest.mark.parametrize(
        ("field", "word"), [({"project_id": "proj-other"}, "proj-other"), ({"cu_size": 8}, "8 CU")]
    )
    async def test_unknown_when_the_cluster_of_that_name_is_another(self, cloud, plain, field, word):
        cloud.fault(ROUTE, "drop_before", times=1)
        one = wanted(plain, backed_up(cloud))
        await one.send()
        rival(cloud, **field)
        look = await one.look()
        assert isinstance(look, Undecided)
        assert word in look.message

    async def test_unknown_when_the_cluster_of_that_name_is_older(self, cloud, plain):
        """A list that lagged let the name look free."""
        cloud.behave(list_lag_seconds=600)
        backup = backed_up(cloud)
        rival(cloud)
        cloud.advance(300)
        cloud.fault(ROUTE, "drop_before", times=1)
        one = wanted(plain, backup)
        await one.send()
        cloud.advance(301)
        look = await one.look()
        assert isinstance(look, Undecided)
        assert "older" in look.message

    async def test_another_objects_cluster_is_not_ours(self, cloud, plain):
        cloud.fault(ROUTE, "drop_before", times=1)
        one = wanted(plain, backed_up(cloud))
        await one.send()
        one.held.add(rival(cloud))
        assert await one.look() == Absent()

    async def test_unknown_when_a_name_is_there_twice(self, cloud, plain):
        cloud.fault(ROUTE, "drop_after", times=1)
        one = wanted(plain, backed_up(cloud))
        await one.send()
        rival(cloud)
        assert isinstance(await one.look(), Undecided)

    async def test_a_cluster_that_failed_at_once_is_on_no_list_but_the_console_knows_of_a_job(self, cloud, console):
        cloud.fault(ROUTE, "drop_after", times=1)
        one = wanted(console, backed_up(cloud))
        await one.send()
        (effect,) = cloud.ledger.effects(token=TOKEN)
        del cloud.world.clusters[effect.target["clusterId"]]
        look = await one.look()
        assert isinstance(look, Undecided)
        assert effect.job_id in look.message

    async def test_a_strangers_restore_of_the_same_backup_is_not_ours(self, cloud, console):
        cloud.fault(ROUTE, "drop_before", times=1)
        backup = backed_up(cloud)
        one = wanted(console, backup)
        await one.send()
        body = {"projectId": PROJECT, "clusterName": "other", "cuSize": 4, "collectionStatus": "KEEP"}
        made: Any = cloud.act_as(
            "rival", "POST", f"/v2/clusters/{MOVIES}/backups/{backup.backup_id}/restoreCluster", body
        )
        assert await one.look() == Absent()
        cloud.jobs.get(made["data"]["jobId"]).cluster_id = ""  # a console that does not tell where to
        assert await one.look() == Absent()

    async def test_a_record_without_its_name_decides_nothing(self, cloud, plain):
        one = wanted(plain, backed_up(cloud))
        await one.prepare()
        one.submission = one.submission.but(baseline=None)
        assert isinstance(await one.look(), Undecided)

    async def test_an_outage_is_no_look(self, cloud, plain):
        one = wanted(plain, backed_up(cloud))
        await one.prepare()
        cloud.go_down()
        assert isinstance(await one.look(), Unreadable)


class TestAdopt:
    async def test_a_restore_that_runs_is_followed_with_nothing_but_its_id(self, cloud, plain):
        made = await wanted(plain, backed_up(cloud)).send()
        job_id = made.handle["jobId"]
        one = Object(KIND, plain, parsed(KIND, adopt={"jobId": job_id}))
        seen = await KIND.adopt(plain, one.spec, job_id, one.status)
        assert isinstance(seen, Seen)
        assert seen.job_id == job_id

    async def test_a_job_of_another_type_is_refused(self, cloud, plain):
        backed_up(cloud)
        job_id = next(iter(cloud.jobs.all())).job_id
        one = Object(KIND, plain, parsed(KIND, adopt={"jobId": job_id}))
        seen = await KIND.adopt(plain, one.spec, job_id, one.status)
        assert isinstance(seen, Blocked)
        assert seen.reason is Reason.ADOPT_TYPE_MISMATCH

    async def test_an_unknown_job_is_missing(self, plain):
        one = Object(KIND, plain, parsed(KIND, adopt={"jobId": "job-nobody"}))
        assert await KIND.adopt(plain, one.spec, "job-nobody", one.status) == Missing()


class TestTwoPairsOfWords:
    """The REST pages say KEEP and RELEASE, the vendor's command line and plugin LOADED and NOT_LOADED."""

    @pytest.mark.parametrize(("status", "word"), [(None, "LOADED"), ("Keep", "LOADED"), ("Release", "NOT_LOADED")])
    async def test_a_refusal_that_names_the_field_leads_to_the_other_pair(self, cloud, plain, status, word):
        cloud.behave(collection_status_words="clients")
        one = wanted(plain, backed_up(cloud), **({"collectionStatus": status} if status else {}))
        answer = await one.send()
        assert isinstance(answer, Refused)
        assert answer.instead, "the documented word goes first"
        first = one.submission
        one.submission = first.but(sends=2, baseline={**(first.baseline or {}), **answer.instead})
        assert isinstance(await one.submit(), Accepted)
        cloud.advance(LONG)
        (effect,) = cloud.ledger.effects(route=ROUTE)
        held = cloud.world.clusters[effect.target["clusterId"]].contents()
        assert any(content.loaded for content in held.values()) is (word == "LOADED")

    async def test_any_other_refusal_has_no_second_pair(self, cloud, plain):
        cloud.fault(ROUTE, "status", times=1, status=400, body={"code": 400, "message": "Invalid clusterName"})
        answer = await wanted(plain, backed_up(cloud)).send()
        assert isinstance(answer, Refused)
        assert not answer.instead
