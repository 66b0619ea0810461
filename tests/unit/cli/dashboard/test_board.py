"""What the page lists: every job once, with all that is known of it, and nothing that could act as markup."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cli.kubectl.dashboard.board import LISTED, RESOURCES, Board
from zilliz_jobs.cli.kubectl.dashboard.details import details, manifest
from zilliz_jobs.cli.kubectl.dashboard.rules import rules_of
from zilliz_jobs.cli.kubectl.jobview import JobView
from zilliz_jobs.control.objects import Body, Key, key_of
from zilliz_jobs.kinds import JOB_KINDS

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SIGNED = "https://bucket.example/part-1.parquet?X-Amz-Signature=c0ffee"


def example(name: str) -> Body:
    found: Body = yaml.safe_load(
        (Path(__file__).parents[4] / "examples" / f"{name}.yaml").read_text(encoding="utf-8")
    )
    return found


@dataclass
class Kept:
    objects: dict[Key, Body] = field(default_factory=dict)


class Shop:
    """A namespace, changed as a watch would tell it."""

    def __init__(self) -> None:
        self.kept, self.board = Kept(), Board()
        self.board.of(self.kept)
        self.reader = self.board.reader()

    def put(self, kind: str, name: str, spec: Body | None = None, status: Body | None = None, **meta: Any) -> Key:
        body = {
            "apiVersion": "jobs.zilliz.com/v1alpha1",
            "kind": kind,
            "metadata": {"name": name, "namespace": "shop", "uid": f"uid-{kind}-{name}"} | meta,
            "spec": spec or {},
            "status": status or {},
        }
        key = key_of(body)
        self.kept.objects[key] = body
        self.board.changed([key])
        return key

    def drop(self, key: Key) -> None:
        del self.kept.objects[key]
        self.board.changed([key])

    def rows(self) -> dict[str, Any]:
        found = (self.board.row(key, NOW) for key in self.board.every())
        return {row["id"]: row for row in found if row is not None}

    def mirrored(self, name: str, job_id: str, **owner: str) -> Key:
        told = {"kind": "ImportJob", "namespace": "shop", "name": "films", "uid": "uid-ImportJob-films"} | owner
        status = {"owner": told, "jobId": job_id, "createdBy": "ada@example.org", "state": "InProgress"}
        return self.put("ProjectJob", name, {"jobId": job_id, "jobCenterRef": {"name": "page"}}, status)


def test_a_job_with_an_object_and_a_row_is_listed_once() -> None:
    """Twice in the list, somebody would retry it twice."""
    shop = Shop()
    shop.mirrored("page-1", "job-1")
    films = shop.put("ImportJob", "films", status={"jobId": "job-1", "state": "InProgress"})
    assert list(shop.rows()) == ["importjob/shop/films"]
    assert shop.rows()["importjob/shop/films"]["creator"] == "ada@example.org"
    shop.drop(films)
    assert list(shop.rows()) == ["projectjob/shop/page-1"]


def test_an_earlier_attempt_and_another_object_of_the_name_are_jobs_of_their_own() -> None:
    shop = Shop()
    shop.put("ImportJob", "films", status={"jobId": "job-2", "state": "InProgress"})
    shop.mirrored("page-1", "job-1")
    shop.mirrored("page-3", "job-2", uid="of the object before")
    assert set(shop.rows()) == {"importjob/shop/films", "projectjob/shop/page-1", "projectjob/shop/page-3"}


def test_both_rows_are_told_when_one_takes_the_place_of_the_other() -> None:
    """Else the page would show the job twice, or not at all, until it is loaded anew."""
    shop = Shop()
    films = shop.put("ImportJob", "films", status={"jobId": "job-1"})
    shop.reader.take(10)
    row = shop.mirrored("page-1", "job-1")
    assert shop.reader.take(10) == {films, row}
    shop.put("ImportJob", "films", status={"jobId": "job-2"})
    assert shop.reader.take(10) == {films, row}
    shop.drop(row)
    assert shop.reader.take(10) == {films, row}
    shop.put("ImportJob", "films", status={"jobId": "job-3"})
    assert shop.reader.take(10) == {films}


@pytest.mark.parametrize("owner", [None, {}, {"kind": 1}, {"kind": "ImportJob", "name": "films"}])
def test_an_owner_that_cannot_be_read_hides_no_job(owner: Any) -> None:
    shop = Shop()
    shop.put("ProjectJob", "page-1", {"jobId": "job-1"}, {"owner": owner, "state": "Failed"})
    assert list(shop.rows()) == ["projectjob/shop/page-1"]


@pytest.mark.parametrize("kind", [resource.kind for resource in LISTED])
@pytest.mark.parametrize("junk", [None, {}, {"conditions": "x", "attempts": [1], "result": [], "cancel": 1}])
def test_what_people_edited_is_shown_as_far_as_it_can_be(kind: str, junk: Any) -> None:
    shop = Shop()
    key = shop.put(kind, "odd")
    shop.kept.objects[key]["status"] = junk
    shop.kept.objects[key]["spec"] = junk
    assert shop.board.row(key, NOW) is not None
    assert details(shop.board, key, shop.kept.objects[key], None, NOW)["manifest"]


@pytest.mark.parametrize("resource", LISTED, ids=lambda resource: resource.kind)
@pytest.mark.parametrize("junk", [None, "x", 7, True, [], ["x"], [{}], {}, {"name": 7}, {"x": [None]}])
def test_one_odd_object_costs_no_other_its_place(resource: Resource, junk: Any) -> None:
    """What an older CRD let through, in each field of spec and status; one error would end the stream of the page."""
    shop = Shop()
    for part, model in (("spec", resource.spec), ("status", resource.status)):
        for name, one in model.model_fields.items():
            key = shop.put(resource.kind, "odd")
            shop.kept.objects[key][part] = {one.alias or name: junk}
            assert shop.board.row(key, NOW) is not None, (part, name)
            assert details(shop.board, key, shop.kept.objects[key], None, NOW)["manifest"]


def test_texts_of_the_cloud_are_shown_and_do_nothing() -> None:
    """An escape sequence, a mark of direction, and the signature of a presigned address."""
    shop = Shop()
    evil = "a\u202eb\x1b[2J " + SIGNED
    status = {"description": evil, "message": evil, "reason": "x\u2028y", "createdBy": evil, "state": "Failed"}
    file = {"name": SIGNED, "state": "Failed", "reason": evil}
    key = shop.put("ImportJob", "films", status=status | {"result": {"files": [file]}, "jobId": evil})
    told = str(shop.board.row(key, NOW)) + str(details(shop.board, key, shop.kept.objects[key], [], NOW))
    assert "c0ffee" not in told
    assert not any(mark in told for mark in ("\u202e", "\x1b", "\u2028"))
    assert "bucket.example" in told


def test_the_manifest_is_shown_without_signatures_and_repetitions() -> None:
    last = {"kubectl.kubernetes.io/last-applied-configuration": f"signed {SIGNED}", "team": "films"}
    body = {
        "apiVersion": "jobs.zilliz.com/v1alpha1",
        "kind": "ImportJob",
        "metadata": {"name": "films", "annotations": last, "managedFields": [1]},
        "spec": {"objectStorage": {"urls": [SIGNED], "credentialsSecretRef": {"name": "bucket"}}},
    }
    told = manifest(body)
    assert "c0ffee" not in told
    assert "managedFields" not in told
    assert "last-applied" not in told
    assert "team: films" in told
    assert "part-1.parquet?..." in told


CONSOLE = {"consoleApi": {"enabled": True}, "cloud": "Global"}
FIXED = ("Restore", "CloneCollection", "SampleCollection", "Suspend", "Resume", "ScaleCluster", "ScaleReplicas")
"""Jobs of these types run to their end, and are not tried again."""
ROW = {"jobId": "job-1", "jobCenterRef": {"name": "page"}}


@pytest.mark.parametrize(
    ("type_", "state", "console", "cancel", "retry"),
    [
        ("Backup", "InProgress", True, True, False),
        ("Backup", "Pending", True, True, False),
        ("Backup", "InProgress", False, False, False),
        ("Backup", "Successful", True, False, False),
        ("Backup", "Failed", True, False, False),
        ("CrossRegionCopy", "InProgress", True, False, False),
        ("Export", "InProgress", True, True, False),
        ("Export", "Pending", True, True, False),
        ("Export", "Failed", True, False, False),
        ("Migration", "InProgress", True, True, False),
        ("Migration", "Pending", True, True, False),
        ("Migration", "Failed", True, False, False),
        ("Import", "Failed", True, False, True),
        ("Import", "Canceled", True, False, False),
        ("Import", "InProgress", True, False, False),
        *((name, state, True, False, False) for name in FIXED for state in ("Pending", "InProgress", "Failed")),
        ("Nothing known", "Failed", True, False, False),
    ],
)
def test_the_buttons_of_a_row_without_object_follow_the_rule(
    type_: str, state: str, console: bool, cancel: bool, retry: bool
) -> None:
    shop = Shop()
    shop.put("ZillizConnection", "default", CONSOLE if console else {"cloud": "Global"})
    shop.put("JobCenter", "page")
    key = shop.put("ProjectJob", "page-1", ROW, {"type": type_, "state": state, "jobId": "job-1"})
    rules = rules_of(shop.board, key, NOW)
    assert rules is not None
    assert (rules.may_cancel, rules.may_retry) == (cancel, retry)
    told = details(shop.board, key, shop.kept.objects[key], [], NOW)["requests"]
    assert told["cancel"]["may"] is cancel
    assert told["cancel"]["reason"]
    assert told["cancel"]["text"]


def test_a_migration_without_downtime_cannot_be_cancelled() -> None:
    shop = Shop()
    shop.put("ZillizConnection", "default", CONSOLE)
    sent = {"token": "t", "evidence": "Answered", "sends": 1, "handle": {"jobId": "job-1"}}
    status = {"state": "InProgress", "jobId": "job-1", "submission": sent}
    told = {}
    for name in ("90-migrate-zero-downtime", "88-migrate-zilliz-cluster"):
        key = shop.put("MigrationJob", name, example(name)["spec"], status)
        told[name] = details(shop.board, key, shop.kept.objects[key], [], NOW)["requests"]["cancel"]
    assert [(one["may"], one["reason"]) for one in told.values()] == [
        (False, "ZeroDowntime"),
        (True, "CancelRequested"),
    ]


def test_a_connection_that_may_not_be_seen_forbids_nothing() -> None:
    """Else the page would give a rule that nobody has looked up; the operator knows, and decides."""
    shop = Shop()
    shop.put("JobCenter", "page")
    row = shop.put("ProjectJob", "page-1", ROW, {"type": "Backup", "state": "InProgress", "jobId": "job-1"})
    sent = {"token": "t", "evidence": "Answered", "sends": 1, "handle": {"jobId": "job-2"}}
    status = {"state": "InProgress", "jobId": "job-2", "submission": sent}
    job = shop.put("BackupJob", "movies", {"clusterId": "in01-1"}, status)
    for key in (row, job):
        rules = rules_of(shop.board, key, NOW)
        assert rules is not None
        assert rules.may_cancel


def test_a_row_of_an_object_that_is_not_listed_here_is_not_asked() -> None:
    shop = Shop()
    key = shop.mirrored("page-1", "job-1", namespace="elsewhere")
    rules = rules_of(shop.board, key, NOW)
    assert rules is not None
    assert (rules.may_cancel, rules.cancel[1]) == (False, "OwnedElsewhere")


def test_every_kind_has_its_word_in_an_address() -> None:
    """The one that `kubectl zilliz show` prints."""
    shop = Shop()
    for kind in JOB_KINDS:
        key = shop.put(kind.resource.kind, "one")
        row = shop.board.row(key, NOW)
        assert row is not None
        assert JobView(kind, shop.kept.objects[key]).address == f"/jobs/{row['id']}"
    assert {resource.kind for resource in RESOURCES.values()} == {resource.kind for resource in LISTED}
