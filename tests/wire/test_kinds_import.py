"""ImportJob's verbs on the simulated cloud: v2, v1, volumes, on demand. Each says what a user would lose."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from tests.support.kinds_rig import Object, parsed

from zilliz_jobs.api.connection import ImportApi
from zilliz_jobs.api.jobstatus import Evidence, State
from zilliz_jobs.cloud.session import CloudSession
from zilliz_jobs.core.observation import (
    Absent,
    Accepted,
    Blocked,
    EffectUnknown,
    Found,
    Missing,
    NotSent,
    Refused,
    Seen,
    Undecided,
    Unreadable,
)
from zilliz_jobs.core.plan import RETRY_STEP
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.kinds.imports.importing import ImportKind
from zilliz_local.cloud import MOVIES, PROJECT, CloudSimulator

KIND = ImportKind()
CREATE = "/v2/vectordb/jobs/import/create"
FILM = "s3://demo-data/films/part-1.parquet"
OTHER = "s3://demo-data/films/part-2.parquet"
BROKEN = "s3://demo-data/broken/films.parquet"
BUCKET = "s3://demo-data/"
FORMS = ("v2", "on demand", "v1", "volume", "volume on demand")


@pytest.fixture
def plain(session: CloudSession) -> CloudSession:
    return session


def where(form: str) -> dict[str, str]:
    on_demand = {"projectId": PROJECT, "regionId": "aws-us-west-2"}
    return on_demand if form.endswith("on demand") else {"clusterId": MOVIES}


def in_volume(urls: Iterable[str]) -> list[str]:
    """The files of the bucket that are in the volume too."""
    return [url.removeprefix(BUCKET) for url in urls]


def films(session: CloudSession, form: str = "v2", *urls: str, **more) -> Object:
    account = Account(session, ImportApi.V1 if form == "v1" else ImportApi.V2)
    wanted: dict[str, object] = {"objectStorage": {"urls": list(urls) or [FILM]}}
    if form.startswith("volume"):
        wanted = {"volume": {"name": "demo-volume", "paths": in_volume(urls or [FILM])}}
    return Object(KIND, account, parsed(KIND, **where(form), collection="films", **wanted), **{"earlier": 1.0} | more)


def stranger(cloud: CloudSimulator, *urls: str, form: str = "v2", collection: str = "films") -> str:
    """Somebody else starts an import."""
    body: dict[str, object] = {"objectUrls": [[url] for url in urls or (FILM,)]}
    if form.startswith("volume"):
        body = {"volumeName": "demo-volume", "dataPaths": [[path] for path in in_volume(urls or (FILM,))]}
    body |= where(form) | {"collectionName": collection}
    answer = cloud.act_as("rival", "POST", CREATE, body)
    return answer["data"]["jobId"]


@pytest.mark.parametrize("form", FORMS)
class TestEveryForm:
    async def test_it_is_submitted_and_followed_to_its_end(self, cloud, plain, form):
        one = films(plain, form)
        answer = await one.send()
        assert isinstance(answer, Accepted)
        assert answer.handle.keys() == {"jobId"}
        seen = await one.read()
        assert isinstance(seen, Seen)
        assert seen.state in (State.PENDING, State.IN_PROGRESS)
        assert seen.start_time is not None
        cloud.advance(3600)
        seen = await one.read()
        assert seen.state is State.SUCCESSFUL
        assert seen.result["files"][0]["name"] == "part-1.parquet"
        assert cloud.ledger.effects_per_token() == {"token-1": 1}

    async def test_a_bad_file_is_named(self, cloud, plain, form):
        one = films(plain, form, BROKEN)
        await one.send()
        cloud.advance(3600)
        seen = await one.read()
        assert seen.state is State.FAILED
        assert "512" in seen.message
        assert seen.result["files"][0]["reason"]

    async def test_found_after_the_effect(self, cloud, plain, form):
        """As a process that dies, or an answer that is lost."""
        cloud.fault("import*.create", "drop_after", times=1)
        one = films(plain, form)
        assert isinstance(await one.send(), EffectUnknown)
        (effect,) = cloud.ledger.effects(kind="submit")
        assert await one.look() == Found({"jobId": effect.job_id}, Evidence.INFERRED)

    async def test_absent_before_the_effect(self, cloud, plain, form):
        cloud.fault("import*.create", "drop_before", times=1)
        one = films(plain, form)
        assert isinstance(await one.send(), EffectUnknown)
        assert await one.look() == Absent()

    async def test_unknown_beside_a_rival_who_does_the_same(self, cloud, plain, form):
        cloud.fault("import*.create", "drop_after", times=1)
        one = films(plain, form)
        await one.send()
        stranger(cloud, form=form)
        assert isinstance(await one.look(), Undecided)

    async def test_a_rival_of_our_own_house_is_no_rival(self, cloud, plain, form):
        """Fifty imports of one collection are told apart by who holds which."""
        cloud.fault("import*.create", "drop_after", times=1)
        one = films(plain, form)
        await one.send()
        (effect,) = cloud.ledger.effects(kind="submit")
        one.held.add(stranger(cloud, form=form))
        assert await one.look() == Found({"jobId": effect.job_id}, Evidence.INFERRED)

    async def test_a_list_that_lags(self, cloud, plain, form):
        cloud.behave(list_lag_seconds=60)
        cloud.fault("import*.create", "drop_after", times=1)
        one = films(plain, form)
        await one.send()
        assert await one.look() == Absent()  # hence the wait before anybody may conclude from it
        cloud.advance(61)
        assert isinstance(await one.look(), Found)

    async def test_when_a_finished_import_may_be_forgotten_absence_proves_nothing(self, cloud, plain, form):
        cloud.behave(imports_forgotten_after_seconds=60)
        cloud.fault("import*.create", "drop_after", times=1)
        one = films(plain, form)
        await one.send()
        cloud.advance(3600)
        assert isinstance(await one.look(), Undecided)

    async def test_a_list_that_reaches_back_proves_absence_even_late(self, cloud, plain, form):
        older = stranger(cloud, form=form)
        cloud.advance(3600)
        cloud.fault("import*.create", "drop_before", times=1)
        one = films(plain, form)
        await one.send()
        cloud.advance(3600)
        assert await one.look() == Absent()
        one.held.add(older)
        assert await one.look() == Absent()

    async def test_a_forgotten_import_is_read_from_the_job(self, cloud, plain, form):
        cloud.behave(imports_forgotten_after_seconds=0)
        one = films(plain, form)
        await one.send()
        cloud.advance(3600)
        seen = await one.read()
        assert seen.state is State.SUCCESSFUL

    async def test_what_nobody_knows_is_missing(self, plain, form):
        one = films(plain, form)
        one.follow({"jobId": "job-unknown"})
        assert await one.read() == Missing()


class TestFind:
    async def test_other_collections_and_older_imports_are_not_ours(self, cloud, plain):
        stranger(cloud)
        cloud.advance(3600)
        cloud.fault("import.create", "drop_before", times=1)
        one = films(plain)
        await one.send()
        stranger(cloud, collection="actors")
        assert await one.look() == Absent()

    async def test_a_folder_is_recognised_by_the_bare_names_of_its_files(self, cloud, plain):
        """The cloud names files without their folder: ruled out by that, it would be imported a second time."""
        cloud.fault("import.create", "drop_after", times=1)
        one = films(plain, "v2", "s3://demo-data/films/")
        await one.send()
        assert isinstance(await one.look(), Found)

    async def test_an_import_of_only_some_of_the_files_is_not_certainly_ours(self, cloud, plain):
        cloud.fault("import.create", "drop_before", times=1)
        one = films(plain, "v2", FILM, OTHER)
        await one.send()
        stranger(cloud, FILM)
        assert isinstance(await one.look(), Undecided)

    async def test_one_from_a_moment_before_is_not_taken_for_ours_nor_ruled_out(self, cloud, plain):
        """Its object may be deleted since. Taken for ours, its end would be told as ours; ruled out, ours might be
        sent a second time, were the cloud's clocks apart."""
        before = stranger(cloud)
        cloud.advance(20)
        cloud.fault("import.create", "drop_before", times=1)
        one = films(plain)
        await one.send()
        look = await one.look()
        assert isinstance(look, Undecided)
        assert before in look.message

    async def test_found_beside_one_from_a_moment_before(self, cloud, plain):
        """Of two by the same clock the later one is ours."""
        stranger(cloud)
        cloud.advance(20)
        cloud.fault("import.create", "drop_after", times=1)
        one = films(plain)
        await one.send()
        (effect,) = cloud.ledger.effects(token="token-1")
        assert await one.look() == Found({"jobId": effect.job_id}, Evidence.INFERRED)

    async def test_without_a_start_time_nobody_can_tell(self, cloud, plain):
        cloud.behave(start_time_while_pending=False)
        cloud.fault("import.create", "drop_after", times=1)
        one = films(plain)
        await one.send()
        assert isinstance(await one.look(), Undecided)
        cloud.advance(3600)
        assert isinstance(await one.look(), Found)

    async def test_without_the_clouds_clock_nobody_can_tell(self, cloud, plain):
        cloud.fault("import.create", "drop_after", times=1)
        one = films(plain)
        await one.send()
        one.submission = one.submission.but(cloud_time=None)
        assert isinstance(await one.look(), Undecided)

    async def test_a_listed_import_that_no_other_read_knows_is_not_ruled_out(self, cloud, plain):
        """And it must not end every look in an error, for ever."""
        cloud.fault("import.create", "drop_after", times=1)
        one = films(plain)
        await one.send()
        unknown = {"code": 90144, "message": "no such job"}
        cloud.fault("job.get", "status", status=200, body=unknown)
        assert isinstance(await one.look(), Undecided)
        cloud.fault("import.progress", "status", status=200, body=unknown)
        assert isinstance(await one.look(), Undecided)

    async def test_an_outage_is_no_look(self, cloud, plain):
        one = films(plain)
        await one.prepare()
        cloud.go_down()
        assert isinstance(await one.look(), Unreadable)

    async def test_too_many_candidates_are_not_compared(self, cloud, plain, monkeypatch):
        monkeypatch.setattr("zilliz_jobs.kinds.imports.importlook.MAX_CANDIDATES", 3)
        one = films(plain)
        await one.prepare()
        for _ in range(4):
            stranger(cloud)
        look = await one.look()
        assert isinstance(look, Undecided)
        assert "too many" in look.message

    async def test_the_v1_clock_of_an_hour_ago_is_not_taken_for_now(self, cloud, plain):
        """Else every import of that hour is a candidate."""
        one = films(plain, "v1")
        await one.send()
        cloud.advance(3600)
        two = films(plain, "v1", token="token-2", earlier=0.0)
        await two.prepare()
        assert two.submission.cloud_time == cloud.clock.wall().replace(microsecond=0)


