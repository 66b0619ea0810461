"""BackupJob's verbs against the simulated cloud. Each test says what a user would lose."""

from __future__ import annotations

import pytest
from tests.support.kinds_rig import Object, parsed

from zilliz_jobs.api.jobstatus import Evidence, State
from zilliz_jobs.cloud.errors import FenceClosed
from zilliz_jobs.core.observation import (
    Absent,
    Accepted,
    Blocked,
    CancelAccepted,
    CancelRefused,
    CancelUnclear,
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
from zilliz_jobs.kinds.backups.backup import BackupKind
from zilliz_jobs.kinds.base import Account
from zilliz_local.cloud import MOVIES, SHOP, CloudSimulator, Duration
from zilliz_local.cloud.jobs import Job

KIND = BackupKind()
CREATE = f"/v2/clusters/{MOVIES}/backups/create"
ROW = {
    "clusterId": MOVIES,
    "regionId": "aws-us-west-2",
    "backupType": "CLUSTER",
    "creationMethod": "MANUAL",
    "status": "AVAILABLE",
}
"""A backup of the whole cluster that does not tell when it was made."""


def whole(account: Account, **more) -> Object:
    return Object(KIND, account, parsed(KIND, clusterId=MOVIES), **more)


def films(account: Account, **more) -> Object:
    return Object(KIND, account, parsed(KIND, clusterId=MOVIES, collections=["films"]), **more)


async def stranger(cloud: CloudSimulator, *collections: str, method: str = "MANUAL") -> None:
    """Somebody else makes a backup, from beginning to end."""
    body: dict[str, object] = {"backupType": "COLLECTION" if collections else "CLUSTER"}
    if collections:
        body["dbCollections"] = [{"dbName": "default", "collectionNames": list(collections)}]
    if method == "AUTO":
        body["creationMethod"] = "AUTO"
    cloud.act_as("rival" if method == "MANUAL" else "console", "POST", CREATE, body)
    cloud.advance(3600)


class TestALife:
    async def test_it_is_submitted_followed_and_its_product_is_told(self, cloud, plain):
        one = whole(plain)
        answer = await one.send()
        assert isinstance(answer, Accepted)
        assert {"jobId", "backupId"} <= answer.handle.keys()
        assert answer.result["backupName"]
        assert cloud.ledger.effects_per_token() == {"token-1": 1}
        seen = await one.read()
        assert isinstance(seen, Seen)
        assert seen.state in (State.PENDING, State.IN_PROGRESS)
        cloud.advance(3600)
        seen = await one.read()
        assert (seen.state, seen.progress) == (State.SUCCESSFUL, 100)
        assert seen.result["backupId"] == answer.handle["backupId"]
        assert seen.result["sizeBytes"]

    async def test_a_failed_backup_tells_why(self, cloud, plain):
        cloud.next_job("BACKUP", failure="disk full")
        one = whole(plain)
        await one.send()
        cloud.advance(3600)
        seen = await one.read()
        assert (seen.state, seen.message) == (State.FAILED, "disk full")

    async def test_a_failed_backup_of_which_only_the_backup_was_named_tells_why(self, cloud, plain, console):
        """The console lists its job; without it nobody can say more than that the backup is not there."""
        cloud.next_job("BACKUP", failure="disk full")
        cloud.fault("backup.create", "omit_job_id", times=1)
        one = whole(console)
        await one.send()
        one.submission = one.submission.but(handle={"backupId": one.submission.handle["backupId"]})
        cloud.advance(3600)
        await stranger(cloud)
        cloud.advance(3600)
        seen = await one.read()
        assert (seen.state, seen.message) == (State.FAILED, "disk full")
        assert seen.job_id == cloud.ledger.effects(token="token-1")[0].job_id
        one.account = plain
        assert await one.read() == Missing()

    async def test_a_forgotten_job_ends_as_its_backup_shows(self, cloud, plain):
        """The backup is there; "unknown" would make a person look for it."""
        cloud.behave(jobs_forgotten_after_seconds=1)
        one = whole(plain)
        await one.send()
        cloud.advance(3600)
        seen = await one.read()
        assert isinstance(seen, Seen)
        assert seen.state is State.SUCCESSFUL

    async def test_what_nobody_knows_is_missing_and_not_failed(self, plain):
        one = whole(plain)
        one.follow({"jobId": "job-unknown"})
        assert await one.read() == Missing()

    async def test_an_outage_says_nothing_of_the_job(self, cloud, plain):
        one = whole(plain)
        await one.send()
        cloud.go_down()
        seen = await one.read()
        assert isinstance(seen, Unreadable)
        assert seen.reason is Reason.CLOUD_UNREACHABLE

    async def test_an_unknown_word_is_neither_an_end_nor_an_error(self, cloud, plain):
        one = whole(plain)
        await one.send()
        cloud.fault("job.get", "unknown_status", word="PONDERING")
        seen = await one.read()
        assert (seen.state, seen.cloud_status) == (None, "PONDERING")


class TestBeforeIt:
    async def test_one_manual_backup_at_a_time(self, plain):
        await whole(plain).send()
        ready = await whole(plain, token="token-2").prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.BACKUP_SLOT_BUSY

    async def test_a_backup_that_came_between_is_a_refusal_that_heals(self, cloud, plain):
        one = whole(plain)
        assert isinstance(await one.prepare(), Prepared)
        cloud.act_as("rival", "POST", CREATE, {"backupType": "CLUSTER"})
        answer = await one.submit()
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.heals) == (Reason.BACKUP_SLOT_BUSY, True)

    async def test_an_unknown_cluster_is_waited_for(self, plain):
        one = Object(KIND, plain, parsed(KIND, clusterId="in01-nowhere"))
        ready = await one.prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.CLUSTER_NOT_FOUND

    async def test_a_closed_fence_means_not_sent(self, cloud, plain):
        def closed() -> None:
            raise FenceClosed("too late")

        one = whole(plain, fence=closed)
        assert isinstance(await one.send(), NotSent)
        assert cloud.ledger.requests() == []

    async def test_the_baseline_is_bounded(self, cloud, plain, monkeypatch):
        """A status that grows with the number of backups would be refused one day."""
        monkeypatch.setattr("zilliz_jobs.kinds.backups.backing.MAX_BASELINE", 2)
        for _ in range(4):
            await stranger(cloud)
        one = whole(plain)
        await one.prepare()
        assert len(one.submission.baseline["backups"]) == 2
        assert await one.look() == Absent()  # the older ones are told by their time
        rows = [ROW | {"backupId": name} for name in [*one.submission.baseline["backups"], "old-or-new"]]
        body = {"code": 0, "data": {"backups": rows, "count": len(rows)}}
        cloud.fault("backup.list", "status", times=None, status=200, body=body)
        cloud.fault("backup.get", "status", times=None, status=200, body={"code": 0, "data": rows[-1]})
        look = await one.look()
        assert isinstance(look, Undecided), "one without a time may be of those that the record had no room for"
        assert "old-or-new" in look.message

    async def test_what_the_policy_is_making_holds_no_slot(self, cloud, plain):
        """Else a job waits through each night of a cluster that is backed up by itself."""
        cloud.act_as("console", "POST", CREATE, {"backupType": "CLUSTER", "creationMethod": "AUTO"})
        assert isinstance(await whole(plain).prepare(), Prepared)
        await stranger(cloud)
        cloud.act_as("console", "POST", CREATE, {"backupType": "CLUSTER"})
        assert isinstance(await whole(plain).prepare(), Blocked)


