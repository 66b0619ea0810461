"""SampleCollectionJob's verbs against the simulated cloud: by documented calls, and by the console's one call."""

from __future__ import annotations

import pytest
from tests.support.kinds_rig import Object, parsed

from zilliz_jobs.api.collectionjobs import Dataset
from zilliz_jobs.api.jobstatus import Evidence, State, StepStatus
from zilliz_jobs.cloud.errors import FenceClosed
from zilliz_jobs.core.observation import (
    Absent,
    Accepted,
    Blocked,
    EffectUnknown,
    Elsewhere,
    Found,
    Missing,
    NotSent,
    Refused,
    Seen,
    Undecided,
    Unreadable,
)
from zilliz_jobs.core.plan import SUBMIT_STEP
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.kinds.collections import sampledata
from zilliz_jobs.kinds.collections.sample import CREATE, WRITE, SampleKind
from zilliz_local.cloud import MOVIES, CloudSimulator, ClusterFields

KIND = SampleKind()
NAME = "demo_films"


def sample(account: Account, cluster: str = MOVIES, **more) -> Object:
    return Object(KIND, account, parsed(KIND, clusterId=cluster, collection=NAME), **more)


def made(cloud: CloudSimulator):
    return cloud.world.clusters[MOVIES].collection("default", NAME)


async def stranger(cloud: CloudSimulator) -> None:
    body = {"collectionName": NAME, "dimension": 4}
    cloud.act_as("rival", "POST", f"/_data/{MOVIES}/v2/vectordb/collections/create", body)


async def writing(one: Object) -> Object:
    """The collection is made; its rows are next."""
    await one.send(CREATE)
    return next_step(one)


def next_step(one: Object) -> Object:
    row = StepStatus(name=CREATE, state=State.SUCCESSFUL, submission=one.submission)
    one.status, one.token = one.status.but(steps=[row], submission=None), "token-2"
    return one


class TestByDocumentedCalls:
    async def test_the_collection_is_made_and_filled(self, cloud, plain):
        one = sample(plain)
        assert isinstance(await one.send(CREATE), Accepted)
        assert (await one.read()).state is State.SUCCESSFUL
        next_step(one)
        answer = await one.send(WRITE)
        assert isinstance(answer, Accepted)
        assert answer.result == {"rows": 120}
        assert (await one.read()).state is State.SUCCESSFUL
        assert made(cloud).count == 120

    async def test_a_name_that_is_taken_is_left_alone(self, cloud, plain):
        await stranger(cloud)
        ready = await sample(plain).prepare(CREATE)
        assert isinstance(ready, Blocked)
        assert ready.reason is Reason.NAME_TAKEN
        assert NAME in ready.message

    @pytest.mark.parametrize("word", ["STOPPED", "RESUMING"])
    async def test_a_cluster_that_does_not_serve_is_waited_for(self, cloud, plain, word):
        cloud.world.put_cluster("in01-x", ClusterFields(status=word))
        ready = await sample(plain, "in01-x").prepare(CREATE)
        assert (type(ready), ready.reason) == (Blocked, Reason.CLUSTER_BUSY)

    async def test_an_unknown_cluster_is_told(self, plain):
        assert (await sample(plain, "in01-nowhere").prepare(CREATE)).reason is Reason.CLUSTER_NOT_FOUND

    async def test_a_refusal_is_told_in_the_clouds_words(self, cloud, plain):
        one = sample(plain)
        await one.prepare(CREATE)
        cloud.fault("data.create", "status", status=200, body={"code": 1100, "message": "bad schema"})
        answer = await one.submit()
        assert isinstance(answer, Refused)
        assert "bad schema" in answer.message

    async def test_a_refusal_after_the_collection_was_made_is_no_refusal(self, cloud, plain):
        """Else the job would fail, and its collection stay without anybody knowing whose it is."""
        one = sample(plain)
        await one.prepare(CREATE)
        body = {"code": 1100, "message": "index failed"}
        cloud.fault("data.create", "status_after", status=200, body=body)
        assert isinstance(await one.submit(), Accepted)

    async def test_a_refusal_of_a_cluster_that_does_not_answer_then_is_none(self, cloud, plain):
        one = sample(plain)
        await one.prepare(CREATE)
        body = {"code": 1100, "message": "index failed"}
        cloud.fault("data.create", "status_after", status=200, body=body)
        cloud.fault("data.describe", "drop_before")
        assert isinstance(await one.submit(), EffectUnknown)

    async def test_a_closed_fence_sends_nothing(self, cloud, plain):
        def closed() -> None:
            raise FenceClosed("too late")

        one = sample(plain, fence=closed)
        await one.prepare(CREATE)
        assert isinstance(await one.submit(), NotSent)
        assert made(cloud) is None

    async def test_an_unreachable_cluster_sends_nothing(self, cloud, plain):
        one = sample(plain)
        await one.prepare(CREATE)
        cloud.go_down()
        assert isinstance(await one.submit(), NotSent)

    async def test_a_collection_that_is_gone_is_missing(self, cloud, plain):
        one = sample(plain)
        await one.send(CREATE)
        cloud.world.clusters[MOVIES].drop_collection("default", NAME)
        assert await one.read() == Missing()

    async def test_a_collection_that_somebody_replaced_is_not_filled(self, cloud, plain):
        one = sample(plain)
        await one.send(CREATE)
        cloud.world.clusters[MOVIES].drop_collection("default", NAME)
        await stranger(cloud)
        seen = await one.read()
        assert (seen.state, seen.reason) == (State.FAILED, Reason.CHANGED_ELSEWHERE)


