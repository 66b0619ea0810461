"""The admin API, the simulator as a process, and its size: what the demo and other languages use."""

import asyncio
import json
import signal
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
from tests.wire.test_simulator_base import LOST, simulated

from zilliz_local.cloud import MOVIES, PROJECT, SHOP


async def test_the_index_lists_every_call_and_its_examples_are_json() -> None:
    """It is the manual at hand."""
    async with simulated() as (_, api):
        calls = (await api.get("/_sim")).body["calls"]
        assert {"GET /_sim/ledger", "POST /_sim/rival", "PATCH /_sim/jobs/{jobId}"} <= {c["call"] for c in calls}
        assert all(call["does"] for call in calls)
        for call in calls:
            for example in call.get("example", "{}").split(" or "):
                json.loads(example)


async def test_time_durations_and_switches_can_be_set_over_http() -> None:
    """The demo in a container has no Python access."""
    async with simulated() as (cloud, api):
        await api.call("PATCH", "/_sim/defaults", json={"backup": {"runSeconds": 100}, "cancelSeconds": 9})
        assert (cloud.world.durations.backup.run_seconds, cloud.world.durations.backup.pending_seconds) == (100, 2)
        await api.post("/_sim/next", {"type": "BACKUP", "runSeconds": 50, "failure": "disk full"})
        job_id = (await api.back_up()).data["jobId"]
        assert (await api.post("/_sim/clock", {"advance": 27})).body["now"] == 27
        assert await api.status(job_id) == "FAILED"
        await api.call("PATCH", "/_sim/behaviour", json={"listLagSeconds": 5})
        assert cloud.world.behaviour.list_lag_seconds == 5
        await api.call("PATCH", "/_sim/clock", json={"speed": 60})
        assert cloud.clock.speed == 60


async def test_a_misspelt_switch_is_an_error() -> None:
    """Else a test would pass because its fault never struck."""
    async with simulated() as (_, api):
        for method, path, body in (
            ("PATCH", "/_sim/behaviour", {"listLag": 5}),
            ("POST", "/_sim/faults", {"match": "*", "action": "explode"}),
            ("PATCH", "/_sim/defaults", {"backups": {}}),
        ):
            assert (await api.call(method, path, json=body)).http == 400
        assert (await api.get("/_sim/nothing")).http == 404
        assert (await api.call("DELETE", "/_sim/jobs/job-none")).http == 404


async def test_clusters_collections_objects_and_keys_can_be_made_over_http() -> None:
    """Every world a test needs can be built from outside."""
    async with simulated() as (cloud, api):
        await api.call("PUT", "/_sim/clusters/in01-new", json={"clusterName": "new", "cuSize": 4})
        await api.call("PUT", "/_sim/clusters/in01-new", json={"status": "STOPPED"})
        seen = (await api.get("/v2/clusters/in01-new")).data
        assert (seen["clusterName"], seen["cuSize"], seen["status"], seen["projectId"]) == (
            "new",
            4,
            "STOPPED",
            PROJECT,
        )
        await api.call("DELETE", "/_sim/clusters/in01-new")
        assert (await api.get("/v2/clusters/in01-new")).code == 40021
        await api.call("PUT", f"/_sim/clusters/{SHOP}/collections/books", json={})
        await api.call("PUT", "/_sim/objects", json={"url": "s3://b/a.json", "rows": 3})
        made = await api.import_films("s3://b/a.json", clusterId=SHOP, collectionName="books")
        cloud.advance(30)
        assert cloud.look(made.data["jobId"]).status == "SUCCESSFUL"
        await api.post("/_sim/keys", {"key": "k2", "projects": [PROJECT]})
        await api.post("/_sim/keys/revoke", {"key": "demo-key"})
        assert (await api.get("/v2/projects")).http == 401


async def test_a_job_can_be_forced_let_go_and_forgotten() -> None:
    """For states that are hard to reach by waiting."""
    async with simulated() as (cloud, api):
        job_id = (await api.back_up()).data["jobId"]
        await api.call("PATCH", f"/_sim/jobs/{job_id}", json={"status": "IN_PROGRESS", "progress": 77})
        cloud.advance(1000)
        assert (await api.get(f"/v2/jobs/{job_id}")).data["progress"] == "77"
        await api.call("PATCH", f"/_sim/jobs/{job_id}", json={"status": "FAILED", "reason": "disk full"})
        job = (await api.get(f"/v2/jobs/{job_id}")).data
        assert (job["status"], job["reason"], job["progress"]) == ("FAILED", "disk full", "77")
        await api.call("PATCH", f"/_sim/jobs/{job_id}", json={"status": None})
        assert await api.status(job_id) == "SUCCESSFUL"
        assert (await api.call("PATCH", f"/_sim/jobs/{job_id}", json={"status": "NONSENSE"})).http == 400
        await api.call("DELETE", f"/_sim/jobs/{job_id}")
        assert (await api.get(f"/v2/jobs/{job_id}")).code == 90144