class TestFind:
    @pytest.mark.parametrize("fault", ["drop_after", "status_after", "garbage_after", "malformed_json"])
    async def test_found_after_a_lost_answer(self, cloud, plain, fault):
        cloud.fault("backup.create", fault, times=1)
        one = films(plain)
        assert isinstance(await one.send(), EffectUnknown)
        look = await one.look()
        assert isinstance(look, Found)
        assert look.evidence is Evidence.INFERRED
        assert look.handle.keys() == {"backupId"}
        one.follow(look.handle)
        cloud.advance(3600)
        seen = await one.read()
        assert seen.state is State.SUCCESSFUL

    async def test_found_with_its_job_id_where_the_console_may_be_asked(self, cloud, console):
        cloud.fault("backup.create", "drop_after", times=1)
        one = whole(console)
        await one.send()
        (effect,) = cloud.ledger.effects(kind="submit")
        look = await one.look()
        assert isinstance(look, Found)
        assert look.handle["jobId"] == effect.job_id

    async def test_an_automatic_backups_job_is_not_taken_for_ours(self, cloud, console):
        cloud.fault("backup.create", "drop_after", times=1)
        one = whole(console)
        await one.send()
        (effect,) = cloud.ledger.effects(kind="submit")
        await stranger(cloud, method="AUTO")
        look = await one.look()
        assert isinstance(look, Found)
        assert look.handle["jobId"] == effect.job_id

    async def test_absent_when_nothing_reached_the_cloud(self, cloud, plain, console):
        cloud.fault("backup.create", "drop_before", times=2)
        await stranger(cloud)  # an older backup is no candidate
        for account in (plain, console):
            one = whole(account)
            assert isinstance(await one.send(), EffectUnknown)
            assert await one.look() == Absent()

    async def test_a_backup_of_another_shape_or_holder_is_not_ours(self, cloud, plain):
        one = films(plain)
        await one.prepare()
        await stranger(cloud, "actors")
        await stranger(cloud)
        assert await one.look() == Absent()
        await stranger(cloud, "films")
        look = await one.look()
        assert isinstance(look, Found)
        one.held.add(look.handle["backupId"])
        assert await one.look() == Absent()

    async def test_unknown_when_a_rival_made_the_same(self, cloud, plain):
        cloud.fault("backup.create", "drop_after", times=1)
        one = whole(plain)
        await one.send()
        cloud.advance(3600)
        await stranger(cloud)
        assert isinstance(await one.look(), Undecided)

    async def test_a_lagging_list_says_absent_until_it_shows_it(self, cloud, plain):
        """Hence the wait before anybody may conclude from it."""
        cloud.behave(list_lag_seconds=60)
        cloud.fault("backup.create", "drop_after", times=1)
        one = whole(plain)
        await one.send()
        assert await one.look() == Absent()
        cloud.advance(61)
        assert isinstance(await one.look(), Found)

    async def test_a_failed_backup_is_on_no_list_but_the_console_knows_of_something(self, cloud, plain, console):
        """Without the console it reads as absent; with it nobody may conclude so."""
        cloud.next_job("BACKUP", failure="disk full")
        cloud.fault("backup.create", "drop_after", times=1)
        one = whole(console)
        await one.send()
        cloud.advance(3600)
        look = await one.look()
        assert isinstance(look, Undecided)
        assert cloud.ledger.effects(kind="submit")[0].job_id in look.message
        one.account = plain
        assert await one.look() == Absent()

    async def test_a_listed_failure_is_found(self, cloud, plain):
        cloud.behave(failed_backups_listed=True)
        cloud.next_job("BACKUP", failure="disk full")
        cloud.fault("backup.create", "drop_after", times=1)
        one = whole(plain)
        await one.send()
        cloud.advance(3600)
        assert isinstance(await one.look(), Found)

    async def test_a_record_without_its_baseline_decides_nothing(self, cloud, plain):
        one = whole(plain)
        await one.prepare()
        await stranger(cloud)
        one.submission = one.submission.but(baseline=None)
        assert isinstance(await one.look(), Undecided)

    async def test_an_outage_is_no_look(self, cloud, plain):
        one = whole(plain)
        await one.prepare()
        cloud.go_down()
        assert isinstance(await one.look(), Unreadable)