class TestBeforeIt:
    async def test_an_unknown_cluster_is_waited_for(self, plain):
        spec = parsed(KIND, clusterId="in01-nowhere", collection="films", objectStorage={"urls": [FILM]})
        ready = await Object(KIND, Account(plain), spec).prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.CLUSTER_NOT_FOUND

    async def test_what_v1_cannot_do_is_said_before_anything_is_sent(self, cloud, plain):
        one = films(plain, "v1", FILM, OTHER)
        ready = await one.prepare()
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.NO_PUBLIC_API
        tokened = films(plain, "v1", secrets={"accessKey": "ak", "secretKey": "sk", "token": "short-lived"})
        answer = await tokened.send()
        assert isinstance(answer, NotSent)
        assert answer.reason is Reason.NO_PUBLIC_API
        assert cloud.ledger.requests() == []

    async def test_a_missing_collection_is_the_clouds_refusal(self, plain):
        spec = parsed(KIND, clusterId=MOVIES, collection="nothing", objectStorage={"urls": [FILM]})
        answer = await Object(KIND, Account(plain), spec).send()
        assert isinstance(answer, Refused)
        assert not answer.heals

    async def test_keys_reach_the_cloud_and_no_message(self, cloud, plain):
        cloud.put_object("s3://private/a.parquet", rows=5, access_key="AKIA-1", secret_key="s3cr3t-value")
        one = films(
            plain, "v2", "s3://private/a.parquet", secrets={"accessKey": "AKIA-1", "secretKey": "s3cr3t-value"}
        )
        await one.send()
        cloud.advance(3600)
        seen = await one.read()
        assert seen.state is State.SUCCESSFUL
        wrong = films(
            plain, "v2", "s3://private/a.parquet", token="t2", secrets={"accessKey": "x", "secretKey": "wrong-one"}
        )
        await wrong.send()
        cloud.advance(3600)
        seen = await wrong.read()
        assert seen.state is State.FAILED
        assert "wrong-one" not in repr(seen)


