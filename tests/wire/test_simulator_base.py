"""The simulated cloud as every client meets it: address, key, envelope, clock. And the client of these tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

from zilliz_local.cloud import KEY, MOVIES, PROJECT, Clock, CloudSimulator, ManualClock

LOST = aiohttp.ClientError
"""What a client sees when the connection is closed instead of an answer."""


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    http: int
    body: Any
    headers: Any

    @property
    def code(self) -> int:
        return int(self.body["code"])

    @property
    def data(self) -> Any:
        assert self.code in (0, 200), self.body
        return self.body["data"]


class Api:
    """A bare client: no retries, no opinions."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def get(self, path: str, **query: Any) -> Answer:
        return await self.call("GET", path, params=query)

    async def post(self, path: str, body: dict[str, Any] | None = None, *, token: str = "") -> Answer:
        headers = {"Idempotency-Key": token} if token else {}
        return await self.call("POST", path, json=body or {}, headers=headers)

    async def call(self, method: str, path: str, **more: Any) -> Answer:
        async with self._session.request(method, path, **more) as answer:
            return Answer(answer.status, await answer.json(), answer.headers)

    # --- the two submissions that most tests make

    async def back_up(self, cluster: str = MOVIES, *, token: str = "", **more: Any) -> Answer:
        path = f"/v2/clusters/{cluster}/backups/create"
        return await self.post(path, {"backupType": "CLUSTER"} | more, token=token)

    async def import_films(self, *urls: str, token: str = "", **more: Any) -> Answer:
        sources = [[url] for url in urls or ("s3://demo-data/films/",)]
        body = {"clusterId": MOVIES, "collectionName": "films", "objectUrls": sources} | more
        return await self.post("/v2/vectordb/jobs/import/create", body, token=token)

    async def progress(self, job_id: str, spelling: str = "describe") -> Answer:
        return await self.post(f"/v2/vectordb/jobs/import/{spelling}", {"jobId": job_id, "clusterId": MOVIES})

    async def status(self, job_id: str) -> str:
        return str((await self.get(f"/v2/jobs/{job_id}")).data["status"])


@asynccontextmanager
async def simulated(key: str = KEY, **more: Any) -> AsyncIterator[tuple[CloudSimulator, Api]]:
    """A cloud whose clock stands still, and a client of it."""
    async with CloudSimulator(clock=ManualClock(), **more) as cloud:
        headers = {"Authorization": f"Bearer {key}"}
        async with aiohttp.ClientSession(cloud.url, headers=headers) as session:
            yield cloud, Api(session)


async def test_a_newcomer_finds_one_project_and_two_running_clusters() -> None:
    """Else the quick start has nothing to work on."""
    async with simulated() as (_, api):
        projects = (await api.get("/v2/projects")).data
        assert [project["projectId"] for project in projects] == [PROJECT]
        clusters = (await api.get("/v2/clusters", pageSize=10, currentPage=1)).data
        assert clusters["count"] == 2
        assert {cluster["status"] for cluster in clusters["clusters"]} == {"RUNNING"}
        one = (await api.get(f"/v2/clusters/{MOVIES}")).data
        assert (one["clusterName"], one["cuSize"], one["replica"]) == ("movies", 2, 1)


@pytest.mark.parametrize("key", ["wrong", "", " "])
async def test_a_bad_key_is_http_401_with_the_recorded_code(key: str) -> None:
    """Else an operator would treat a revoked key as a fault of the job."""
    async with simulated(key) as (_, api):
        answer = await api.get("/v2/projects")
        assert (answer.http, answer.code) == (401, 21119)


async def test_a_revoked_key_stops_working_and_a_new_one_works() -> None:
    """Else key rotation could not be tried out."""
    async with simulated() as (cloud, api):
        cloud.world.keys.revoke(KEY)
        assert (await api.get("/v2/projects")).http == 401
        cloud.world.keys.add(KEY)
        assert (await api.get("/v2/projects")).http == 200


async def test_a_key_of_another_project_sees_nothing_here() -> None:
    """Else a connection to the wrong project would look healthy."""
    async with simulated("stranger") as (cloud, api):
        cloud.world.keys.add("stranger", frozenset({"proj-other"}))
        assert (await api.get("/v2/projects")).data == []
        assert (await api.get(f"/v2/clusters/{MOVIES}")).code == 40022
        job_id = cloud.act_as("console", "POST", f"/v2/clusters/{MOVIES}/backups/create", {"backupType": "CLUSTER"})[
            "data"
        ]["jobId"]
        assert (await api.get(f"/v2/jobs/{job_id}")).code == 90144


async def test_business_errors_travel_as_http_200() -> None:
    """Recorded from the live service; a client that looks at the HTTP status only would miss them."""
    async with simulated() as (_, api):
        for path, code in [("/v2/jobs/job-none", 90144), ("/v2/clusters/in01-none", 40021)]:
            answer = await api.get(path)
            assert (answer.http, answer.code) == (200, code)
            assert answer.body["message"]


async def test_an_unknown_endpoint_is_http_404() -> None:
    """Clients fall back between spellings of a path on 404."""
    async with simulated() as (_, api):
        assert (await api.get("/v2/nothing")).http == 404


async def test_every_answer_has_the_clouds_date_and_a_request_id() -> None:
    """The operator compares times with the cloud's clock only, which it reads from Date."""
    async with simulated() as (cloud, api):
        first = await api.get("/v2/projects")
        cloud.advance(60)
        second = await api.get("/v2/jobs/job-none")
        dates = [parsedate_to_datetime(answer.headers["Date"]) for answer in (first, second)]
        assert (dates[1] - dates[0]).total_seconds() == 60
        assert first.headers["requestid"] != second.headers["requestid"]


async def test_the_date_can_be_skewed() -> None:
    """Else nobody would notice code that mixes the cloud's clock with its own."""
    async with simulated() as (cloud, api):
        cloud.behave(date_skew_seconds=-7200)
        seen = parsedate_to_datetime((await api.get("/v2/projects")).headers["Date"])
        assert (cloud.clock.wall() - seen).total_seconds() == 7200


async def test_a_body_that_is_not_json_is_refused_without_an_effect() -> None:
    """Else a broken client would start work by accident."""
    async with simulated() as (cloud, api):
        answer = await api.call("POST", f"/v2/clusters/{MOVIES}/backups/create", data=b"{nonsense")
        assert answer.code == 400
        assert not cloud.ledger.effects()


async def test_two_clouds_live_side_by_side() -> None:
    """Tests run in parallel and must not see one another's jobs."""
    async with simulated() as (first, api), simulated() as (second, _):
        await api.back_up()
        assert (len(first.jobs), len(second.jobs)) == (1, 0)


async def test_the_running_clock_runs_at_its_speed() -> None:
    """Else the quick start's ten-fold speed would be a promise only."""
    real = [100.0]
    clock = Clock(10, real=lambda: real[0])
    real[0] += 3
    assert clock.now() == 30
    clock.set_speed(0)
    real[0] += 5
    clock.advance(1)
    assert clock.now() == 31