class TestFilters:
    """No filter of a request is taken as honoured."""

    async def test_a_backup_of_another_cluster_or_by_the_policy_is_not_ours(self, cloud, plain):
        """Told as ours, its end and its id would be somebody else's."""
        cloud.behave(filters_ignored=["backups"])
        cloud.fault("backup.create", "drop_before", times=1)
        one = whole(plain)
        await one.send()
        cloud.act_as("rival", "POST", f"/v2/clusters/{SHOP}/backups/create", {"backupType": "CLUSTER"})
        await stranger(cloud, method="AUTO")
        assert await one.look() == Absent()

    async def test_one_that_another_cluster_is_making_holds_no_slot_here(self, cloud, plain):
        cloud.behave(filters_ignored=["backups"])
        cloud.act_as("rival", "POST", f"/v2/clusters/{SHOP}/backups/create", {"backupType": "CLUSTER"})
        assert isinstance(await whole(plain).prepare(), Prepared)

    async def test_found_all_the_same(self, cloud, plain, console):
        cloud.behave(filters_ignored=["backups", "console"])
        for account in (plain, console):
            cloud.fault("backup.create", "drop_after", times=1)
            one = whole(account, token=f"token-{account is console}")
            await one.send()
            cloud.act_as("rival", "POST", f"/v2/clusters/{SHOP}/backups/create", {"backupType": "CLUSTER"})
            assert isinstance(await one.look(), Found)
            cloud.advance(3600)

    @pytest.mark.parametrize("said", [{"type": ""}, {"type": "BACKUP_2"}, {"backup_type": ""}])
    async def test_what_does_not_tell_what_it_is_is_not_ruled_out(self, cloud, console, said):
        cloud.fault("backup.create", "drop_after", times=1)
        one = whole(console)
        await one.send()
        (job,) = cloud.jobs.all()
        (backup,) = cloud.world.backups.values()
        if "backup_type" in said:
            backup.backup_type = ""
        else:
            job.type = said["type"]
            cloud.world.backups.clear()  # as one that failed at once
        assert isinstance(await one.look(), Undecided)


