"""What makes a submission hard to find again, and what proves that it was made once: lists, memory, rivals,
tokens, the ledger, the rate limit."""

import asyncio
import time

import pytest
from tests.wire.test_simulator_base import simulated

from zilliz_local.cloud import KEY, MOVIES, fingerprint

LIST = "/v2/vectordb/jobs/import/list"


async def test_lists_lag_while_reads_by_id_do_not() -> None:
    """Looking once, too early, would end in a second submission."""
    async with simulated() as (cloud, api):
        cloud.behave(list_lag_seconds=30)
        backup, films = (await api.back_up()).data, (await api.import_films()).data
        for seconds, listed in ((0, 0), (29, 0), (1, 1)):
            cloud.advance(seconds)
            assert (await api.post(LIST, {"clusterId": MOVIES})).data["count"] == listed
            assert (await api.get("/v2/backups")).data["count"] == listed
            assert (await api.get("/console/v1/jobs")).data["count"] == 2 * listed
            assert (await api.get(f"/v2/clusters/{MOVIES}/backups/{backup['backupId']}")).code == 0
            assert (await api.progress(films["jobId"])).code == 0


async def test_rows_move_between_pages() -> None:
    """One pass over the pages is no proof of absence."""
    async with simulated() as (cloud, api):
        cloud.behave(rows_move=True, requests_per_second=0)
        ids = {(await api.import_films()).data["jobId"] for _ in range(12)}
        passes = []
        for _ in range(6):
            seen: list[str] = []
            for current in range(1, 7):
                page = (await api.post(LIST, {"clusterId": MOVIES, "pageSize": 2, "currentPage": current})).data
                seen += [row["jobId"] for row in page["records"]]
            passes.append(seen)
        assert any(set(seen) != ids for seen in passes), "a pass misses a row"
        assert any(len(set(seen)) < len(seen) for seen in passes), "a pass sees a row twice"


async def test_count_can_mean_this_page() -> None:
    """The documentation says both; only a short page ends a list."""
    async with simulated() as (cloud, api):
        cloud.behave(count_of_page_only=True)
        for _ in range(3):
            await api.import_films()
        counts = [
            (await api.post(LIST, {"clusterId": MOVIES, "pageSize": 2, "currentPage": page})).data["count"]
            for page in (1, 2, 3)
        ]
        assert counts == [2, 1, 0]


async def test_finished_imports_are_forgotten_by_their_own_api_first() -> None:
    """An operator that slept too long must not report a finished job as never made."""
    async with simulated() as (cloud, api):
        cloud.behave(imports_forgotten_after_seconds=100)
        job_id = (await api.import_films()).data["jobId"]
        cloud.advance(60)
        assert (await api.progress(job_id)).data["state"] == "Completed"
        cloud.advance(100)
        assert (await api.progress(job_id)).code == 90144
        assert (await api.post(LIST, {"clusterId": MOVIES})).data["count"] == 0
        assert await api.status(job_id) == "SUCCESSFUL"
        cloud.behave(jobs_forgotten_after_seconds=100)
        assert (await api.get(f"/v2/jobs/{job_id}")).code == 90144


@pytest.mark.parametrize(
    ("skipped", "seen"),
    [
        (("PENDING",), ["IN_PROGRESS", "IN_PROGRESS", "SUCCESSFUL"]),
        (("IN_PROGRESS",), ["PENDING", "PENDING", "SUCCESSFUL"]),
        (("PENDING", "IN_PROGRESS"), ["SUCCESSFUL", "SUCCESSFUL", "SUCCESSFUL"]),
    ],
)
async def test_states_can_be_skipped(skipped: tuple[str, ...], seen: list[str]) -> None:
    """Polls are rarer than changes; no state is sure to be seen."""
    async with simulated() as (cloud, api):
        cloud.behave(skip_states=skipped)
        job_id = (await api.back_up()).data["jobId"]
        found = []
        for seconds in (0, 15, 15):
            cloud.advance(seconds)
            found.append(await api.status(job_id))
        assert found == seen