class TestALostCreation:
    @pytest.mark.parametrize(("fault", "found"), [("drop_before", False), ("drop_after", True)])
    async def test_it_is_found_by_its_mark_or_proven_absent(self, cloud, plain, fault, found):
        one = sample(plain)
        await one.prepare(CREATE)
        cloud.fault("data.create", fault, times=1)
        assert isinstance(await one.submit(), EffectUnknown)
        look = await one.look()
        if found:
            assert isinstance(look, Found)
            assert look.evidence is Evidence.MARKER
        else:
            assert look == Absent()

    async def test_a_strangers_collection_of_that_name_is_not_ours(self, cloud, plain):
        one = sample(plain)
        await one.prepare(CREATE)
        await stranger(cloud)
        look = await one.look()
        assert isinstance(look, Elsewhere)
        assert look.reason is Reason.NAME_TAKEN

    @pytest.mark.parametrize("description", ["", "sample data", "films of 1990", "sample data, made by job token-2"])
    async def test_nor_is_one_that_tells_another_description(self, cloud, plain, description):
        one = sample(plain)
        await one.send(CREATE)
        made(cloud).description = description
        assert isinstance(await one.look(), Elsewhere)
        assert (await one.read()).reason is Reason.CHANGED_ELSEWHERE

    async def test_an_unreachable_data_plane_proves_nothing(self, cloud, plain):
        one = sample(plain)
        await one.prepare(CREATE)
        cloud.fault("data.describe", "drop_before")
        assert isinstance(await one.look(), Unreadable)


UNTOLD = [
    "descriptions_null",
    "descriptions_missing",
    "descriptions_upper",
    "descriptions_cut",
    "broken_descriptions",
]


@pytest.mark.parametrize("odd", UNTOLD)
class TestAMarkThatIsNotToldAsItWasGiven:
    """Taken for somebody else's, the collection would fail a job that made it; taken for ours, rows could be written
    into a stranger's."""

    async def test_a_lost_creation_is_undecided(self, cloud, plain, odd):
        one = sample(plain)
        await one.prepare(CREATE)
        cloud.fault("data.create", "drop_after", times=1)
        await one.submit()
        cloud.odd("data.describe", odd)
        assert isinstance(await one.look(), Undecided)

    async def test_a_collection_that_was_made_is_neither_replaced_nor_filled(self, cloud, plain, odd):
        one = sample(plain)
        await one.send(CREATE)
        cloud.odd("data.describe", odd)
        seen = await one.read()
        assert isinstance(seen, Unreadable)
        assert NAME in seen.message
        cloud.faults.clear()
        assert (await one.read()).state is State.SUCCESSFUL

    async def test_a_refusal_that_may_have_left_a_collection_is_none(self, cloud, plain, odd):
        one = sample(plain)
        await one.prepare(CREATE)
        body = {"code": 1100, "message": "index failed"}
        cloud.fault("data.create", "status_after", status=200, body=body)
        cloud.odd("data.describe", odd)
        answer = await one.submit()
        assert isinstance(answer, EffectUnknown)
        assert "index failed" in answer.message