def started_elsewhere(cloud: CloudSimulator, account: Account, seconds: int = 60) -> tuple[Object, Job]:
    """A backup that the console began so many seconds ago, and the object that follows its job."""
    cloud.act_as("console", "POST", CREATE, {"backupType": "CLUSTER"})
    (job,) = cloud.jobs.all()
    one = whole(account)
    one.follow({"jobId": job.job_id})
    cloud.advance(seconds)
    return one, job


class TestAdopt:
    async def test_a_backup_that_runs_is_followed(self, cloud, plain):
        cloud.act_as("console", "POST", CREATE, {"backupType": "CLUSTER"})
        job_id = next(iter(cloud.jobs.all())).job_id
        one = whole(plain)
        seen = await KIND.adopt(plain, one.spec, job_id, one.status)
        assert isinstance(seen, Seen)
        assert seen.job_id == job_id

    async def test_its_backup_is_named_where_the_console_may_be_asked(self, cloud, console):
        """Else no RestoreJob could wait for it by reference."""
        one, job = started_elsewhere(cloud, console, 3600)
        seen = await one.read()
        assert isinstance(seen, Seen)
        assert seen.result["backupId"] == job.backup_id

    @pytest.mark.parametrize(
        ("trouble", "later"),
        [
            ({"action": "status", "status": 503}, True),
            ({"action": "malformed_json"}, True),
            ({"action": "status", "status": 403, "body": {"code": 800, "message": "permission deny"}}, True),
            ({"action": "status", "status": 404}, False),
        ],
        ids=["away", "unreadable", "forbidden", "forgotten"],
    )
    async def test_which_backup_it_was_is_asked_again_where_that_could_not_be_read(
        self, cloud, console, trouble, later
    ):
        """A job ends once; what was not read then would be missing for ever, and with it all that wait for the
        backup."""
        one, job = started_elsewhere(cloud, console)
        cloud.force(job.job_id, "SUCCESSFUL")
        cloud.fault("console.get", times=None, **trouble)
        seen = await one.read()
        assert isinstance(seen, Seen)
        assert (seen.state, seen.result, seen.whole) == (State.SUCCESSFUL, {}, not later)

    async def test_without_the_console_nobody_waits_for_its_name(self, cloud, plain):
        one, job = started_elsewhere(cloud, plain)
        cloud.force(job.job_id, "SUCCESSFUL")
        seen = await one.read()
        assert isinstance(seen, Seen)
        assert (seen.state, seen.result, seen.whole) == (State.SUCCESSFUL, {}, True)

    async def test_a_job_that_is_unreadable_and_of_no_known_backup_is_not_missing(self, cloud, plain):
        one, _ = started_elsewhere(cloud, plain)
        cloud.odd("job.get", "truncated_gzip")
        assert isinstance(await one.read(), Unreadable)

    async def test_a_console_that_never_says_which_is_asked_for_an_hour(self, cloud, console):
        one, job = started_elsewhere(cloud, console)
        cloud.force(job.job_id, "SUCCESSFUL")
        job.backup_id = ""
        assert [(await one.read()).whole, cloud.advance(3700), (await one.read()).whole] == [False, None, True]

    async def test_the_size_of_a_backup_is_read_later_where_it_could_not_be_read(self, cloud, plain):
        cloud.act_as("console", "POST", CREATE, {"backupType": "CLUSTER"})
        job = next(iter(cloud.jobs.all()))
        one = whole(plain)
        one.follow({"jobId": job.job_id, "backupId": job.backup_id})
        cloud.advance(3600)
        cloud.fault("backup.get", "status", status=503, times=3)
        seen = [await one.read() for _ in range(4)]
        assert [(s.result.get("sizeBytes") is not None, s.whole) for s in seen][-1] == (True, True)
        assert (seen[0].result, seen[0].whole) == ({"backupId": job.backup_id}, False)

    async def test_a_job_of_another_type_is_refused(self, cloud, plain):
        body = {"clusterId": MOVIES, "collectionName": "films", "objectUrls": [["s3://demo-data/actors.json"]]}
        cloud.act_as("console", "POST", "/v2/vectordb/jobs/import/create", body)
        seen = await KIND.adopt(plain, whole(plain).spec, next(iter(cloud.jobs.all())).job_id, whole(plain).status)
        assert isinstance(seen, Blocked)
        assert seen.reason is Reason.ADOPT_TYPE_MISMATCH

    async def test_an_unknown_job_is_missing(self, plain):
        assert await KIND.adopt(plain, whole(plain).spec, "job-nobody", whole(plain).status) == Missing()


