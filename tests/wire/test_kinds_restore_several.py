"""RestoreJob of several collections, or of all of a backup, in one request. If these fail, a user restores half of
what he asked for, twice, or into names that were taken."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.kinds_rig import LONG, Object, backed_up, parsed

from zilliz_jobs.api.jobstatus import JobStatus, State, Submission
from zilliz_jobs.core.observation import (
    Absent,
    Accepted,
    Blocked,
    EffectUnknown,
    Found,
    Missing,
    Prepared,
    Refused,
    Seen,
    Undecided,
)
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.base import Account, BackupSource
from zilliz_jobs.kinds.restores.restore import RestoreKind
from zilliz_local.cloud import MOVIES, SHOP, CloudSimulator

KIND = RestoreKind()
ROUTE = "restore.collection"
KNOWN = ("products", "orders")  # what is there from the start
TWO = [{"collection": "films", "destStatus": "Loaded"}, {"collection": "actors", "destCollection": "players"}]
STRANGE = ["names_upper", "names_padded", "names_qualified", "broken_words", "row_null"]
ALL = ["default/actors", "default/films", "default/reviews"]


def restore(account: Account, backup: BackupSource, collections: list[dict[str, Any]] | None) -> Object:
    by_id = {"clusterId": backup.cluster_id, "backupId": backup.backup_id}
    target = {"clusterId": SHOP} | ({"collections": collections} if collections else {})
    return Object(KIND, account, parsed(KIND, backup=by_id, existingCluster=target))


def there(cloud: CloudSimulator) -> dict[str, bool]:
    """What the target holds by now, and whether it is loaded."""
    contents = cloud.world.clusters[SHOP].contents()
    return {f"{database}/{name}": held.loaded for (database, name), held in contents.items() if name not in KNOWN}


class TestALife:
    async def test_several_go_in_one_request_each_as_it_was_wanted(self, cloud, plain):
        one = restore(plain, backed_up(cloud), TWO)
        assert isinstance(await one.send(), Accepted)
        cloud.advance(LONG)
        assert there(cloud) == {"default/films": True, "default/players": False}
        assert (await one.read()).state is State.SUCCESSFUL
        assert len(cloud.ledger.effects(route=ROUTE)) == 1

    async def test_none_named_means_all_unloaded_under_their_names(self, cloud, plain):
        one = restore(plain, backed_up(cloud), None)
        assert isinstance(await one.send(), Accepted)
        cloud.advance(LONG)
        assert there(cloud) == dict.fromkeys(ALL, False)

    async def test_databases_are_kept_apart(self, cloud, plain):
        cloud.world.clusters[MOVIES].put_collection("archive", "films")
        wanted = [{"collection": "films"}, {"database": "archive", "collection": "films", "destDatabase": "old"}]
        one = restore(plain, backed_up(cloud), wanted)
        await one.send()
        cloud.advance(LONG)
        assert there(cloud) == {"default/films": False, "old/films": False}

    @pytest.mark.parametrize("wanted", [TWO, None], ids=["several", "all"])
    async def test_a_forgotten_job_ends_well_only_where_all_of_them_are_there(self, cloud, plain, wanted):
        one = restore(plain, backed_up(cloud), wanted)
        await one.send()
        cloud.advance(LONG)
        cloud.forget(one.status.job_id)
        record: Submission = one.submission.but(missing_since=cloud.world.clock.wall())
        one.status = one.status.but(submission=record)
        seen = await one.read()
        assert isinstance(seen, Seen)
        assert seen.state is State.SUCCESSFUL
        cloud.world.clusters[SHOP].drop_collection("default", "films")
        assert await one.read() == Missing()


class TestBeforeIt:
    @pytest.mark.parametrize(("wanted", "names"), [(TWO, ["default/films", "default/players"]), (None, ALL)])
    async def test_every_name_is_written_ahead(self, cloud, plain, wanted, names):
        """A look-up after a crash has nothing else to go by."""
        ready = await restore(plain, backed_up(cloud), wanted).prepare()
        assert isinstance(ready, Prepared)
        assert ready.baseline["destinations"] == names

    @pytest.mark.parametrize(("wanted", "taken"), [(TWO, "players"), (None, "reviews")])
    async def test_one_name_that_is_taken_holds_all_of_them(self, cloud, plain, wanted, taken):
        cloud.world.clusters[SHOP].put_collection("default", taken)
        ready = await restore(plain, backed_up(cloud), wanted).prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.NAME_TAKEN
        assert f"{SHOP}/default/{taken}" in ready.message
        assert not cloud.ledger.requests(route=ROUTE)

    async def test_one_that_the_list_spells_otherwise_holds_them_too(self, cloud, plain):
        cloud.odd("data.list", "names_upper")
        cloud.world.clusters[SHOP].put_collection("default", "players")
        ready = await restore(plain, backed_up(cloud), TWO).prepare()
        assert isinstance(ready, Blocked)
        assert f"{SHOP}/default/players" in ready.message

    async def test_a_backup_whose_collections_cannot_be_read_is_not_restored_under_names_that_nobody_finds(
        self, cloud, plain
    ):
        cloud.odd("backup.get", "broken_words")
        ready = await restore(plain, backed_up(cloud), None).prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.COLLECTIONS_NOT_TOLD

    async def test_a_backup_that_does_not_tell_its_collections_has_to_be_asked_for_them_by_name(self, cloud, plain):
        one, named = restore(plain, backed_up(cloud), None), restore(plain, backed_up(cloud), TWO)
        cloud.behave(backups_tell_collections="flat")
        for shape in ("flat", "none"):
            cloud.behave(backups_tell_collections=shape)
            ready = await one.prepare()
            assert isinstance(ready, Blocked)
            assert ready.reason is Reason.COLLECTIONS_NOT_TOLD
            assert "spec.existingCluster.collections" in ready.message
            assert isinstance(await named.prepare(), Prepared)

    async def test_more_than_a_status_can_hold_is_told(self, cloud, plain):
        for number in range(300):
            cloud.world.clusters[MOVIES].put_collection("default", f"{number}{'x' * 240}")
        ready = await restore(plain, backed_up(cloud), None).prepare()
        assert isinstance(ready, Blocked)
        assert "303 collections, too many" in ready.message

    @pytest.mark.parametrize("wanted", [TWO, None], ids=["several", "all"])
    async def test_a_cloud_that_takes_one_a_request_is_told_of_with_what_to_do(self, cloud, plain, wanted):
        cloud.behave(restores_several=False)
        answer = await restore(plain, backed_up(cloud), wanted).send()
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.heals) == (Reason.REJECTED, False)
        assert "make a RestoreJob of each" in answer.message
        assert isinstance(await restore(plain, backed_up(cloud), TWO[:1]).send(), Accepted)


class TestFind:
    @pytest.mark.parametrize("wanted", [TWO, None], ids=["several", "all"])
    async def test_found_by_the_console_with_its_id(self, cloud, console, wanted):
        cloud.fault(ROUTE, "drop_after", times=1)
        one = restore(console, backed_up(cloud), wanted)
        assert isinstance(await one.send(), EffectUnknown)
        look = await one.look()
        assert isinstance(look, Found)
        assert look.handle["jobId"] == cloud.ledger.effects(route=ROUTE)[0].job_id

    @pytest.mark.parametrize("wanted", [TWO, None], ids=["several", "all"])
    async def test_some_there_and_some_not_is_unknown(self, cloud, plain, wanted):
        """Absent would restore the rest twice; Found would call half of it a success."""
        one = restore(plain, backed_up(cloud), wanted)
        await one.prepare()
        cloud.world.clusters[SHOP].put_collection("default", "films")
        look = await one.look()
        assert isinstance(look, Undecided)
        assert "default/films" in look.message

    @pytest.mark.parametrize("wanted", [TWO, None], ids=["several", "all"])
    async def test_all_of_them_there_is_no_proof_either(self, cloud, plain, wanted):
        """Somebody in the console may have made them."""
        cloud.fault(ROUTE, "drop_after", times=1)
        one = restore(plain, backed_up(cloud), wanted)
        await one.send()
        cloud.advance(LONG)
        look = await one.look()
        assert isinstance(look, Undecided)
        assert "default/films" in look.message

    @pytest.mark.parametrize("wanted", [TWO, None], ids=["several", "all"])
    async def test_absent_where_none_of_them_is_there(self, cloud, plain, wanted):
        cloud.fault(ROUTE, "drop_before", times=1)
        one = restore(plain, backed_up(cloud), wanted)
        assert isinstance(await one.send(), EffectUnknown)
        assert await one.look() == Absent()

    @pytest.mark.parametrize("wanted", [TWO, None], ids=["several", "all"])
    @pytest.mark.parametrize("odd", STRANGE)
    async def test_names_that_the_cluster_spells_otherwise_are_not_ruled_out(self, cloud, plain, wanted, odd):
        """Absent would restore them a second time."""
        cloud.fault(ROUTE, "drop_after", times=1)
        one = restore(plain, backed_up(cloud), wanted)
        await one.send()
        cloud.advance(LONG)
        cloud.odd("data.list", odd)
        assert isinstance(await one.look(), Undecided)
        assert not isinstance(await one.resend(), Accepted)
        assert len(cloud.ledger.requests(route=ROUTE)) == 1

    @pytest.mark.parametrize("held", [["films"], ["films", "actors"]], ids=["one", "two"])
    @pytest.mark.parametrize("odd", ["names_upper", "names_qualified"])
    async def test_nor_are_names_that_the_backup_spells_otherwise(self, cloud, plain, held, odd):
        backup = backed_up(
            cloud, backupType="COLLECTION", dbCollections=[{"dbName": "default", "collectionNames": held}]
        )
        cloud.odd("backup.get", odd)
        cloud.fault(ROUTE, "drop_after", times=1)
        one = restore(plain, backup, None)
        await one.send()
        cloud.advance(LONG)
        assert "default/films" in there(cloud)
        assert isinstance(await one.look(), Undecided)

    @pytest.mark.parametrize("wanted", [TWO, None], ids=["several", "all"])
    @pytest.mark.parametrize("like", ["Films", "ACTORS", "Players", "old.films"])
    async def test_absent_beside_a_collection_of_a_name_like_theirs(self, cloud, plain, wanted, like):
        """The cloud tells capitals apart; a person need not be asked."""
        cloud.world.clusters[SHOP].put_collection("default", like)
        cloud.fault(ROUTE, "drop_before", times=1)
        one = restore(plain, backed_up(cloud), wanted)
        assert isinstance(await one.send(), EffectUnknown)
        assert await one.look() == Absent()
        assert isinstance(await one.resend(), Accepted)

    async def test_a_restore_of_only_some_of_them_cannot_be_excluded(self, cloud, console):
        """The console may name one collection of several."""
        backup = backed_up(cloud)
        one = restore(console, backup, TWO)
        await one.prepare()
        stranger = restore(console, backup, [{"collection": "films", "destCollection": "films_copy"}])
        stranger.token = "stranger"
        await stranger.send()
        assert await one.look() == Absent(), "other names are other restores"
        other = restore(console, backup, TWO[:1])
        other.token = "other"
        await other.send()
        assert isinstance(await one.look(), Undecided)

    async def test_a_record_without_the_names_decides_nothing(self, cloud, plain):
        one = restore(plain, backed_up(cloud), None)
        await one.prepare()
        one.submission = one.submission.but(baseline={})
        assert isinstance(await one.look(), Undecided)
        assert not isinstance(await one.submit(), Accepted)
        one.status = JobStatus(submission=one.submission.but(handle={"clusterId": SHOP}))
        assert await one.read() == Missing()