class TestLostRows:
    @pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
    async def test_they_are_written_again_and_are_there_once(self, cloud, plain, fault):
        one = await writing(sample(plain))
        await one.prepare(WRITE)
        cloud.fault("data.upsert", fault, times=1)
        assert isinstance(await one.submit(), EffectUnknown)
        assert await one.look() == Absent()
        assert isinstance(await one.submit(), Accepted)
        assert made(cloud).count == 120


class TestByTheConsole:
    async def test_it_is_one_job(self, cloud, console):
        one = sample(console)
        answer = await one.send()
        assert isinstance(answer, Accepted)
        assert answer.handle.keys() == {"jobId"}
        cloud.advance(3600)
        seen = await one.read()
        assert isinstance(seen, Seen)
        assert (seen.state, seen.progress) == (State.SUCCESSFUL, 100)
        assert made(cloud).count

    async def test_it_fails_in_the_clouds_words(self, cloud, console):
        cloud.next_job("SAMPLE_COLLECTION", failure="no quota")
        one = sample(console)
        await one.send()
        cloud.advance(3600)
        seen = await one.read()
        assert (seen.state, seen.message) == (State.FAILED, "no quota")

    @pytest.mark.parametrize(("fault", "found"), [("drop_before", False), ("drop_after", True)])
    async def test_a_lost_answer_is_looked_up_in_the_list(self, cloud, console, fault, found):
        one = sample(console)
        await one.prepare()
        cloud.fault("console.sample", fault, times=1)
        assert isinstance(await one.submit(), EffectUnknown)
        look = await one.look()
        assert isinstance(look, Found if found else Absent)

    async def test_a_job_that_another_object_holds_is_not_it(self, cloud, console):
        one = sample(console)
        await one.send()
        other = sample(console, token="token-2", held={one.status.job_id})
        other.submission = one.submission.but(handle=None, token="token-2")
        assert await other.look() == Absent()

    async def test_with_the_console_turned_off_it_cannot_be_looked_up(self, cloud, console, plain):
        one = sample(console)
        await one.prepare(SUBMIT_STEP)
        one.account = plain
        assert isinstance(await one.look(), Undecided)
        assert (await one.submit()).reason is Reason.NO_PUBLIC_API

    async def test_only_a_sample_job_can_be_adopted(self, cloud, plain):
        job = cloud.act_as("console", "POST", f"/v2/clusters/{MOVIES}/backups/create", {"backupType": "CLUSTER"})
        one = sample(plain)
        seen = await KIND.adopt(plain, one.spec, job["data"]["jobId"], one.status)
        assert (type(seen), seen.reason) == (Blocked, Reason.ADOPT_TYPE_MISMATCH)


def test_the_sample_data_is_the_same_at_every_run_and_fits_its_schema():
    """Rows that differ would not replace those of a lost first try."""
    rows = sampledata.rows(Dataset.FILMS)
    assert rows == sampledata.rows(Dataset.FILMS)
    assert len({row["id"] for row in rows}) == len({row["title"] for row in rows}) == len(rows) == 120
    fields = {field["fieldName"] for field in sampledata.schema(Dataset.FILMS)["fields"]}
    assert all(row.keys() == fields for row in rows)
    assert all(abs(sum(x * x for x in row["vector"]) - 1) < 1e-4 for row in rows)


def test_films_of_one_genre_are_nearer_to_one_another_than_to_others():
    """A first vector search should find something that makes sense."""
    rows = sampledata.rows(Dataset.FILMS)

    def likeness(a, b):
        return sum(x * y for x, y in zip(a["vector"], b["vector"], strict=True))

    for film in rows[:16]:
        best = max((other for other in rows if other is not film), key=lambda other: likeness(film, other))
        assert best["genre"] == film["genre"]
