"""Odd answers: each switch changes what it says, and nothing else. If these fail, a test that asks for one proves
nothing."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from tests.wire.test_simulator_base import simulated

from zilliz_local import cloud as simulator
from zilliz_local.cloud import MOVIES
from zilliz_local.cloud.oddities import CATALOGUE, answered, asked

ROW = {
    "jobId": "job-1",
    "collectionName": "films\u00e9",
    "state": "InProgress",
    "type": "IMPORT",
    "progress": 40,
    "startTime": "2026-03-01T10:00:00Z",
    "fileName": "a/b.parquet",
    "reason": "disk full",
    "regionId": "aws-us-west-2",
    "description": "of last year",
}
SECOND = ROW | {"jobId": "job-2", "state": "Failed"}
BODY: dict[str, Any] = {
    "code": 0,
    "data": {"count": 2, "currentPage": 1, "pageSize": 100, "records": [ROW, SECOND]},
}
ASKED: dict[str, object] = {
    "dbName": "archive",
    "collectionName": "films",
    "type": "IMPORT",
    "status": "FAILED",
    "creationMethod": "MANUAL",
    "backupType": "CLUSTER",
    "pageSize": 100,
    "currentPage": 2,
}
SAYS: dict[str, Any] = {
    "files_in_brackets": {"fileName": "[a/b.parquet]"},
    "files_quoted": {"fileName": "'a/b.parquet'"},
    "files_bare": {"fileName": "b.parquet"},
    "files_staged": {"fileName": "staging/7f3a/a/b.parquet"},
    "files_upper": {"fileName": "A/B.PARQUET"},
    "files_escaped": {"fileName": "a%2Fb.parquet"},
    "names_upper": {"collectionName": "FILMS\u00c9"},
    "names_padded": {"collectionName": " films\u00e9 "},
    "names_qualified": {"collectionName": "default.films\u00e9"},
    "names_decomposed": {"collectionName": "filmse\u0301"},
    "regions_plain": {"regionId": "us-west-2"},
    "regions_upper": {"regionId": "AWS-US-WEST-2"},
    "descriptions_upper": {"description": "OF LAST YEAR"},
    "descriptions_cut": {"description": "of last "},
    "descriptions_null": {"description": None},
    "states_lower": {"state": "in_progress"},
    "states_prefixed": {"state": "STATUS_IN_PROGRESS"},
    "types_lower": {"type": "import"},
    "types_prefixed": {"type": "JOB_TYPE_IMPORT"},
    "times_zero": {"startTime": "0001-01-01T00:00:00Z"},
    "times_1970": {"startTime": "1970-01-01T00:00:00Z"},
    "times_empty": {"startTime": ""},
    "times_far": {"startTime": "6780-03-01T10:00:00Z"},
    "times_local": {"startTime": "2026-03-01 02:00:00"},
    "times_epoch": {"startTime": "1772359200000"},
    "times_words": {"startTime": "just now"},
    "values_null": dict.fromkeys(("reason", "progress", "collectionName", "fileName", "type", "description")),
    "states_null": {"state": None},
    "numbers_as_text": {"progress": "40"},
}
LACKS = {
    "values_missing": {"reason", "progress", "collectionName", "fileName", "type", "description"},
    "descriptions_missing": {"description"},
    "states_missing": {"state"},
    "regions_missing": {"regionId"},
}
IGNORES = {
    "ignores_dbName": {"dbName"},
    "ignores_collectionName": {"collectionName"},
    "ignores_type": {"type"},
    "ignores_status": {"status"},
    "ignores_creationMethod": {"creationMethod", "backupType"},
}
ELSEWHERE = {
    "small_pages", "small_pages_unsaid", "rows_reversed", "rows_twice", "row_null", "row_without_id", "count_missing",
    "data_null", "code_404xx", "code_as_text", "code_missing", "success_as_404", "success_as_400", "success_as_502",
    "all_as_200", "broken_words", "broken_states", "broken_ids", "acting_text", "oversized", "truncated_gzip",
    "broken_descriptions", "date_far", "date_zero", "date_garbled", "sizes_missing", "sizes_null", "rules_missing",
    "rules_null", "rules_inner_null",
    "bounds_as_text", "inner_reversed", "inner_null", "inner_missing",
}  # fmt: skip


def rows(name: str) -> list[Any]:
    found: list[Any] = json.loads(answered([name], 200, BODY).body)["data"]["records"]
    return found


def test_every_oddity_of_the_catalogue_is_tested_here() -> None:
    assert set(CATALOGUE) == {*SAYS, *LACKS, *IGNORES, *ELSEWHERE}


def test_the_readme_names_them_all() -> None:
    text = Path(simulator.__file__).with_name("README.md").read_text()
    assert [name for name, one in CATALOGUE.items() if f"| `{name}` | {one.what} |" not in text] == []


@pytest.mark.parametrize("name", SAYS)
def test_fields_are_written_otherwise(name: str) -> None:
    first, second = rows(name)
    assert first == ROW | SAYS[name]
    assert second["jobId"] == "job-2"


@pytest.mark.parametrize("name", LACKS)
def test_fields_are_missing(name: str) -> None:
    assert rows(name)[0] == {field: value for field, value in ROW.items() if field not in LACKS[name]}


@pytest.mark.parametrize("name", IGNORES)
def test_a_filter_counts_for_nothing(name: str) -> None:
    assert asked([name], ASKED) == {field: value for field, value in ASKED.items() if field not in IGNORES[name]}


def test_pages_are_smaller_than_asked() -> None:
    for name in ("small_pages", "small_pages_unsaid"):
        assert asked([name], ASKED) == ASKED | {"pageSize": 10}
        assert asked([name], {"clusterId": "c"}) == {"clusterId": "c"}
    assert json.loads(answered(["small_pages_unsaid"], 200, BODY).body)["data"] == {
        "count": 2,
        "records": [ROW, SECOND],
    }


def test_rows_are_moved_repeated_and_replaced() -> None:
    assert rows("rows_reversed") == [SECOND, ROW]
    assert rows("rows_twice") == [ROW, ROW, SECOND, SECOND]
    assert rows("row_null") == [None, ROW, SECOND]
    assert rows("row_without_id") == [{k: v for k, v in ROW.items() if not k.endswith("Id")}, SECOND]
    assert "count" not in json.loads(answered(["count_missing"], 200, BODY).body)["data"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("names_upper", ["FILMS", "ACTORS"]),
        ("names_qualified", ["default.films", "default.actors"]),
        ("broken_words", ["fi\ufffdms", "ac\ufffdors"]),
        ("rows_reversed", ["actors", "films"]),
        ("rows_twice", ["films", "films", "actors", "actors"]),
        ("row_null", [None, "films", "actors"]),
        ("row_without_id", ["films", "actors"]),
        ("files_upper", ["films", "actors"]),
    ],
)
def test_a_list_of_plain_names_is_told_as_oddly_as_one_of_rows(name: str, told: list[Any]) -> None:
    body = answered([name], 200, {"code": 0, "data": ["films", "actors"]}).body
    assert json.loads(body.decode(errors="replace"))["data"] == told


def test_rules_and_sizes_of_a_cluster_and_lists_within_rows_are_odd() -> None:
    rule: dict[str, Any] = {"replica": {"min": 1, "max": 2}}
    rule["cu"] = {"min": 1, "max": 4, "schedules": [{"cron": "0 1 * * *", "target": 2}, {"cron": "0 2 * * *"}]}
    cluster: dict[str, Any] = {"clusterId": "in01", "cuSize": 2, "replica": 1, "autoscaling": rule, "names": [1, 2]}

    def told(name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(answered([name], 200, {"code": 0, "data": cluster}).body)["data"]
        return found

    def schedules(name: str) -> list[Any]:
        found: list[Any] = told(name)["autoscaling"]["cu"]["schedules"]
        return found

    assert told("sizes_missing") == {k: v for k, v in cluster.items() if k not in ("cuSize", "replica")}
    assert told("sizes_null") == cluster | {"cuSize": None, "replica": None}
    assert told("rules_missing") == {k: v for k, v in cluster.items() if k != "autoscaling"}
    assert told("rules_null") == cluster | {"autoscaling": None}
    assert told("rules_inner_null") == cluster | {"autoscaling": {"cu": None, "replica": None}}
    assert told("bounds_as_text")["autoscaling"]["cu"]["max"] == "4"
    assert schedules("bounds_as_text")[0]["target"] == "2"
    assert schedules("inner_reversed") == rule["cu"]["schedules"][::-1]
    assert schedules("inner_null") == [None, *rule["cu"]["schedules"]]
    assert "schedules" not in told("inner_missing")["autoscaling"]["cu"]
    assert told("inner_missing")["names"] == [1, 2]
    rows_ = {"code": 0, "data": {"backups": [{"collections": [{"collectionName": "films"}]}]}}
    assert json.loads(answered(["inner_missing"], 200, rows_).body)["data"] == {"backups": [{}]}


def test_envelopes_are_wrong() -> None:
    assert json.loads(answered(["data_null"], 200, BODY).body) == {"code": 0, "data": None}
    assert json.loads(answered(["code_404xx"], 200, {"code": 90144}).body) == {"code": 40444}
    assert json.loads(answered(["code_as_text"], 200, BODY).body)["code"] == "0"
    assert "code" not in json.loads(answered(["code_missing"], 200, BODY).body)
    for status in (404, 400, 502):
        assert answered([f"success_as_{status}"], 200, BODY).http == status
        assert answered([f"success_as_{status}"], 401, BODY).http == 401
    assert answered(["all_as_200"], 401, BODY).http == 200


def test_bytes_are_broken_where_it_says() -> None:
    for name, field in (
        ("broken_words", "reason"),
        ("broken_states", "state"),
        ("broken_ids", "jobId"),
        ("broken_descriptions", "description"),
    ):
        body = answered([name], 200, BODY).body
        with pytest.raises(UnicodeDecodeError):
            body.decode()
        first = json.loads(body.decode(errors="replace"))["data"]["records"][0]
        assert "\ufffd" in first[field]
        assert ("\ufffd" in first["state"]) is (field == "state")
    assert "\x1b" in rows("acting_text")[0]["reason"]
    assert "\u202e" in rows("acting_text")[0]["reason"]


def test_a_body_is_too_long_or_breaks_off() -> None:
    long = answered(["oversized"], 200, BODY)
    assert len(long.body) > 8 * 1024 * 1024
    assert json.loads(long.body) == BODY
    cut = answered(["truncated_gzip"], 200, BODY)
    assert cut.encoding == "gzip"
    with pytest.raises(EOFError):
        gzip.decompress(cut.body)
    assert zlib.decompressobj(47).decompress(cut.body) in json.dumps(BODY).encode()


async def test_oddities_come_through_the_door_of_the_faults_and_reach_the_client() -> None:
    async with simulated() as (cloud, api):
        for name in ("date_far", "date_zero", "date_garbled"):
            cloud.fault("project.list", "odd", oddity=name, times=1)
            assert (await api.get("/v2/projects")).headers["Date"] == answered([name], 200, BODY).date
        cloud.odd("import.*", "files_in_brackets", "states_lower")
        job_id = (await api.import_films()).data["jobId"]
        body = {"clusterId": MOVIES, "jobId": job_id}
        found = (await api.post("/v2/vectordb/jobs/import/describe", body)).data
        assert found["state"] == "pending"
        assert found["details"][0]["fileName"].startswith("[")
        assert len(cloud.ledger.effects(kind="submit")) == 1, "an oddity takes no effect away"
        with pytest.raises(ValueError, match="oddities"):
            cloud.odd("import.*", "files_in_bracket")


async def test_what_is_ignored_of_a_question_is_not_taken_from_what_is_to_be_made() -> None:
    """A cloud that does not hear what it is to make refuses it, which says nothing of what is odd."""
    async with simulated() as (cloud, api):
        cloud.odd("backup.create", "ignores_creationMethod")
        made = await api.post(f"/v2/clusters/{MOVIES}/backups/create", {"backupType": "CLUSTER"})
        assert made.data["backupId"]
