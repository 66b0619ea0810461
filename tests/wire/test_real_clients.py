"""The vendor's own clients against the simulated cloud: pymilvus' bulk functions and zilliz-cli. A simulator that
they cannot use is no proof of anything that the operator does with it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from tests.wire.clients import ClientsMissingError, bulk, cli, client_python

from zilliz_local.cloud import KEY, MOVIES, PROJECT, SHOP, CloudSimulator

pytestmark = pytest.mark.timeout(400)

FILMS = "s3://demo-data/films/part-1.parquet"
HERE = {"cluster_id": MOVIES, "api_key": KEY}
INTO: dict[str, Any] = {**HERE, "collection_name": "films", "object_urls": [[FILMS]]}
TWO_PHASE = {"options": {"auto_commit": "false"}}


@pytest.fixture
async def cloud(cloud: CloudSimulator) -> CloudSimulator:
    """The same, and it listens."""
    await cloud.start()
    return cloud


@pytest.fixture(scope="module")
def python() -> Path:
    try:
        return client_python()
    except ClientsMissingError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


class TestPymilvus:
    async def test_an_import_is_made_followed_and_listed(self, cloud: CloudSimulator, python: Path) -> None:
        url = {"url": cloud.url}
        look = {**HERE, **url, "job_id": "<last job>"}
        made, seen = await bulk(python, ("bulk_import", INTO | url), ("get_import_progress", look))
        assert seen["data"]["jobId"] == made["data"]["jobId"]
        cloud.advance(60)
        listed, *_ = await bulk(python, ("list_import_jobs", HERE | url | {"collection_name": "films"}))
        assert [row["state"] for row in listed["data"]["records"]] == ["Completed"]

    async def test_a_volume_and_a_project_are_targets_too(self, cloud: CloudSimulator, python: Path) -> None:
        volume = {"volume_name": "demo-volume", "data_paths": [["films/part-1.parquet"]]}
        on_demand = {"api_key": KEY, "project_id": PROJECT, "region_id": "aws-us-west-2", "collection_name": "c"}
        told = await bulk(
            python,
            ("bulk_import", {**HERE, **volume, "collection_name": "films", "url": cloud.url}),
            ("bulk_import", {**on_demand, "object_urls": [[FILMS]], "url": cloud.url}),
        )
        assert all(answer["data"]["jobId"] for answer in told), told

    async def test_an_import_in_two_phases_waits_for_its_commit(self, cloud: CloudSimulator, python: Path) -> None:
        made, *_ = await bulk(python, ("bulk_import", INTO | TWO_PHASE | {"url": cloud.url}))
        look = {**HERE, "url": cloud.url, "job_id": made["data"]["jobId"]}
        cloud.advance(60)
        seen, *_ = await bulk(python, ("get_import_progress", look))
        assert seen["data"]["state"] == "Uncommitted"

    async def test_no_release_commits_or_aborts_an_import_yet(self, cloud: CloudSimulator, python: Path) -> None:
        """When one does, these calls of the simulator are to be proven with it, and CONTRIBUTING.md tells less."""
        look = {**HERE, "url": cloud.url, "job_id": "job-none"}
        told = await bulk(python, ("commit_import", look), ("abort_import", look))
        assert ["has no attribute" in answer["error"] for answer in told] == [True, True]

    async def test_what_the_cloud_refuses_is_refused(self, cloud: CloudSimulator, python: Path) -> None:
        none = {**HERE, "collection_name": "films", "url": cloud.url}
        told = await bulk(
            python,
            ("bulk_import", none),
            ("bulk_import", none | {"files": [["parquet-folder/1.parquet"]]}),
            ("bulk_import", INTO | {"url": cloud.url, "api_key": "wrong"}),
            ("get_import_progress", {**HERE, "url": cloud.url, "job_id": "job-none"}),
        )
        codes = ["90142", "10003", "21119", "90144"]
        assert [code for code, answer in zip(codes, told, strict=True) if code not in answer.get("error", "")] == [
            # pymilvus tells only the HTTP status of an answer that is not 200
            "21119"
        ]
        assert "error" in told[2]
        assert not cloud.ledger.effects()


class TestCommandLine:
    async def ask(self, cloud: CloudSimulator, python: Path, home: Path, *words: str, key: str = KEY) -> Any:
        code, told = await cli(python, cloud.url, home, *words, key=key)
        assert code == 0, (words, told)
        return told

    async def test_what_it_can_read_is_served(self, cloud: CloudSimulator, python: Path, tmp_path: Path) -> None:
        shown = await self.ask(cloud, python, tmp_path, "project", "describe", "--project-id", PROJECT)
        assert shown["projectId"] == PROJECT
        regions = await self.ask(cloud, python, tmp_path, "cluster", "regions", "--cloud-id", "aws")
        assert {row["regionId"] for row in regions} == {"aws-us-west-2", "aws-us-east-1"}
        volumes = await self.ask(cloud, python, tmp_path, "volume", "list", "--project-id", PROJECT)
        assert "demo-volume" in str(volumes)

    async def test_a_volume_is_made_and_removed(self, cloud: CloudSimulator, python: Path, tmp_path: Path) -> None:
        where = ("--project-id", PROJECT, "--region", "aws-us-west-2", "--name", "v1")
        await self.ask(cloud, python, tmp_path, "volume", "create", *where)
        assert "v1" in cloud.world.volumes
        await self.ask(cloud, python, tmp_path, "volume", "delete", "--name", "v1", "--yes")
        assert "v1" not in cloud.world.volumes

    async def test_a_backup_goes_back_into_clusters(
        self, cloud: CloudSimulator, python: Path, tmp_path: Path
    ) -> None:
        """Its words for collectionStatus are others than those of the pages."""
        of = ("--cluster-id", MOVIES)
        made = await self.ask(cloud, python, tmp_path, "backup", "create", *of, "--backup-type", "CLUSTER")
        cloud.advance(60)
        by = (*of, "--backup-id", made["backupId"])
        one = await self.ask(cloud, python, tmp_path, "backup", "restore-collection", *by, "--dest-cluster-id", SHOP)
        new = ("--project-id", PROJECT, "--name", "again", "--cu-size", "1", "--collection-status", "NOT_LOADED")
        other = await self.ask(cloud, python, tmp_path, "backup", "restore-cluster", *by, *new)
        cloud.advance(100)
        for job in (one, other):
            seen = await self.ask(cloud, python, tmp_path, "job", "describe", "--job-id", job["jobId"])
            assert "SUCCESSFUL" in str(seen)

    async def test_the_policy_of_backups_is_kept(self, cloud: CloudSimulator, python: Path, tmp_path: Path) -> None:
        of = ("--cluster-id", MOVIES)
        days = ("--auto-backup", "true", "--frequency", "1,3,5", "--start-time", "03:00", "--retention-days", "14")
        await self.ask(cloud, python, tmp_path, "backup", "update-policy", *of, *days)
        shown = await self.ask(cloud, python, tmp_path, "backup", "describe-policy", *of)
        assert (shown["status"], shown["frequency"], shown["retentionDays"]) == ("ENABLED", "1,3,5", 14)
        await self.ask(cloud, python, tmp_path, "backup", "update-policy", *of, "--auto-backup", "false")
        shown = await self.ask(cloud, python, tmp_path, "backup", "describe-policy", *of)
        assert shown["status"] == "DISABLED"

    async def test_its_own_example_of_an_import_is_taken(
        self, cloud: CloudSimulator, python: Path, tmp_path: Path
    ) -> None:
        into = ("--cluster-id", MOVIES, "--collection", "films", "--body", f'{{"files": [["{FILMS}"]]}}')
        made = await self.ask(cloud, python, tmp_path, "import", "start", *into)
        look = ("--cluster-id", MOVIES, "--job-id", made["jobId"])
        assert await self.ask(cloud, python, tmp_path, "import", "status", *look)

    async def test_a_wrong_key_is_told_as_one(self, cloud: CloudSimulator, python: Path, tmp_path: Path) -> None:
        code, told = await cli(python, cloud.url, tmp_path, "cluster", "list", key="wrong")
        assert code != 0
        assert "Check your API Key" in str(told)