class TestCancel:
    async def test_it_is_accepted_and_the_end_is_canceled(self, cloud, console):
        cloud.pace(backup=Duration(pending_seconds=2, run_seconds=600), cancel_seconds=5)
        one = whole(console)
        await one.send()
        cloud.advance(10)
        assert await KIND.cancel(console, one.status.job_id, "c1", lambda: None) == CancelAccepted()
        seen = await one.read()
        assert seen.state is State.IN_PROGRESS
        cloud.advance(10)
        seen = await one.read()
        assert seen.state is State.CANCELED
        assert len(cloud.ledger.effects(kind="cancel")) == 1

    async def test_too_late_is_said_so(self, cloud, console):
        one = whole(console)
        await one.send()
        cloud.advance(3600)
        answer = await KIND.cancel(console, one.status.job_id, "c1", lambda: None)
        assert isinstance(answer, CancelRefused)
        assert answer.reason is Reason.ALREADY_FINISHED

    async def test_without_the_console_the_refusal_says_what_to_do(self, plain):
        answer = await KIND.cancel(plain, "job-1", "c1", lambda: None)
        assert isinstance(answer, CancelRefused)
        assert answer.reason is Reason.NO_PUBLIC_API

    async def test_a_lost_answer_is_asked_again(self, cloud, console):
        one = whole(console)
        await one.send()
        cloud.fault("console.cancel", "drop_after", times=1)
        assert isinstance(await KIND.cancel(console, one.status.job_id, "c1", lambda: None), CancelUnclear)
        assert len(cloud.ledger.effects(kind="cancel")) == 1
