"""Imports on the wire: what is sent for a spec, and what an answer tells."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from zilliz_jobs.api.importjob import MAX_LISTED_FILES, ImportJobSpec
from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.cloud.imports import ImportProgress
from zilliz_jobs.cloud.imports_v1 import ImportProgressV1
from zilliz_jobs.cloud.jobs import Job
from zilliz_jobs.cloud.words import VOCABULARIES, state_of
from zilliz_jobs.kinds.imports.importfiles import same_files
from zilliz_jobs.kinds.imports.importwire import (
    described_by_job,
    facts_v1,
    facts_v2,
    v1_request,
    v2_request,
    why_not_v1,
)

SERVING = {"clusterId": "in01"}
ON_DEMAND = {"projectId": "proj", "regionId": "aws-us-west-2"}
STORAGE = {"objectStorage": {"urls": ["s3://b/a.parquet", "s3://b/dir/"]}}
VOLUME = {"volume": {"name": "vol", "paths": ["x/a.json"]}}
KEYS = {"accessKey": "ak", "secretKey": "sk"}


def spec(**fields) -> ImportJobSpec:
    return ImportJobSpec.model_validate({"collection": "films"} | fields)


def wire(request) -> dict:
    return request.model_dump(by_alias=True, exclude_none=True)


class TestRequests:
    @pytest.mark.parametrize(
        ("fields", "secrets", "sent"),
        [
            (
                SERVING | STORAGE,
                KEYS | {"token": "tk"},
                {
                    "clusterId": "in01",
                    "objectUrls": [["s3://b/a.parquet"], ["s3://b/dir/"]],
                    "accessKey": "ak",
                    "secretKey": "sk",
                    "token": "tk",
                },
            ),
            (SERVING | VOLUME, {}, {"clusterId": "in01", "volumeName": "vol", "dataPaths": [["x/a.json"]]}),
            (ON_DEMAND | STORAGE, {}, ON_DEMAND | {"objectUrls": [["s3://b/a.parquet"], ["s3://b/dir/"]]}),
            (ON_DEMAND | VOLUME, {}, ON_DEMAND | {"volumeName": "vol", "dataPaths": [["x/a.json"]]}),
            (
                SERVING | VOLUME | {"database": "db", "partition": "p", "options": {"timeoutSeconds": 300}},
                {},
                SERVING
                | {"volumeName": "vol", "dataPaths": [["x/a.json"]], "dbName": "db", "partitionName": "p"}
                | {"options": {"timeout": "300s"}},
            ),
            (SERVING | VOLUME | {"options": {}}, {}, SERVING | {"volumeName": "vol", "dataPaths": [["x/a.json"]]}),
        ],
    )
    def test_v2_in_its_four_forms(self, fields, secrets, sent):
        """Each inner list holds exactly one file or folder, as documented."""
        assert wire(v2_request(spec(**fields), secrets)) == {"collectionName": "films"} | sent

    def test_v1(self):
        one = spec(clusterId="in01", partition="p", objectStorage={"urls": ["s3://b/a.parquet"]})
        assert wire(v1_request(one, KEYS)) == {
            "clusterId": "in01",
            "collectionName": "films",
            "partitionName": "p",
            "objectUrl": "s3://b/a.parquet",
            "accessKey": "ak",
            "secretKey": "sk",
        }

    def test_keys_show_in_no_text_form(self):
        request = v2_request(spec(**SERVING, **STORAGE), {"accessKey": "AK-1", "secretKey": "SK-1", "token": "TK-1"})
        for secret in ("AK-1", "SK-1", "TK-1"):
            assert secret not in repr(request)
            assert secret not in str(request)

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            (SERVING | {"objectStorage": {"urls": ["s3://b/a"]}}, ""),
            (SERVING | {"objectStorage": {"urls": ["s3://b/a"]}, "database": "default", "partition": "p"}, ""),
            (ON_DEMAND | {"objectStorage": {"urls": ["s3://b/a"]}}, "on-demand"),
            (SERVING | {"objectStorage": {"urls": ["s3://b/a"]}, "database": "db"}, "database"),
            (SERVING | VOLUME, "volume"),
            (SERVING | STORAGE, "more than one URL"),
            (SERVING | {"objectStorage": {"urls": ["s3://b/a"]}, "options": {"timeoutSeconds": 1}}, "options"),
        ],
    )
    def test_what_v1_cannot_do_is_named(self, fields, words):
        why = why_not_v1(spec(**fields))
        assert bool(why) is bool(words)
        assert words in why


END = "2026-03-01T12:05:00Z"


def v2(**fields) -> ImportProgress:
    return ImportProgress.model_validate(fields)


class TestFactsV2:
    def test_a_running_import(self):
        facts = facts_v2(
            v2(state="Importing", progress=40, details=[{"fileName": "a", "state": "Importing", "progress": "40"}])
        )
        assert (facts.state, facts.progress, facts.end_time, facts.message) == (State.IN_PROGRESS, 40, None, "")
        assert facts.names == {"a"}
        assert "importedRows" not in facts.result

    @pytest.mark.parametrize(
        ("files", "rows"),
        [
            ([{"totalRows": 5}, {"totalRows": 7}], 12),
            ([{"totalRows": 5, "importedRows": 4}, {"totalRows": 7}], 11),
            ([{"totalRows": 0}], 0),
            ([{}], None),
            ([], None),
        ],
    )
    def test_the_rows_of_a_finished_import_are_summed_over_its_files(self, files, rows):
        named = [{"fileName": f"f{n}", "state": "Completed"} | f for n, f in enumerate(files)]
        facts = facts_v2(v2(state="Completed", completeTime=END, details=named))
        assert facts.result.get("importedRows") == rows
        assert facts.end_time == datetime(2026, 3, 1, 12, 5, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("reason", "files", "message"),
        [
            ("boom", [], "boom"),
            ("", [("a", "Failed", "bad header")], "a: bad header"),
            ("something", [("a", "Completed", ""), ("b", "Failed", "bad")], "b: bad"),
            ("bad row in b", [("b", "Failed", "bad")], "bad row in b"),
            ("", [("a", "Failed", "x"), ("b", "Failed", "y")], "a: x (and 1 more)"),
            ("boom", [("a", "Failed", "")], "boom"),
        ],
    )
    def test_a_failed_import_names_the_file(self, reason, files, message):
        details = [{"fileName": n, "state": s, "reason": r} for n, s, r in files]
        facts = facts_v2(v2(state="Failed", reason=reason, details=details))
        assert (facts.state, facts.message) == (State.FAILED, message)

    def test_failed_files_come_first_and_the_list_is_bounded(self):
        """A thousand files would make the status too big to be written at all."""
        details = [{"fileName": f"f{n}", "state": "Completed"} for n in range(999)]
        details.append({"fileName": "bad", "state": "Failed", "reason": "x" * 5000})
        files = facts_v2(v2(state="Failed", details=details)).result["files"]
        assert len(files) == MAX_LISTED_FILES
        assert files[0]["name"] == "bad"
        assert len(files[0]["reason"]) == 4096, "what is written is cut once it is hidden"

    @pytest.mark.parametrize(
        ("answer", "state"),
        [
            ({}, None),
            ({"state": ""}, None),
            ({"state": "Pondering"}, None),
            ({"state": "PreImporting", "progress": None, "details": None}, State.IN_PROGRESS),
            ({"state": "Pending", "progress": "", "completeTime": "", "fileName": None}, State.PENDING),
            ({"state": "Completed", "completeTime": "soon", "totalRows": "many"}, State.SUCCESSFUL),
            ({"state": "Importing", "jobId": 4711, "progress": 250}, State.IN_PROGRESS),
        ],
    )
    def test_odd_shapes_are_no_errors(self, answer, state):
        facts = facts_v2(v2(**answer))
        assert facts.state is state
        assert facts.end_time is None

    @pytest.mark.parametrize("word", [word.text for v in VOCABULARIES if "Imports" in v.name for word in v.words])
    def test_every_word_of_every_import_api_is_understood_and_kept(self, word):
        """Of the import and of each of its files; a newer cluster says what Milvus does inside."""
        facts = facts_v2(v2(state=word, details=[{"fileName": "a", "state": word}]))
        assert (facts.state, facts.cloud_status) == (state_of(word), word)
        assert facts.state is not None
        assert facts.result["files"][0]["state"] == word
        described = described_by_job(Job(job_id="j", status=word))
        assert (described.state, described.cloud_status) == (state_of(word), word)

    def test_a_word_that_nobody_knows_is_kept_and_no_end(self):
        facts = facts_v2(v2(state="Pondering", completeTime=END, details=[{"fileName": "a", "state": "Pondering"}]))
        assert (facts.state, facts.cloud_status, facts.end_time) == (None, "Pondering", None)
        assert facts.result["files"][0]["state"] == "Pondering"

    @pytest.mark.parametrize(
        ("answer", "names"),
        [
            ({"fileName": "a.json"}, {"a.json"}),
            ({"fileName": "a.json,b.json"}, set()),
            ({"fileName": "a,b", "details": [{"fileName": "a"}, {"fileName": "b"}]}, {"a", "b"}),
            ({}, set()),
        ],
    )
    def test_names_that_cannot_be_told_apart_are_none(self, answer, names):
        """A wrong name rules an import out, and it would be submitted again."""
        assert facts_v2(v2(state="Importing", **answer)).names == names


def v1(**fields) -> ImportProgressV1:
    return ImportProgressV1.model_validate(fields)


class TestFactsV1:
    @pytest.mark.parametrize(
        ("answer", "state", "word"),
        [
            ({"readyPercentage": 0.4}, State.IN_PROGRESS, "ImportRunning"),
            ({"readyPercentage": 1, "completeTime": END}, State.SUCCESSFUL, "ImportCompleted"),
            ({"readyPercentage": 1, "completeTime": None, "errorMessage": None}, State.IN_PROGRESS, "ImportRunning"),
            ({"errorMessage": "bad", "readyPercentage": 0.1}, State.FAILED, "ImportFailed"),
            (
                {"completeTime": END, "details": [{"fileName": "a", "errorMessage": "x"}]},
                State.FAILED,
                "ImportFailed",
            ),
            ({"details": [{"fileName": "a", "errorMessage": "x"}]}, State.IN_PROGRESS, "ImportRunning"),
            ({}, State.IN_PROGRESS, "ImportRunning"),
        ],
    )
    def test_the_state_is_read_off_the_times_and_errors(self, answer, state, word):
        facts = facts_v1(v1(**answer))
        assert (facts.state, facts.cloud_status) == (state, word)

    def test_only_the_failing_file_is_called_failed(self):
        details = [
            {"fileName": "good", "completeTime": END, "readyPercentage": 1},
            {"fileName": "bad", "errorMessage": "dimension"},
            {"fileName": "waits"},
        ]
        facts = facts_v1(v1(errorMessage="import failed", details=details))
        assert facts.message == "bad: dimension"
        assert [(f["name"], f["state"]) for f in facts.result["files"]] == [
            ("bad", "ImportFailed"),
            ("good", "ImportCompleted"),
            ("waits", "ImportRunning"),
        ]


def test_the_generic_read_tells_what_it_can():
    facts = described_by_job(Job(job_id="j", status="FAILED", progress=3, reason="gone"))
    assert (facts.state, facts.progress, facts.message, facts.result) == (State.FAILED, 3, "gone", {})


ONE = ["s3://b/films/part-1.parquet"]
TWO = [*ONE, "s3://b/films/part-2.parquet"]
FOLDER = ["s3://b/films/"]


@pytest.mark.parametrize(
    ("sources", "names", "same"),
    [
        # the same
        (ONE, ["part-1.parquet"], True),
        (ONE, ["films/part-1.parquet"], True),
        (ONE, ["b/films/part-1.parquet"], True),
        (ONE, ["s3://b/films/part-1.parquet"], True),
        (["https://b.s3.amazonaws.com/films/part-1.parquet?X-Amz-Signature=1"], ["part-1.parquet"], True),
        (["s3://b/my%20films/a%2B.json"], ["a+.json"], True),
        (TWO, ["part-1.parquet", "part-2.parquet"], True),
        (FOLDER, ["films/part-1.parquet", "films/part-2.parquet"], True),
        (FOLDER, ["part-1.parquet", "part-2.parquet"], True),
        (["s3://b/films"], ["part-1.parquet"], True),
        (["s3://b/films.v2/"], ["part-1.parquet"], True),
        (["s3://b/films/data"], ["data"], True),
        # another one: proven
        (ONE, ["part-2.parquet"], False),
        (ONE, ["part-1.parquet", "part-2.parquet"], False),
        (FOLDER, ["s3://b/actors/a.json"], False),
        # nobody can tell
        (ONE, [], None),
        (ONE, ["archive/part-1.parquet"], None),
        # nobody can tell: spelt otherwise
        (ONE, ["[part-1.parquet]"], None),
        (ONE, ['["s3://b/films/part-1.parquet"]'], None),
        (ONE, ["part-1.parquet.bak"], None),
        (ONE, ["0-part-1.parquet"], None),
        (ONE, ["PART-1.Parquet"], None),
        (ONE, ["part%2D1%2Eparquet"], True),
        (ONE, ["part%252D1.parquet"], None),
        (["s3://b/caf\u00e9.json"], ["cafe\u0301.json"], None),
        (["s3://b/caf\u00e9.json"], ["caf\ufffd.json"], None),
        (ONE, ["\ufffd\ufffd\ufffd"], None),
        (FOLDER, ["s3://b/[Films]/part-1.parquet"], None),
        (TWO, ["part-1.parquet"], None),
        (FOLDER, ["2024/part-1.parquet"], None),
        (["s3://b/"], ["part-1.parquet"], True),
        (["a"], ["data/x.json"], None),
        (["s3://[odd"], ["part-1.parquet"], True),
    ],
)
def test_whether_an_import_of_these_files_is_ours(sources, names, same):
    """False is a proof: what is ruled out counts as never submitted, and is submitted again."""
    one = spec(clusterId="in01", objectStorage={"urls": sources})
    assert same_files(one, frozenset(names)) is same


def test_files_of_a_volume_are_compared_likewise():
    one = spec(**SERVING, **VOLUME)
    assert same_files(one, frozenset({"a.json"})) is True
    assert same_files(one, frozenset({"b.json"})) is False
    assert same_files(spec(clusterId="in01"), frozenset({"a.json"})) is False
