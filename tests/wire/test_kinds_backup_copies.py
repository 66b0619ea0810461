"""BackupJob with cross-region copies against the simulated cloud. Each test says what a user would lose."""

from __future__ import annotations

import pytest
from tests.support.kinds_rig import Object, parsed

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.core.observation import (
    Absent,
    Accepted,
    Blocked,
    EffectUnknown,
    Found,
    Prepared,
    Refused,
    Seen,
    Undecided,
)
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.backups.backup import BackupKind
from zilliz_jobs.kinds.base import Account
from zilliz_local.cloud import MOVIES, CloudSimulator, Duration

KIND = BackupKind()
CREATE = f"/v2/clusters/{MOVIES}/backups/create"
EAST, IRELAND = "aws-us-east-1", "aws-eu-west-1"
REGIONS = [{"regionId": EAST}, {"regionId": IRELAND}]
BACKUP_SECONDS = 10


@pytest.fixture(autouse=True)
def pace(cloud: CloudSimulator) -> None:
    cloud.pace(
        backup=Duration(pending_seconds=0, run_seconds=BACKUP_SECONDS),
        cross_region_copy=Duration(pending_seconds=5, run_seconds=60),
    )


def copied(account: Account, **more) -> Object:
    return Object(KIND, account, parsed(KIND, clusterId=MOVIES, crossRegionCopies=REGIONS), **more)


def films(account: Account) -> Object:
    spec = parsed(KIND, clusterId=MOVIES, collections=["films"], crossRegionCopies=REGIONS)
    return Object(KIND, account, spec)


def of_collections(database: str, *names: str) -> dict[str, object]:
    return {"backupType": "COLLECTION", "dbCollections": [{"dbName": database, "collectionNames": list(names)}]}


def same(one: Object) -> dict[str, object]:
    """What a request for the same backup says."""
    return of_collections("default", *one.spec.collections) if one.spec.collections else {}


def stranger(cloud: CloudSimulator, method: str = "MANUAL", **body: object) -> str:
    """Somebody else starts a backup with copies; its id."""
    auto = {"creationMethod": "AUTO"} if method == "AUTO" else {}
    wanted = {"backupType": "CLUSTER", "crossRegionCopies": REGIONS} | auto | body
    answer = cloud.act_as("console" if auto else "rival", "POST", CREATE, wanted)
    assert answer["code"] == 0, answer
    return str(answer["data"]["backupId"])


def copies(seen: object) -> dict[str, str]:
    assert isinstance(seen, Seen)
    return {row["regionId"]: row["state"] for row in seen.result["copies"]}


class TestALife:
    async def test_the_regions_reach_the_cloud(self, cloud, plain):
        assert isinstance(await copied(plain).send(), Accepted)
        cloud.advance(BACKUP_SECONDS + 1)
        assert {e.target["regionId"] for e in cloud.ledger.effects(kind="copy")} == {EAST, IRELAND}

    @pytest.mark.parametrize(
        ("later", "state"),
        [(0, "Pending"), (6, "InProgress"), (100, "Successful")],
    )
    async def test_the_job_ends_with_the_backup_and_shows_its_copies_as_they_are_then(
        self, cloud, console, later, state
    ):
        """Copies of large clusters take hours; a pipeline waits for the backup."""
        one = copied(console)
        await one.send()
        cloud.advance(BACKUP_SECONDS - 1)
        running = await one.read()
        assert running.state is State.IN_PROGRESS
        assert "copies" not in running.result
        cloud.advance(1 + later)
        seen = await one.read()
        assert (seen.state, copies(seen)) == (State.SUCCESSFUL, {EAST: state, IRELAND: state})

    async def test_each_copy_has_its_own_state(self, cloud, console):
        cloud.next_job("CROSS_REGION_COPY", failure="no quota")
        one = copied(console)
        await one.send()
        cloud.advance(3600)
        seen = await one.read()
        assert seen.state is State.SUCCESSFUL
        assert copies(seen) == {EAST: "Failed", IRELAND: "Successful"}

    async def test_without_the_console_nobody_tells(self, cloud, plain):
        one = copied(plain)
        await one.send()
        cloud.advance(3600)
        seen = await one.read()
        assert (seen.state, copies(seen)) == (State.SUCCESSFUL, {EAST: "Unknown", IRELAND: "Unknown"})

    @pytest.mark.parametrize("end", ["FAILED", "CANCELED"])
    async def test_a_backup_that_did_not_end_well_has_no_copies(self, cloud, console, end):
        one = copied(console)
        await one.send()
        cloud.force(one.status.job_id, end, reason="disk full")
        seen = await one.read()
        assert seen.state is not None
        assert seen.state.finished
        assert "copies" not in seen.result

    async def test_a_backup_without_copies_says_nothing_of_them(self, cloud, console):
        one = Object(KIND, console, parsed(KIND, clusterId=MOVIES))
        await one.send()
        cloud.advance(3600)
        assert "copies" not in (await one.read()).result

    async def test_a_forgotten_job_ends_all_the_same(self, cloud, console):
        cloud.behave(jobs_forgotten_after_seconds=1)
        one = copied(console)
        await one.send()
        cloud.advance(3600)
        seen = await one.read()
        assert (seen.state, copies(seen)) == (State.SUCCESSFUL, {EAST: "Unknown", IRELAND: "Unknown"})


