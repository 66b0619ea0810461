"""Imports on the simulated cloud, by API v2 and v1: files, progress, what is told and what is not."""

import pytest
from tests.wire.test_simulator_base import simulated

from zilliz_local.cloud import MOVIES, PROJECT, Duration, StoredObject

LIST = "/v2/vectordb/jobs/import/list"
V1 = "/v1/vector/collections/import"


async def test_an_import_reads_a_folder_file_by_file() -> None:
    """The status shows progress per file; that is what a user watches for hours."""
    async with simulated() as (cloud, api):
        cloud.pace(import_=Duration(pending_seconds=0, run_seconds=120))
        job_id = (await api.import_films()).data["jobId"]
        cloud.advance(70)  # of 120 MB, one MB a second: the second of three files
        seen = (await api.progress(job_id)).data
        assert (seen["state"], seen["progress"]) == ("Importing", 58)
        assert [(file["fileName"], file["state"], file["progress"]) for file in seen["details"]] == [
            ("part-1.parquet", "Completed", 100),
            ("part-2.parquet", "Importing", 42),
            ("part-3.parquet", "Pending", 0),
        ]
        assert seen["completeTime"] == ""
        cloud.advance(50)
        done = (await api.progress(job_id)).data
        assert (done["state"], done["progress"], done["totalRows"]) == ("Completed", 100, 300_000)
        assert done["completeTime"] == cloud.clock.stamp(120)


async def test_all_three_spellings_of_progress_answer_alike() -> None:
    """Clients differ in the spelling they use."""
    async with simulated() as (_, api):
        job_id = (await api.import_films()).data["jobId"]
        answers = [(await api.progress(job_id, name)).data for name in ("describe", "get_progress", "getProgress")]
        assert answers[0] == answers[1] == answers[2]


async def test_the_three_reads_use_three_words_for_running() -> None:
    """A documented contradiction an operator must read as one state."""
    async with simulated() as (cloud, api):
        job_id = (await api.import_films()).data["jobId"]
        cloud.advance(3)
        assert (await api.progress(job_id)).data["state"] == "Importing"
        assert (await api.post(LIST, {"clusterId": MOVIES})).data["records"][0]["state"] == "InProgress"
        assert await api.status(job_id) == "IN_PROGRESS"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("s3://demo-data/broken/films.parquet", "dimension of field"),
        ("s3://demo-data/missing.parquet", "does not exist"),
        ("s3://demo-data/empty-folder/", "does not exist"),
        ("s3://private/a.parquet", "access denied"),
    ],
)
async def test_a_bad_file_fails_the_job_and_is_named(url: str, words: str) -> None:
    """Out of a thousand files the user must learn which one to mend."""
    async with simulated() as (cloud, api):
        cloud.put_object("s3://private/a.parquet", access_key="AK", secret_key="SK")
        job_id = (await api.import_films("s3://demo-data/actors.json", url, accessKey="AK", secretKey="no")).data[
            "jobId"
        ]
        cloud.advance(60)
        seen = (await api.progress(job_id)).data
        assert seen["state"] == "Failed"
        assert words in seen["reason"]
        assert url in seen["reason"]
        assert [file["state"] for file in seen["details"]] == ["Completed", "Failed"]
        assert (await api.get(f"/v2/jobs/{job_id}")).data["reason"] == seen["reason"]


@pytest.mark.parametrize(("token", "state"), [("short-lived", "Completed"), ("another", "Failed"), ("", "Failed")])
async def test_a_file_may_want_a_short_term_token(token: str, state: str) -> None:
    """Else nobody would notice a client that drops it."""
    async with simulated() as (cloud, api):
        cloud.put_object("gs://private/a.parquet", token="short-lived")
        body = {"clusterId": MOVIES, "collectionName": "films", "objectUrls": [["gs://private/a.parquet"]]}
        job_id = (await api.post("/v2/vectordb/jobs/import/create", body | {"token": token})).data["jobId"]
        cloud.advance(60)
        assert (await api.progress(job_id)).data["state"] == state


async def test_right_credentials_and_declared_prefixes_let_files_in() -> None:
    """So a test can use any URL it likes."""
    async with simulated() as (cloud, api):
        cloud.put_object("s3://private/a.parquet", access_key="AK", secret_key="SK")
        cloud.objects.put_prefix("s3://anything/", StoredObject(rows=7))
        urls = ("s3://private/a.parquet", "s3://anything/at/all.json")
        job_id = (await api.import_films(*urls, accessKey="AK", secretKey="SK")).data["jobId"]
        cloud.advance(60)
        assert (await api.progress(job_id)).data["state"] == "Completed"