async def test_many_imports_are_made_at_once_and_began_one_after_the_other() -> None:
    """Five thousand submissions at twenty a second would be four minutes of waiting before each measurement."""
    wanted = {"clusterId": MOVIES, "collection": "films", "url": "s3://demo-data/actors.json", "count": 250}
    async with simulated() as (cloud, api):
        made = (await api.post("/_sim/imports", wanted | {"runSeconds": 1000, "overSeconds": 500})).body["jobIds"]
        assert len(set(made)) == 250
        third = {"clusterId": MOVIES, "currentPage": 3, "pageSize": 100}
        page = (await api.post("/v2/vectordb/jobs/import/list", third)).data
        assert (page["count"], [row["jobId"] for row in page["records"]]) == (250, made[49::-1])
        assert {row["state"] for row in page["records"]} == {"InProgress"}
        assert [cloud.look(job_id).progress for job_id in (made[0], made[125], made[249])] == [49, 24, 0]
        assert cloud.ledger.entries == []
        assert (await api.post("/_sim/imports", wanted | {"clusterId": "in01-none"})).http == 404
        assert (await api.post("/_sim/imports", wanted | {"count": 0})).http == 400


async def test_many_jobs_change_their_state_at_one_moment_or_none_does() -> None:
    """A measurement that began with half of its changes would show half of the delay."""
    wanted = {"clusterId": MOVIES, "collection": "films", "url": "s3://demo-data/actors.json", "count": 3}
    async with simulated() as (cloud, api):
        one, two, three = (await api.post("/_sim/imports", wanted)).body["jobIds"]
        change = {"jobIds": [one, two], "status": "FAILED", "reason": "disk full"}
        assert (await api.call("PATCH", "/_sim/jobs", json=change)).body == {"changed": 2}
        assert [cloud.look(job).status for job in (one, two, three)] == ["FAILED", "FAILED", "IN_PROGRESS"]
        bad = {"jobIds": [three, "job-none"], "status": "FAILED"}
        assert (await api.call("PATCH", "/_sim/jobs", json=bad)).http == 404
        assert cloud.look(three).status == "IN_PROGRESS"
        assert (await api.call("PATCH", "/_sim/jobs", json={"status": "FAILED"})).http == 400


async def test_rivals_faults_outage_restart_and_reset_over_http() -> None:
    """The chaos of the end-to-end tests is made with these."""
    async with simulated() as (cloud, api):
        body = {"clusterId": MOVIES, "collectionName": "films", "objectUrls": [["s3://demo-data/actors.json"]]}
        path = "/v2/vectordb/jobs/import/create"
        now = await api.post("/_sim/rival", {"path": path, "body": body, "client": "console"})
        assert cloud.jobs.get(now.data["jobId"]) is not None
        await api.post("/_sim/rival", {"after": "import.create"})
        await api.import_films()
        assert [effect.client for effect in cloud.ledger.effects()] == ["console", "api", "rival"]
        rule = (await api.post("/_sim/faults", {"match": "job.*", "action": "status", "status": 502})).body["id"]
        assert (await api.get("/v2/jobs/x")).http == 502
        await api.call("DELETE", f"/_sim/faults/{rule}")
        await api.post("/_sim/down", {"down": True})
        with pytest.raises(LOST):
            await api.get("/v2/jobs/x")
        assert (await api.get("/_sim/health")).body["down"] is True
        await api.call("DELETE", "/_sim/faults")
        assert (await api.post("/_sim/restart")).body == {"ok": True}
        await asyncio.sleep(0.1)
        assert len(cloud.jobs) == 3
        assert (await api.get("/_sim/stats")).body["byAnswer"]["job.get dropped"] >= 1
        await api.post("/_sim/reset")
        assert len(cloud.jobs) == 0


@contextmanager
def counted_calls() -> Iterator[Counter[str]]:
    """The calls of functions in this thread, by Python and into C: the same on a fast machine and on a slow one."""
    found: Counter[str] = Counter()

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        if event in ("call", "c_call"):
            found[event] += 1

    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(None)


async def test_ten_thousand_idle_jobs_cost_next_to_nothing() -> None:
    """The scale test of the operator must measure the operator."""
    async with simulated() as (cloud, api):
        body: dict[str, object] = {
            "clusterId": MOVIES, "collectionName": "films", "objectUrls": [["s3://demo-data/actors.json"]]
        }  # fmt: skip
        for _ in range(10_000):
            cloud.act_as("rival", "POST", "/v2/vectordb/jobs/import/create", body)
        cloud.advance(3600)
        with counted_calls() as calls:
            for page in range(1, 11):
                found = (await api.get("/console/v1/jobs", pageSize=100, currentPage=page)).data
                assert (found["count"], len(found["jobs"])) == (10_000, 100)
        assert calls.total() < 10 * 10 * 10_000, (
            f"calls of functions for each job and page: {calls.total() / 100_000:.1f}"
        )


async def test_it_runs_as_a_process_and_ends_cleanly(tmp_path: Path) -> None:
    """`zilliz-jobs demo` starts it so and waits for the file."""
    url_file = tmp_path / "url"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-m", "zilliz_local.cloud", "--speed", "10", "--key", "s3cr3t-key",
        "--url-file", str(url_file), "--verbose",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2] / "operator",
    )  # fmt: skip
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    url = url_file.read_text()
    assert url in line
    request = urllib.request.Request(f"{url}/v2/projects", headers={"Authorization": "Bearer s3cr3t-key"})
    body = await asyncio.to_thread(lambda: json.load(urllib.request.urlopen(request)))
    assert body["code"] == 0
    process.send_signal(signal.SIGTERM)
    out, err = await process.communicate()
    assert process.returncode == 0
    assert b"GET /v2/projects" in err
    assert b"s3cr3t-key" not in line.encode() + out + err