class TestWhoseCopyItIs:
    """Nothing links a copy's job to its backup, so another's must not be shown as ours."""

    async def test_two_that_fit_are_unknown(self, cloud, console):
        one = copied(console)
        await one.send()
        stranger(cloud, "AUTO", crossRegionCopies=[{"regionId": EAST}])
        cloud.advance(3600)
        assert copies(await one.read()) == {EAST: "Unknown", IRELAND: "Successful"}

    async def test_an_older_and_a_later_one_are_not_ours(self, cloud, console):
        stranger(cloud)
        cloud.advance(BACKUP_SECONDS + 1)
        one = copied(console)
        await one.send()
        cloud.advance(BACKUP_SECONDS)
        cloud.behave(list_lag_seconds=30)  # of ours the list shows nothing yet
        assert copies(await one.read()) == {EAST: "Pending", IRELAND: "Pending"}
        cloud.behave(list_lag_seconds=0)
        for job in [j for j in cloud.jobs.all() if j.type == "CROSS_REGION_COPY"]:
            cloud.forget(job.job_id)
        cloud.advance(3600)
        stranger(cloud)
        cloud.advance(3600)
        assert copies(await one.read()) == {EAST: "Unknown", IRELAND: "Unknown"}

    async def test_an_unknown_word_is_no_state(self, cloud, console):
        one = copied(console)
        await one.send()
        cloud.advance(3600)
        cloud.fault("console.list", "unknown_status", word="PONDERING")
        assert copies(await one.read()) == {EAST: "Unknown", IRELAND: "Unknown"}

    async def test_a_list_that_cannot_be_read_holds_up_no_end(self, cloud, console):
        one = copied(console)
        await one.send()
        cloud.advance(3600)
        cloud.fault("console.list", "status", status=503)
        seen = await one.read()
        cloud.faults.clear()
        assert (seen.state, copies(seen)) == (State.SUCCESSFUL, {EAST: "Pending", IRELAND: "Pending"})
        assert copies(await one.read()) == {EAST: "Successful", IRELAND: "Successful"}

    @pytest.mark.parametrize(
        ("odd", "told"),
        [("regions_plain", "Successful"), ("regions_upper", "Successful"), ("regions_missing", "Unknown")],
    )
    async def test_a_region_that_is_spelt_otherwise_is_the_same(self, cloud, console, odd, told):
        cloud.odd("console.*", odd)
        one = copied(console)
        await one.send()
        cloud.advance(3600)
        assert copies(await one.read()) == {EAST: told, IRELAND: told}


class TestAfterItsEnd:
    """Copies of large clusters take hours, and the list may forget them sooner than the backup."""

    async def ended(self, cloud: CloudSimulator, console: Account, later: float) -> Object:
        one = copied(console)
        await one.send()
        cloud.advance(BACKUP_SECONDS + later)
        one.status = one.status.but(result=(await one.read()).result)
        return one

    async def test_they_are_followed_to_their_end(self, cloud, console):
        one = await self.ended(cloud, console, 6)
        assert copies(await one.read()) == {EAST: "InProgress", IRELAND: "InProgress"}
        cloud.advance(100)
        assert copies(await one.read()) == {EAST: "Successful", IRELAND: "Successful"}

    async def test_an_end_that_was_seen_stays_when_the_list_forgets_it(self, cloud, console):
        one = await self.ended(cloud, console, 100)
        for job in [j for j in cloud.jobs.all() if j.type == "CROSS_REGION_COPY"]:
            cloud.forget(job.job_id)
        cloud.advance(3600)
        assert copies(await one.read()) == {EAST: "Successful", IRELAND: "Successful"}

    async def test_one_that_is_forgotten_before_its_end_was_seen_is_unknown(self, cloud, console):
        one = await self.ended(cloud, console, 6)
        for job in [j for j in cloud.jobs.all() if j.type == "CROSS_REGION_COPY"]:
            cloud.forget(job.job_id)
        cloud.advance(3600)
        assert copies(await one.read()) == {EAST: "Unknown", IRELAND: "Unknown"}

    async def test_nobody_asks_for_ever(self, cloud, console):
        cloud.pace(cross_region_copy=Duration(pending_seconds=5, run_seconds=10**7))
        one = await self.ended(cloud, console, 6)
        cloud.advance(86_500)
        assert copies(await one.read()) == {EAST: "Unknown", IRELAND: "Unknown"}