async def test_replica_can_be_missing() -> None:
    """As recorded in 2025."""
    async with simulated() as (cloud, api):
        cloud.behave(cluster_has_replica=False)
        assert not {"replica", "deploymentOption"} & set((await api.get(f"/v2/clusters/{MOVIES}")).data)


async def test_a_rival_makes_the_same_import_at_the_same_moment() -> None:
    """Two equal candidates: nothing may be claimed."""
    async with simulated() as (cloud, api):
        cloud.rival_on("import.create", when="before")
        ours = (await api.import_films(token="t")).data["jobId"]
        rival, mine = cloud.ledger.effects(kind="submit")
        assert (rival.client, rival.token, mine.client, mine.token) == ("rival", "", "api", "t")
        assert mine.job_id == ours != rival.job_id
        await api.import_films()
        assert len(cloud.ledger.effects(client="rival")) == 1, "an ambush is used up"


async def test_a_rival_backup_takes_our_place() -> None:
    """The one new backup in the list is then not ours."""
    async with simulated() as (cloud, api):
        cloud.rival_on("backup.create", when="before", client="console")
        assert (await api.back_up(token="t")).code == 40003
        assert [effect.client for effect in cloud.ledger.effects()] == ["console"]
        assert cloud.ledger.effects_per_token() == {}


@pytest.mark.parametrize("honoured", [False, True])
async def test_the_idempotency_key_is_recorded_and_honoured_on_request_only(honoured: bool) -> None:
    """Nothing says that the live service honours it; protection must not rest on it."""
    async with simulated() as (cloud, api):
        cloud.behave(honour_idempotency_key=honoured)
        ids = {(await api.import_films(token="same")).data["jobId"] for _ in range(3)}
        assert len(ids) == (1 if honoured else 3)
        assert cloud.ledger.effects_per_token() == {"same": len(ids)}
        assert len(cloud.ledger.requests(token="same")) == 3
        other = (await api.import_films(token="same", collectionName="actors")).data["jobId"]
        assert other not in ids, "a token counts per collection"
        cloud.advance(24 * 3600)
        assert (await api.import_films(token="same")).data["jobId"] not in ids


async def test_the_ledger_tells_who_did_what_but_never_the_key() -> None:
    """It is printed in test logs."""
    async with simulated() as (cloud, api):
        made = (await api.import_films(token="t", accessKey="AK-1", secretKey="SK-1")).data["jobId"]
        request, effect = cloud.ledger.entries
        assert (request.event, request.kind, request.outcome, request.job_id) == ("request", "submit", "0", made)
        assert (effect.event, effect.kind, effect.token, effect.job_id) == ("effect", "submit", "t", made)
        assert effect.target["clusterId"] == MOVIES
        assert effect.target["collection"] == "films"
        assert request.key == effect.key == fingerprint(KEY)
        dump = str([(await api.get(f"/_sim/{what}")).body for what in ("ledger", "state", "keys", "objects")])
        dump += repr(list(cloud.jobs.all()))
        assert not [secret for secret in (KEY, "AK-1", "SK-1") if f"'{secret}'" in dump]


async def test_twenty_requests_a_second_per_endpoint_in_real_time() -> None:
    """Documented. A speeded-up clock must not loosen it, nor one endpoint starve another."""
    async with simulated() as (cloud, api):
        cloud.advance(1000)
        began = time.monotonic()
        answers = await asyncio.gather(*(api.get(f"/v2/jobs/job-{number}") for number in range(200)))
        served = 20 + 20 * (time.monotonic() - began) + 1  # at most, however slow this machine is
        throttled = [answer for answer in answers if answer.http == 429]
        assert 200 - served <= len(throttled) <= 180
        assert {(answer.code, answer.headers["Retry-After"]) for answer in throttled} == {(429, "1")}
        assert "rate limit" in throttled[0].body["message"]
        assert cloud.stats.throttled == len(throttled)
        assert (await api.get("/v2/projects")).http == 200
        cloud.behave(requests_per_second=0)
        assert (await api.get("/v2/jobs/job-none")).http == 200
