"""What the vendor's own clients ask for beside jobs, and how it is refused: two-phase imports, projects, regions,
volumes, labels, the policy of backups, bad keys."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from tests.wire.test_simulator_base import Answer, Api, simulated

from zilliz_local.cloud import MOVIES, PROJECT, CloudSimulator

IMPORT = "/v2/vectordb/jobs/import"


async def two_phase(cloud: CloudSimulator, api: Api, value: Any = False) -> dict[str, str]:
    made = await api.import_films(options={"auto_commit": value})
    cloud.advance(60)
    return {"jobId": made.data["jobId"], "clusterId": MOVIES}


async def state(api: Api, job: dict[str, str]) -> tuple[str, str]:
    """By its own read, and by the generic one."""
    told = (await api.post(f"{IMPORT}/describe", job)).data
    return told["state"], (await api.get(f"/v2/jobs/{job['jobId']}")).data["status"]


class TestTwoPhases:
    @pytest.mark.parametrize("value", [False, "false", "False"])
    async def test_its_data_are_in_and_it_waits_until_it_is_committed(self, value: Any) -> None:
        async with simulated() as (cloud, api):
            job = await two_phase(cloud, api, value)
            assert await state(api, job) == ("Uncommitted", "IN_PROGRESS")
            assert (await api.post(f"{IMPORT}/commit", job)).code == 0
            assert await state(api, job) == ("Completed", "SUCCESSFUL")
            assert (await api.post(f"{IMPORT}/commit", job)).code == 0, "once more changes nothing"
            assert (await api.post(f"{IMPORT}/abort", job)).code == 1100, "too late"
            assert len(cloud.ledger.effects(kind="commit")) == 1

    async def test_an_abort_fails_it_and_may_be_repeated(self) -> None:
        async with simulated() as (cloud, api):
            job = await two_phase(cloud, api)
            for _ in range(2):
                assert (await api.post(f"{IMPORT}/abort", job)).code == 0
            assert await state(api, job) == ("Failed", "FAILED")
            assert (await api.post(f"{IMPORT}/commit", job)).code == 1100
            assert len(cloud.ledger.effects(kind="abort")) == 1

    async def test_one_that_commits_by_itself_has_neither(self) -> None:
        """Milvus refuses it; an operator that took abort for a cancel would be wrong."""
        async with simulated() as (_, api):
            made = await api.import_films(options={"timeout": "300s"})
            job = {"jobId": made.data["jobId"], "clusterId": MOVIES}
            for verb in ("commit", "abort"):
                assert (await api.post(f"{IMPORT}/{verb}", job)).code == 1100

    async def test_it_cannot_be_committed_before_its_data_are_in(self) -> None:
        async with simulated() as (_, api):
            made = await api.import_films(options={"auto_commit": False})
            job = {"jobId": made.data["jobId"], "clusterId": MOVIES}
            assert (await api.post(f"{IMPORT}/commit", job)).code == 1100
            assert (await api.post(f"{IMPORT}/abort", job)).code == 0

    @pytest.mark.parametrize(
        ("body", "code"),
        [({}, 400), ({"jobId": "job-none", "clusterId": MOVIES}, 90144), ({"jobId": "job-none"}, 90104)],
    )
    async def test_an_unknown_job_is_refused(self, body: dict[str, str], code: int) -> None:
        async with simulated() as (_, api):
            assert (await api.post(f"{IMPORT}/commit", body)).code == code

    async def test_a_word_that_is_no_answer_is_refused(self) -> None:
        async with simulated() as (_, api):
            assert (await api.import_films(options={"auto_commit": "perhaps"})).code == 400


async def test_files_with_urls_are_another_word_for_object_urls() -> None:
    """The vendor's command line sends them so; paths without a place are open-source Milvus' alone."""
    async with simulated() as (_, api):
        into = {"clusterId": MOVIES, "collectionName": "films"}
        assert (await api.post(f"{IMPORT}/create", into | {"files": [["s3://demo-data/actors.json"]]})).code == 0
        assert (await api.post(f"{IMPORT}/create", into | {"files": [["folder/1.parquet"]]})).code == 10003


async def test_a_project_is_read_by_its_id() -> None:
    async with simulated() as (_, api):
        assert (await api.get(f"/v2/projects/{PROJECT}")).data == (await api.get("/v2/projects")).data[0]
        assert (await api.get("/v2/projects/proj-none")).code == 80014


async def test_volumes_have_a_life() -> None:
    async with simulated() as (_, api):
        wanted = {"projectId": PROJECT, "regionId": "aws-us-west-2", "volumeName": "v"}
        assert (await api.post("/v2/volumes/create", wanted)).code == 0
        assert (await api.post("/v2/volumes/create", wanted)).code == 400, "the name is taken"
        assert (await api.get("/v2/volumes/v")).data["type"] == "MANAGED"
        rows = (await api.get("/v2/volumes", projectId=PROJECT)).data["volumes"]
        assert {row["volumeName"] for row in rows} == {"demo-volume", "v"}
        applied = (await api.post("/v2/volumes/apply", {"clusterId": MOVIES, "path": "backup/"})).data
        assert set(applied["credentials"]) == {"tmpAK", "tmpSK", "sessionToken", "expireTime"}
        assert (await api.call("DELETE", "/v2/volumes/v")).code == 0
        assert (await api.get("/v2/volumes/v")).code == 63240


async def test_labels_are_replaced_as_a_whole() -> None:
    async with simulated() as (_, api):
        path = f"/v2/clusters/{MOVIES}/labels"
        await api.call("PUT", path, json={"labels": {"team": "search", "env": "prod"}})
        await api.call("PUT", path, json={"labels": {"team": "films"}})
        assert (await api.get(path)).data == {"labels": {"team": "films"}}


async def test_the_policy_of_backups_is_no_backup() -> None:
    """Its path looks like that of a backup named policy."""
    async with simulated() as (_, api):
        path = f"/v2/clusters/{MOVIES}/backups/policy"
        assert (await api.get(path)).data["status"] == "DISABLED"
        on = {"enabled": True, "frequency": "1,5", "startTime": "02:00-04:00", "retentionDays": 7}
        copies = [{"regionId": "aws-us-east-1", "retentionDays": 3}]
        assert (await api.post(path, on | {"crossRegionCopies": copies})).data["status"] == "ENABLED"
        assert (await api.get(path)).data["crossRegionCopies"][0]["region"] == "us-east-1"
        for wrong in ({"frequency": "8"}, {"startTime": "2"}, {"retentionDays": 31}, {"enabled": "yes"}):
            assert (await api.post(path, on | wrong)).code == 400, wrong


@pytest.mark.parametrize(
    ("path", "header", "http", "code"),
    [
        ("/v1/vector/collections/import/list", "Bearer nobody-knows-it", 200, 80002),
        ("/v1/vector/collections/import/list", "Bearer", 200, 80001),
        ("/v1/vector/collections/import/list", "Bearer two words", 200, 80001),
        ("/v1/vector/collections/import/list", "Basic abc", 200, 80001),
        ("/v2/clusters", "Bearer nobody-knows-it", 401, 21119),
        ("/v2/clusters", "Basic abc", 401, 21119),
    ],
)
async def test_a_bad_key_is_told_as_each_api_tells_it(path: str, header: str, http: int, code: int) -> None:
    async with (
        simulated() as (cloud, _),
        aiohttp.ClientSession(cloud.url, headers={"Authorization": header}) as session,
        session.get(path, params={"clusterId": MOVIES}) as answer,
    ):
        told = Answer(answer.status, await answer.json(), answer.headers)
        assert (told.http, told.code) == (http, code)