class TestRetryInPlace:
    async def failed(self, cloud: CloudSimulator, console: Account) -> tuple[Object, str]:
        one = films(console.session, "v2", BROKEN)
        await one.send()
        cloud.advance(3600)
        seen = await one.read()
        assert seen.state is State.FAILED
        cloud.put_object(BROKEN, rows=7)
        return one, one.status.job_id

    @pytest.mark.parametrize("keeps", [True, False])
    async def test_the_id_stays_or_changes(self, cloud, console, keeps):
        cloud.behave(retry_keeps_id=keeps)
        one, earlier = await self.failed(cloud, console)
        answer = await one.retried()
        assert isinstance(answer, Accepted)
        assert (answer.handle["jobId"] == earlier) is keeps
        cloud.advance(3600)
        seen = await one.read()
        assert seen.state is State.SUCCESSFUL

    @pytest.mark.parametrize("keeps", [True, False])
    async def test_a_retry_whose_answer_is_lost_is_found(self, cloud, console, keeps):
        cloud.behave(retry_keeps_id=keeps)
        cloud.fault("console.retry", "drop_after", times=1)
        one, earlier = await self.failed(cloud, console)
        assert isinstance(await one.retried(), EffectUnknown)
        one.held.add(earlier)  # an earlier attempt's job is none to be found
        look = await one.look()
        assert isinstance(look, Found)
        assert (look.handle["jobId"] == earlier) is keeps
        assert look.evidence is (Evidence.MARKER if keeps else Evidence.INFERRED)

    async def test_an_answer_without_an_id_is_of_the_job_that_was_retried(self, cloud, console):
        cloud.fault("console.retry", "status", times=1, status=200, body={"code": 0, "data": {}})
        one, earlier = await self.failed(cloud, console)
        assert await one.retried() == Accepted({"jobId": earlier})

    async def test_a_console_that_was_switched_off_meanwhile_is_not_asked(self, cloud, console, plain):
        """The retry waits until it is on again: it is not lost."""
        one, _ = await self.failed(cloud, console)
        cloud.fault("console.retry", "drop_before", times=1)
        await one.retried()
        one.account = Account(plain)
        answer = await one.submit()
        assert isinstance(answer, Refused)
        assert (answer.reason, answer.heals) == (Reason.NO_PUBLIC_API, True)
        assert cloud.ledger.effects(kind="retry") == []

    async def test_a_failure_without_a_time_may_be_of_either_attempt(self, cloud, console):
        cloud.fault("console.retry", "drop_before", times=1)
        one, earlier = await self.failed(cloud, console)
        await one.retried()
        body = {"code": 0, "data": {"jobId": earlier, "type": "IMPORT", "status": "FAILED"}}
        cloud.fault("job.get", "status", times=None, status=200, body=body)
        look = await one.look()
        assert isinstance(look, Undecided)
        assert "no time that tells whether it failed once more" in look.message

    async def test_a_retry_that_never_arrived_is_absent(self, cloud, console):
        cloud.fault("console.retry", "drop_before", times=1)
        one, earlier = await self.failed(cloud, console)
        assert isinstance(await one.retried(), EffectUnknown)
        one.held.add(earlier)
        assert await one.look() == Absent()

    async def test_the_end_from_before_the_retry_is_not_taken_for_its_own(self, cloud, console):
        """The job keeps its id; a list or read that lags would end the new attempt at once."""
        cloud.fault("console.retry", "drop_before", times=1)
        one, earlier = await self.failed(cloud, console)
        await one.retried()
        one.status = one.status.but(job_id=earlier, submission=one.submission.but(handle={"jobId": earlier}))
        seen = await one.read()
        assert (seen.state, seen.end_time, seen.message) == (State.PENDING, None, "")

    async def test_a_word_that_nobody_knows_is_no_proof_of_a_retry(self, cloud, console):
        cloud.fault("console.retry", "drop_before", times=1)
        one, earlier = await self.failed(cloud, console)
        await one.retried()
        one.held.add(earlier)
        cloud.fault("job.get", "unknown_status", word="PONDERING")
        assert not isinstance(await one.look(), Found)

    async def test_a_forgotten_import_is_refused_in_the_clouds_words(self, cloud, console):
        """It would else wait for its cluster for ever, which is there."""
        one, earlier = await self.failed(cloud, console)
        cloud.forget(earlier)
        answer = await one.retried()
        assert isinstance(answer, Refused)
        assert answer.reason is Reason.REJECTED

    async def test_a_forgotten_import_does_not_end_every_look_in_an_error(self, cloud, console):
        cloud.fault("console.retry", "drop_before", times=1)
        one, earlier = await self.failed(cloud, console)
        await one.retried()
        one.held.add(earlier)
        cloud.forget(earlier)
        assert one.submission.step == RETRY_STEP
        assert not isinstance(await one.look(), Unreadable)


class TestAdopt:
    async def test_an_import_that_runs_is_followed(self, cloud, plain):
        job_id = stranger(cloud)
        one = films(plain)
        seen = await KIND.adopt(one.account, one.spec, job_id, one.status)
        assert isinstance(seen, Seen)
        assert seen.job_id == job_id

    @pytest.mark.parametrize("odd", ["types_lower", "types_prefixed", "values_missing"])
    async def test_a_type_that_is_spelt_otherwise_or_not_told_is_no_other_one(self, cloud, plain, odd):
        job_id = stranger(cloud)
        cloud.odd("job.get", odd)
        one = films(plain)
        assert isinstance(await KIND.adopt(one.account, one.spec, job_id, one.status), Seen)

    async def test_a_job_of_another_type_is_refused(self, cloud, plain):
        cloud.act_as("console", "POST", f"/v2/clusters/{MOVIES}/backups/create", {"backupType": "CLUSTER"})
        one = films(plain)
        seen = await KIND.adopt(one.account, one.spec, next(iter(cloud.jobs.all())).job_id, one.status)
        assert isinstance(seen, Blocked)
        assert seen.reason is Reason.ADOPT_TYPE_MISMATCH