async def test_fields_that_are_null_or_empty_count_as_absent() -> None:
    """A recorded client always sends every field."""
    async with simulated() as (_, api):
        unused = {
            "files": None,
            "objectUrl": "",
            "projectId": "",
            "volumeName": None,
            "dataPaths": None,
            "options": {},
        }
        assert (await api.import_films(partitionName="", token="", **unused)).code == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"clusterId": ""}, 90104),
        ({"clusterId": "in01-none"}, 40021),
        ({"collectionName": "nope"}, 47005),
        ({"collectionName": ""}, 400),
        ({"objectUrls": None}, 90142),
        ({"objectUrls": [["s3://a", "s3://b"]]}, 400),
        ({"objectUrls": [["no-scheme"]]}, 10003),
        ({"objectUrls": None, "objectUrl": "s3://demo-data/actors.json"}, 0),
        ({"objectUrls": None, "volumeName": "demo-volume", "dataPaths": [["actors.json"]]}, 0),
        ({"clusterId": None, "projectId": PROJECT, "regionId": "aws-us-west-2"}, 0),
    ],
)
async def test_the_imports_request_is_checked(change: dict[str, object], code: int) -> None:
    """What can never work is refused before anything starts."""
    async with simulated() as (cloud, api):
        assert (await api.import_films(**change)).code == code
        assert len(cloud.ledger.effects()) == (code == 0)


async def test_an_import_is_known_only_under_its_cluster() -> None:
    """90144 is documented for a job id under the wrong cluster."""
    async with simulated() as (_, api):
        made = (await api.back_up()).data["jobId"]
        assert (await api.progress(made)).code == 90144
        assert (await api.progress("job-none")).code == 90144
        assert (await api.post("/v2/vectordb/jobs/import/describe", {"jobId": made})).code == 90104


async def test_the_list_tells_three_fields_and_pages() -> None:
    """No times, no file names: that is all a look-up has."""
    async with simulated() as (cloud, api):
        ids = []
        for _ in range(5):
            ids.append((await api.import_films()).data["jobId"])
            cloud.advance(1)
        page = (await api.post(LIST, {"clusterId": MOVIES, "pageSize": 2, "currentPage": 2})).data
        assert (page["count"], page["currentPage"], page["pageSize"]) == (5, 2, 2)
        assert [row["jobId"] for row in page["records"]] == [ids[2], ids[1]]
        assert set(page["records"][0]) == {"collectionName", "jobId", "state"}


async def test_too_many_unfinished_imports_of_a_collection_are_refused() -> None:
    """Documented: ten thousand."""
    async with simulated() as (cloud, api):
        cloud.behave(max_unfinished_imports_per_collection=2)
        codes = [(await api.import_films()).code for _ in range(3)]
        assert codes == [0, 0, 47039]
        cloud.advance(100)
        assert (await api.import_films()).code == 0


async def test_v1_answers_with_code_200_floats_and_nulls() -> None:
    """The old API is still in use, and its reader must not choke on null."""
    async with simulated() as (cloud, api):
        body = {"clusterId": MOVIES, "collectionName": "actors", "objectUrl": "s3://demo-data/actors.json"}
        made = await api.post(V1, body)
        assert made.body["code"] == 200
        cloud.advance(3)
        query = {"clusterId": MOVIES, "jobId": made.data["jobId"]}
        seen = (await api.get(f"{V1}/get", **query)).data
        assert 0 < seen["readyPercentage"] < 1
        assert (seen["completeTime"], seen["errorMessage"]) == (None, None)
        cloud.advance(30)
        seen = (await api.get(f"{V1}/get", **query)).data
        ended = cloud.clock.stamp(cloud.look(made.data["jobId"]).ended_at)
        assert (seen["readyPercentage"], seen["completeTime"]) == (1.0, ended)


async def test_the_v1_list_is_served_in_both_of_its_forms() -> None:
    """Schema and example contradict each other; a client must read both."""
    async with simulated() as (cloud, api):
        await api.import_films()
        old = (await api.get(f"{V1}/list", clusterId=MOVIES, pageSize="10", currentPage="1")).data
        assert (old["count"], old["records"][0]["state"]) == ("1", "ImportRunning")
        cloud.behave(v1_items_key="tasks", v1_numbers_as_strings=False)
        new = (await api.get(f"{V1}/list", clusterId=MOVIES)).data
        assert (new["count"], new["tasks"]) == (1, old["records"])
