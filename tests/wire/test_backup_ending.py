"""What must be known before a backup is deleted. If these fail, an odd list deletes one, or a restore loses its."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.kinds_rig import backed_up

from zilliz_jobs.cloud.errors import CloudError, FenceClosed, ProtocolMismatch
from zilliz_jobs.core.observation import BackupGone, BackupStays, BackupUnclear
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds import backupending
from zilliz_jobs.kinds.base import Account, BackupSource
from zilliz_local.cloud import MOVIES, SHOP, CloudSimulator
from zilliz_local.cloud.backups import AUTO


def open_fence() -> None:
    """Nothing stands in the way."""


def deletes(cloud: CloudSimulator) -> int:
    return len(cloud.ledger.effects(kind="delete", client="api"))


class TestTheLook:
    async def test_what_is_there_and_what_is_gone(self, cloud: CloudSimulator, plain: Account) -> None:
        one, two = backed_up(cloud), backed_up(cloud)
        cloud.act_as("console", "DELETE", f"/v2/clusters/{MOVIES}/backups/{two.backup_id}")
        making = backed_up(cloud, ended=False)
        ids = {one.backup_id, two.backup_id, making.backup_id, "never-was"}
        found = await backupending.shown(plain, MOVIES, ids)
        assert found.available == {one.backup_id}
        assert found.gone == {two.backup_id, "never-was"}, "what is being made is neither"

    @pytest.mark.parametrize("oddity", ["row_null", "row_without_id"])
    async def test_a_list_that_cannot_be_read_whole_proves_nothing(
        self, cloud: CloudSimulator, plain: Account, oddity: str
    ) -> None:
        one = backed_up(cloud)
        cloud.odd("backup.list", oddity)
        with pytest.raises(CloudError):
            await backupending.shown(plain, MOVIES, {one.backup_id})

    async def test_an_empty_list_alone_does_not_prove_that_one_is_gone(
        self, cloud: CloudSimulator, plain: Account
    ) -> None:
        """A right that is missing, or a filter, hides rows."""
        one = backed_up(cloud)
        cloud.fault("backup.list", "status", status=200, body={"code": 0, "data": {"backups": [], "count": 0}})
        found = await backupending.shown(plain, MOVIES, {one.backup_id})
        assert (found.available, found.gone) == (frozenset(), frozenset())

    @pytest.mark.parametrize(
        ("field", "value", "told"),
        [("creation_method", AUTO, "by itself"), ("cluster_id", SHOP, f"says cluster {SHOP}")],
    )
    async def test_a_row_that_contradicts_the_record_stops_all(
        self, cloud: CloudSimulator, plain: Account, field: str, value: str, told: str
    ) -> None:
        cloud.behave(filters_ignored=["backups"])
        one, two = backed_up(cloud), backed_up(cloud)
        setattr(cloud.world.backups[one.backup_id], field, value)
        with pytest.raises(ProtocolMismatch, match=told):
            await backupending.shown(plain, MOVIES, {one.backup_id, two.backup_id})

    async def test_one_that_is_listed_in_two_states_stops_all(self, cloud: CloudSimulator, plain: Account) -> None:
        """By one of them it may be deleted, and by the other it is being made."""
        rows = [{"backupId": "b", "clusterId": MOVIES, "status": status} for status in ("AVAILABLE", "CREATING")]
        body = {"code": 0, "data": {"backups": rows, "count": 2}}
        cloud.fault("backup.list", "status", times=None, status=200, body=body)
        with pytest.raises(ProtocolMismatch, match="two states of backup b, so none is deleted"):
            await backupending.shown(plain, MOVIES, {"b"})

    async def test_another_cluster_is_no_proof(self, cloud: CloudSimulator, plain: Account) -> None:
        """The cloud says of a cluster that the key does not see what it says of one that is gone."""
        one = backed_up(cloud)
        with pytest.raises(CloudError):
            await backupending.shown(plain, "in01-not-there", {one.backup_id})


class TestTheConsole:
    async def test_a_restore_that_somebody_started_there_is_known(
        self, cloud: CloudSimulator, console: Account, plain: Account
    ) -> None:
        one, two = backed_up(cloud), backed_up(cloud)
        path = f"/v2/clusters/{MOVIES}/backups/{one.backup_id}/export"
        cloud.act_as("rival", "POST", path, {"integrationId": "integ-1", "directory": "x"})
        ids = {one.backup_id, two.backup_id}
        assert set(await backupending.readers(console, ids)) == {one.backup_id}
        assert await backupending.readers(plain, ids) == {}
        cloud.advance(100_000)
        assert await backupending.readers(console, ids) == {}

    async def test_a_restore_that_does_not_say_of_which_backup_may_be_of_any(
        self, cloud: CloudSimulator, console: Account
    ) -> None:
        one, two = backed_up(cloud), backed_up(cloud)
        path = f"/v2/clusters/{MOVIES}/backups/{one.backup_id}/export"
        made: Any = cloud.act_as("rival", "POST", path, {"integrationId": "integ-1", "directory": "x"})
        job = cloud.jobs.get(made["data"]["jobId"])
        assert job is not None
        job.backup_id = ""
        assert set(await backupending.readers(console, {two.backup_id})) == {two.backup_id}

    async def test_a_list_that_cannot_be_read_stops_all(self, cloud: CloudSimulator, console: Account) -> None:
        cloud.fault("console.*", "status", status=500)
        with pytest.raises(CloudError):
            await backupending.readers(console, {"b"})


class TestTheRequest:
    async def test_it_is_gone_when_the_cloud_proves_it(self, cloud: CloudSimulator, plain: Account) -> None:
        one = backed_up(cloud)
        assert await backupending.delete(plain, one, open_fence) == BackupGone()
        assert deletes(cloud) == 1
        assert await backupending.delete(plain, one, open_fence) == BackupGone(), "a repetition finds it gone"
        assert deletes(cloud) == 1

    @pytest.mark.parametrize("fault", ["drop_after", "status_after", "garbage_after", "malformed_json"])
    async def test_a_lost_answer_proves_nothing(self, cloud: CloudSimulator, plain: Account, fault: str) -> None:
        one = backed_up(cloud)
        cloud.fault("backup.delete", fault, times=1)
        assert isinstance(await backupending.delete(plain, one, open_fence), BackupUnclear)

    async def test_a_404_for_one_that_is_there_proves_nothing(self, cloud: CloudSimulator, plain: Account) -> None:
        one = backed_up(cloud)
        cloud.fault("backup.delete", "status", status=404, body={"code": 404, "message": "no route"})
        answer = await backupending.delete(plain, one, open_fence)
        assert isinstance(answer, BackupStays)
        assert deletes(cloud) == 0

    async def test_success_that_the_list_does_not_show_proves_nothing(
        self, cloud: CloudSimulator, plain: Account
    ) -> None:
        one = backed_up(cloud)
        cloud.fault("backup.delete", "status", status=200, body={"code": 0, "data": {}})
        assert isinstance(await backupending.delete(plain, one, open_fence), BackupUnclear)

    async def test_a_closed_fence_sends_nothing(self, cloud: CloudSimulator, plain: Account) -> None:
        def closed() -> None:
            raise FenceClosed("a restore refers to it")

        answer = await backupending.delete(plain, backed_up(cloud), closed)
        assert isinstance(answer, BackupStays)
        assert not answer.sent
        assert cloud.ledger.requests(kind="delete") == []

    async def test_a_right_that_is_missing_is_said(self, cloud: CloudSimulator, plain: Account) -> None:
        one = backed_up(cloud)
        cloud.fault("backup.delete", "status", status=403)
        answer = await backupending.delete(plain, one, open_fence)
        assert isinstance(answer, BackupStays)
        assert (answer.reason, answer.sent) == (Reason.NO_PERMISSION, True)

    async def test_one_of_another_cluster_stays(self, cloud: CloudSimulator, plain: Account) -> None:
        one = backed_up(cloud)
        wrong = BackupSource("in01-not-there", one.backup_id)
        assert not isinstance(await backupending.delete(plain, wrong, open_fence), BackupGone)
        assert deletes(cloud) == 0