class TestBeforeIt:
    async def test_a_copy_that_runs_does_not_take_the_slot(self, cloud, plain):
        """The cloud makes one manual backup at a time; a copy in another region is none."""
        cloud.behave(copies_listed=True)
        stranger(cloud)
        cloud.advance(BACKUP_SECONDS + 1)
        assert isinstance(await copied(plain).prepare(), Prepared)

    @pytest.mark.parametrize("odd", ["regions_plain", "regions_missing"])
    async def test_a_backup_that_runs_here_takes_it_however_its_region_is_spelt(self, cloud, plain, odd):
        cloud.odd("backup.get", odd)
        stranger(cloud)
        ready = await copied(plain).prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.BACKUP_SLOT_BUSY

    async def test_what_the_clouds_plan_does_not_allow_is_told_in_its_words(self, cloud, plain):
        cloud.fault("backup.create", "status", status=200, body={"code": 80021, "message": "not in this plan"})
        answer = await copied(plain).send()
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.heals) == (Reason.REJECTED, False)
        assert "not in this plan" in answer.message


@pytest.mark.parametrize("listed", [False, True], ids=["copies not listed", "copies listed"])
@pytest.mark.parametrize("make", [copied, films])
class TestFind:
    """Whether the list of backups shows copies is not documented."""

    async def test_found_beside_its_copies(self, cloud, plain, make, listed):
        cloud.behave(copies_listed=listed)
        cloud.fault("backup.create", "drop_after", times=1)
        one = make(plain)
        assert isinstance(await one.send(), EffectUnknown)
        cloud.advance(3600)
        look = await one.look()
        assert isinstance(look, Found)
        (effect,) = cloud.ledger.effects(kind="submit")
        assert look.handle == {"backupId": effect.target["backupId"]}
        one.follow(look.handle)
        assert copies(await one.read()) == {EAST: "Unknown", IRELAND: "Unknown"}

    async def test_found_with_its_job_where_the_console_may_be_asked(self, cloud, console, make, listed):
        cloud.behave(copies_listed=listed)
        cloud.fault("backup.create", "drop_after", times=1)
        one = make(console)
        await one.send()
        cloud.advance(3600)
        look = await one.look()
        assert isinstance(look, Found)
        one.follow(look.handle)
        assert copies(await one.read()) == {EAST: "Successful", IRELAND: "Successful"}

    async def test_anothers_copies_are_not_our_backup(self, cloud, plain, make, listed):
        """Found, the job would end well and there would be no backup."""
        cloud.behave(copies_listed=listed)
        cloud.fault("backup.create", "drop_before", times=1)
        one = make(plain)
        assert isinstance(await one.send(), EffectUnknown)
        one.held.add(stranger(cloud, **same(one)))
        cloud.advance(3600)
        assert await one.look() == Absent()

    @pytest.mark.parametrize("odd", ["regions_plain", "regions_upper"])
    @pytest.mark.parametrize("route", ["backup.get", "cluster.get"])
    async def test_a_region_that_is_spelt_otherwise_makes_no_copy_of_ours_nor_ours_of_a_copy(
        self, cloud, plain, make, listed, route, odd
    ):
        """Taken for a copy, the backup would be made a second time."""
        cloud.behave(copies_listed=listed)
        cloud.odd(route, odd)
        cloud.fault("backup.create", "drop_after", times=1)
        one = make(plain)
        await one.send()
        cloud.advance(3600)
        look = await one.look()
        assert isinstance(look, Found)
        one.held.add(look.handle["backupId"])
        assert await one.look() == Absent(), "its copies are no backup"

    async def test_a_backup_that_does_not_tell_its_region_is_not_ruled_out(self, cloud, plain, make, listed):
        cloud.behave(copies_listed=listed)
        cloud.odd("backup.get", "regions_missing")
        cloud.fault("backup.create", "drop_after", times=1)
        one = make(plain)
        await one.send()
        cloud.advance(3600)
        assert isinstance(await one.look(), Undecided)

    async def test_unknown_when_a_rival_made_the_same(self, cloud, plain, make, listed):
        cloud.behave(copies_listed=listed)
        cloud.fault("backup.create", "drop_after", times=1)
        one = make(plain)
        await one.send()
        cloud.advance(3600)
        stranger(cloud, **same(one))
        cloud.advance(3600)
        assert isinstance(await one.look(), Undecided)


async def test_a_backup_of_the_same_name_in_another_database_is_not_ours(cloud, plain):
    cloud.world.clusters[MOVIES].put_collection("archive", "films")
    one = films(plain)
    await one.prepare()
    stranger(cloud, **of_collections("archive", "films"))
    cloud.advance(3600)
    assert await one.look() == Absent()
