"""Faults: what the client sees, and whether the effect took place. The ledger must tell the truth about both."""

import aiohttp
import pytest
from tests.wire.test_simulator_base import LOST, simulated

from zilliz_local.cloud import MOVIES


async def test_a_drop_before_has_no_effect_and_a_drop_after_has_one() -> None:
    """The client sees the same twice. This is the pair that a submit protocol is judged by."""
    async with simulated() as (cloud, api):
        for action, effects in (("drop_before", 0), ("drop_after", 1)):
            cloud.fault("import.create", action, times=1)
            with pytest.raises(LOST):
                await api.import_films(token=action)
            assert len(cloud.ledger.requests(token=action)) == 1
            assert cloud.ledger.requests(token=action)[0].outcome == "dropped"
            assert len(cloud.ledger.effects(token=action)) == effects
        assert (await api.import_films()).code == 0


@pytest.mark.parametrize(
    ("action", "effects", "http"),
    [("status", 0, 503), ("status_after", 1, 503), ("rate_limit", 0, 429)],
)
async def test_an_error_status_with_and_without_effect(action: str, effects: int, http: int) -> None:
    """A 5xx says nothing about the effect."""
    async with simulated() as (cloud, api):
        cloud.fault("import.create", action, status=503, retry_after=7, body={"why": "maintenance"})  # type: ignore[arg-type]
        answer = await api.import_films(token="t")
        assert (answer.http, answer.headers["Retry-After"]) == (http, "7")
        assert len(cloud.ledger.effects(token="t")) == effects


@pytest.mark.parametrize("action", ["garbage_after", "malformed_json"])
async def test_an_unreadable_answer_after_the_effect(action: str) -> None:
    """A 200 that nobody can read is not a refusal."""
    async with simulated() as (cloud, api):
        cloud.fault("import.create", action)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
            await api.import_films(token="t")
        assert len(cloud.ledger.effects(token="t")) == 1


@pytest.mark.parametrize("status", [None, 504])
async def test_a_delayed_effect_comes_later_and_at_its_own_time(status: int | None) -> None:
    """A look-up that is too quick would conclude that nothing was started."""
    async with simulated() as (cloud, api):
        cloud.fault("import.create", "delay_effect", seconds=40, status=status)
        if status:
            assert (await api.import_films(token="t")).http == 504
        else:
            with pytest.raises(LOST):
                await api.import_films(token="t")
        cloud.advance(39)
        assert not cloud.ledger.effects(token="t")
        cloud.advance(8)
        (effect,) = cloud.ledger.effects(token="t")
        assert effect.time == cloud.clock.stamp(40)
        assert (await api.progress(effect.job_id)).data["state"] == "Importing", "it began seven seconds ago"


async def test_an_effect_delayed_by_real_seconds() -> None:
    """For tests of real clients whose settle time is real."""
    async with simulated() as (cloud, api):
        cloud.fault("import.create", "delay_effect", seconds=0, real=True)
        with pytest.raises(LOST):
            await api.import_films(token="t")
        assert len(cloud.ledger.effects(token="t")) == 1


async def test_a_success_without_an_id() -> None:
    """Work was started, and the answer does not say which."""
    async with simulated() as (cloud, api):
        cloud.fault("backup.create", "omit_job_id", fields=("jobId", "backupId"))
        assert set((await api.back_up()).data) == {"backupName"}
        assert len(cloud.ledger.effects()) == 1


async def test_unknown_status_words_are_put_into_reads() -> None:
    """A new word of the cloud must not crash an operator."""
    async with simulated() as (cloud, api):
        job_id = (await api.import_films()).data["jobId"]
        cloud.fault("job.get", "unknown_status", word="THAWING")
        cloud.fault("import.progress", "unknown_status", word="Thawing")
        assert await api.status(job_id) == "THAWING"
        seen = (await api.progress(job_id)).data
        assert {seen["state"], *(file["state"] for file in seen["details"])} == {"Thawing"}


async def test_a_rule_can_skip_be_used_up_and_name_a_path_and_method() -> None:
    """Scenarios such as "the third poll fails" need it."""
    async with simulated() as (cloud, api):
        rule = cloud.fault("/v2/jobs/*", "status", method="GET", skip=1, times=2)
        seen = [(await api.get("/v2/jobs/job-none")).http for _ in range(4)]
        assert seen == [200, 500, 500, 200]
        assert cloud.faults.hits(rule.id) == 2
        cloud.faults.remove(rule.id)
        assert not cloud.faults.wire()


async def test_chance_is_repeatable() -> None:
    """A failure found by chance must be found again."""
    runs = []
    for _ in range(2):
        async with simulated(seed=5) as (cloud, api):
            cloud.fault("job.get", "status", probability=0.5)
            runs.append([(await api.get("/v2/jobs/job-none")).http for _ in range(12)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 500}


async def test_latency_is_real_time_before_or_after_the_effect() -> None:
    """A client's time-out leaves an effect behind, or none yet: it cannot know."""
    async with simulated() as (cloud, api):
        cloud.fault("import.create", "latency_after", seconds=30)
        with pytest.raises(TimeoutError):
            await api.call(
                "POST",
                "/v2/vectordb/jobs/import/create",
                json={"clusterId": MOVIES, "collectionName": "films", "objectUrls": [["s3://demo-data/actors.json"]]},
                timeout=aiohttp.ClientTimeout(total=0.1),
            )
        assert len(cloud.ledger.effects()) == 1


async def test_an_outage_drops_everything_and_forgets_nothing() -> None:
    """After it, the jobs go on where time has brought them."""
    async with simulated() as (cloud, api):
        job_id = (await api.back_up()).data["jobId"]
        cloud.go_down()
        with pytest.raises(LOST):
            await api.get("/v2/projects")
        cloud.advance(100)
        cloud.go_down(False)
        assert await api.status(job_id) == "SUCCESSFUL"


async def test_a_restart_drops_idle_connections() -> None:
    """A pooled connection that has died is the commonest lost answer."""
    async with simulated() as (cloud, api):
        job_id = (await api.back_up()).data["jobId"]
        cloud.drop_connections()
        assert await api.status(job_id) == "PENDING"
