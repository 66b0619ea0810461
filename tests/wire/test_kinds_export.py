"""ExportJob's verbs against the simulated cloud. Each test says what a user would lose."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.kinds_rig import LONG, Object, backed_up, parsed

from zilliz_jobs.api.jobstatus import Evidence, State
from zilliz_jobs.cloud.errors import FenceClosed
from zilliz_jobs.core.observation import (
    Accepted,
    Blocked,
    CancelAccepted,
    CancelRefused,
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
from zilliz_jobs.kinds.exports.export import ExportKind
from zilliz_local.cloud import MOVIES, SHOP, CloudSimulator
from zilliz_local.cloud.jobs import Job

KIND = ExportKind()
AFTER_EFFECT = ["drop_after", "status_after", "garbage_after", "malformed_json"]
ROUTE = "export.create"
INTO = {"integrationId": "integ-1", "directory": "backups/movies/"}


def export(account: Account, backup: BackupSource, **more: Any) -> Object:
    by_id = {"clusterId": backup.cluster_id, "backupId": backup.backup_id}
    return Object(KIND, account, parsed(KIND, backup=by_id, **(INTO | more)))


def stranger(cloud: CloudSimulator, backup: BackupSource) -> Job:
    """Somebody else exports the backup."""
    path = f"/v2/clusters/{backup.cluster_id}/backups/{backup.backup_id}/export"
    made: Any = cloud.act_as("rival", "POST", path, {"integrationId": "integ-1", "directory": "x"})
    job = cloud.jobs.get(made["data"]["jobId"])
    assert job is not None
    return job


class TestALife:
    async def test_it_is_submitted_followed_and_its_directory_is_told(self, cloud, plain):
        """Without the real directory nobody would find the files."""
        one = export(plain, backup := backed_up(cloud))
        answer = await one.send()
        assert isinstance(answer, Accepted)
        assert answer.handle.keys() == {"jobId"}
        assert answer.result == {"directory": "backups/movies/token-1", "backupId": backup.backup_id}
        assert cloud.ledger.effects_per_token() == {"token-1": 1}
        cloud.advance(10)
        seen = await one.read()
        assert isinstance(seen, Seen)
        assert seen.state is State.IN_PROGRESS
        cloud.advance(LONG)
        assert (await one.read()).state is State.SUCCESSFUL
        (made,) = cloud.exports
        assert (made.directory, made.integration_id) == ("backups/movies/token-1", "integ-1")

    async def test_two_attempts_do_not_mix_their_files(self, cloud, plain):
        backup = backed_up(cloud)
        first, second = export(plain, backup, directory="d"), export(plain, backup, directory="d")
        second.token = "token-2"
        await first.send()
        await second.send()
        assert [made.directory for made in cloud.exports] == ["d/token-1", "d/token-2"]

    async def test_a_backup_that_a_job_made_is_exported_by_what_the_record_says(self, cloud, plain):
        one = Object(KIND, plain, parsed(KIND, backup={"backupJobRef": {"name": "movies"}}, **INTO))
        assert KIND.backup_job(one.spec) == "movies"
        ready = await one.prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.BACKUP_NOT_READY
        one.backup = backed_up(cloud)
        answer = await one.send()
        assert answer.result["backupId"] == one.backup.backup_id

    async def test_a_failed_export_tells_why(self, cloud, plain):
        cloud.next_job("EXPORT", failure="access denied to the bucket")
        one = export(plain, backed_up(cloud))
        await one.send()
        cloud.advance(LONG)
        seen = await one.read()
        assert (seen.state, seen.message) == (State.FAILED, "access denied to the bucket")

    async def test_a_forgotten_job_is_missing_and_not_failed(self, cloud, plain):
        one = export(plain, backed_up(cloud))
        await one.send()
        cloud.forget(one.status.job_id)
        assert await one.read() == Missing()

    async def test_an_outage_says_nothing_of_the_job(self, cloud, plain):
        one = export(plain, backed_up(cloud))
        await one.send()
        cloud.go_down()
        assert isinstance(await one.read(), Unreadable)

    async def test_an_unknown_word_is_neither_an_end_nor_an_error(self, cloud, plain):
        one = export(plain, backed_up(cloud))
        await one.send()
        cloud.fault("job.get", "unknown_status", word="ERROR-ISH")
        seen = await one.read()
        assert (seen.state, seen.cloud_status) == (None, "ERROR-ISH")


class TestBeforeIt:
    async def test_a_backup_that_is_being_made_is_waited_for(self, cloud, plain):
        one = export(plain, backed_up(cloud, ended=False))
        ready = await one.prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.BACKUP_NOT_READY
        cloud.advance(LONG)
        assert isinstance(await one.prepare(), Prepared)

    async def test_an_unknown_backup_is_waited_for(self, plain):
        ready = await export(plain, BackupSource(MOVIES, "backup0_none")).prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.BACKUP_NOT_FOUND

    async def test_a_backup_of_another_cluster_is_unknown_there(self, cloud, plain):
        backup = backed_up(cloud)
        ready = await export(plain, BackupSource(SHOP, backup.backup_id)).prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.BACKUP_NOT_FOUND

    async def test_a_refusal_for_the_state_of_the_backup_heals(self, cloud, plain):
        one = export(plain, backed_up(cloud, ended=False))
        await one.prepare()
        one.submission = one.submission.but(token="token-1", baseline={"backup": [MOVIES, _only_backup(cloud)]})
        answer = await one.submit()
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.heals) == (Reason.BACKUP_NOT_READY, True)

    async def test_a_closed_fence_means_not_sent(self, cloud, plain):
        def closed() -> None:
            raise FenceClosed("too late")

        one = export(plain, backed_up(cloud))
        one.fence = closed
        assert isinstance(await one.send(), NotSent)
        assert cloud.ledger.requests(token="token-1") == []

    async def test_a_record_that_lost_its_baseline_sends_nothing(self, cloud, plain):
        one = export(plain, backed_up(cloud))
        await one.prepare()
        one.submission = one.submission.but(baseline=None)
        assert isinstance(await one.submit(), NotSent)
        assert cloud.exports == []


def _only_backup(cloud: CloudSimulator) -> str:
    (backup_id,) = cloud.world.backups
    return str(backup_id)


class TestFind:
    @pytest.mark.parametrize("fault", [*AFTER_EFFECT, "drop_before"])
    async def test_unknown_without_the_console_and_a_person_is_told_where_to_look(self, cloud, plain, fault):
        """Nothing documented shows an export; absent would upload everything a second time."""
        cloud.fault(ROUTE, fault, times=1)
        one = export(plain, backed_up(cloud))
        assert isinstance(await one.send(), EffectUnknown)
        cloud.advance(LONG)
        look = await one.look()
        assert isinstance(look, Undecided)
        assert "backups/movies/token-1" in look.message

    @pytest.mark.parametrize("fault", AFTER_EFFECT)
    async def test_found_by_the_console(self, cloud, console, fault):
        cloud.fault(ROUTE, fault, times=1)
        one = export(console, backup := backed_up(cloud))
        await one.send()
        (effect,) = cloud.ledger.effects(token="token-1")
        look = await one.look()
        result = {"directory": "backups/movies/token-1", "backupId": backup.backup_id}
        assert look == Found({"jobId": effect.job_id}, Evidence.INFERRED, result)
        one.follow(look.handle)
        cloud.advance(LONG)
        assert (await one.read()).state is State.SUCCESSFUL

    async def test_unknown_where_the_console_shows_none(self, cloud, console):
        """The word of its type is not documented, so a list without it proves nothing."""
        cloud.fault(ROUTE, "drop_before", times=1)
        one = export(console, backed_up(cloud))
        await one.send()
        assert isinstance(await one.look(), Undecided)

    async def test_unknown_where_the_console_shows_several(self, cloud, console):
        cloud.fault(ROUTE, "drop_after", times=1)
        one = export(console, backup := backed_up(cloud))
        await one.send()
        stranger(cloud, backup)
        look = await one.look()
        assert isinstance(look, Undecided)
        assert look.message.count("job-") == 2

    async def test_unknown_beside_an_export_of_which_the_console_tells_no_backup(self, cloud, console):
        """Then the one that names ours need not be ours."""
        one = export(console, backup := backed_up(cloud))
        await one.prepare()
        stranger(cloud, backup).backup_id = ""
        assert isinstance(await one.look(), Undecided)
        stranger(cloud, backup)
        assert isinstance(await one.look(), Undecided)

    async def test_the_export_of_another_backup_or_holder_is_not_ours(self, cloud, console):
        cloud.fault(ROUTE, "drop_after", times=1)
        one = export(console, backed_up(cloud))
        stranger(cloud, backed_up(cloud))
        await one.send()
        look = await one.look()
        assert isinstance(look, Found)
        one.held.add(look.handle["jobId"])
        assert isinstance(await one.look(), Undecided)

    async def test_an_export_from_before_is_not_ours(self, cloud, console):
        backup = backed_up(cloud)
        stranger(cloud, backup)
        cloud.advance(LONG)
        cloud.fault(ROUTE, "drop_before", times=1)
        one = export(console, backup)
        await one.send()
        assert isinstance(await one.look(), Undecided)

    async def test_an_export_from_a_moment_before_is_not_ours(self, cloud, console):
        """Its object may be deleted since, so that it belongs to nobody."""
        stranger(cloud, backup := backed_up(cloud))
        cloud.advance(20)
        cloud.fault(ROUTE, "drop_before", times=1)
        one = export(console, backup)
        await one.send()
        assert isinstance(await one.look(), Undecided)

    async def test_an_outage_is_no_look(self, cloud, console):
        one = export(console, backed_up(cloud))
        await one.prepare()
        cloud.go_down()
        assert isinstance(await one.look(), Unreadable)


class TestCancel:
    async def test_it_is_accepted_and_the_end_is_canceled(self, cloud, console):
        one = export(console, backed_up(cloud))
        await one.send()
        cloud.advance(5)
        assert await KIND.cancel(console, one.status.job_id, "c1", lambda: None) == CancelAccepted()
        cloud.advance(LONG)
        assert (await one.read()).state is State.CANCELED

    async def test_without_the_console_it_is_refused_with_a_way_out(self, cloud, plain):
        one = export(plain, backed_up(cloud))
        await one.send()
        answer = await KIND.cancel(plain, one.status.job_id, "c1", lambda: None)
        assert isinstance(answer, CancelRefused)
        assert answer.reason is Reason.NO_PUBLIC_API


class TestAdopt:
    async def test_an_export_that_runs_is_followed_with_nothing_but_its_id(self, cloud, plain):
        stranger(cloud, backed_up(cloud))
        job_id = max(cloud.jobs.all(), key=lambda job: job.created_at).job_id
        one = Object(KIND, plain, parsed(KIND, adopt={"jobId": job_id}))
        seen = await KIND.adopt(plain, one.spec, job_id, one.status)
        assert isinstance(seen, Seen)
        assert seen.job_id == job_id

    async def test_one_whose_type_has_another_word_is_followed_too(self, cloud, plain):
        """No page tells the word for exports."""
        stranger(cloud, backed_up(cloud))
        job = max(cloud.jobs.all(), key=lambda job: job.created_at)
        job.type = "EXPORT_BACKUP_FILES"
        one = Object(KIND, plain, parsed(KIND, adopt={"jobId": job.job_id}))
        assert isinstance(await KIND.adopt(plain, one.spec, job.job_id, one.status), Seen)

    async def test_a_job_of_another_type_is_refused(self, cloud, plain):
        backed_up(cloud)
        job_id = next(iter(cloud.jobs.all())).job_id
        one = Object(KIND, plain, parsed(KIND, adopt={"jobId": job_id}))
        seen = await KIND.adopt(plain, one.spec, job_id, one.status)
        assert isinstance(seen, Blocked)
        assert seen.reason is Reason.ADOPT_TYPE_MISMATCH
