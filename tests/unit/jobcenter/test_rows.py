"""From what the cloud and our own objects say to rows; small, and nothing invented."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from zilliz_jobs.api.jobresources import ROW_TYPES
from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.cloud.backups import Backup
from zilliz_jobs.cloud.clusters import Cluster
from zilliz_jobs.cloud.console import ConsoleJob
from zilliz_jobs.cloud.imports import ImportRecord
from zilliz_jobs.cloud.words import JobType
from zilliz_jobs.control.objects import Body, Key, connection_key, key_of
from zilliz_jobs.jobcenter import rows
from zilliz_jobs.jobcenter.jobrow import JobRow
from zilliz_jobs.jobcenter.ownjob import own_of, owned, row_of
from zilliz_jobs.jobcenter.ownjobs import OwnJobs
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.polling.lists import Row

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KINDS = {kind.resource.kind: kind for kind in JOB_KINDS}
CLUSTER = Cluster(cluster_id="in01", cluster_name="movies", project_id="p", region_id="r", status="RUNNING")


def job_object(kind: str = "BackupJob", name: str = "b", spec: Body | None = None, **status: Any) -> Body:
    meta = {"namespace": "n", "name": name, "uid": f"uid-{name}"}
    return {"kind": kind, "metadata": meta, "spec": spec or {"clusterId": "in01"}, "status": status}


def on_list(name: str, value: Any, raw: Body) -> Row:
    return Row(name, raw, lambda _: value)


def test_every_type_of_the_page_has_its_word() -> None:
    told = {rows.of_console(on_list("j", ConsoleJob(job_id="j", type=word), {}), 0).type for word in JobType}
    assert len(told) == len(JobType)
    assert told <= {one.name for one in ROW_TYPES}


def test_a_type_that_nobody_knows_is_shown_in_the_clouds_word() -> None:
    row = rows.of_console(on_list("j", ConsoleJob(job_id="j", type="TELEPORT"), {"jobId": "j"}), 0)
    assert (row.type, row.description) == ("TELEPORT", "")


def test_the_import_list_tells_no_times_and_none_are_made_up() -> None:
    row = rows.of_import(on_list("j", ImportRecord(job_id="j", state="Completed"), {}), 3, cluster=CLUSTER)
    assert (row.start_time, row.end_time, row.create_time, row.progress) == (None, None, None, None)
    assert (row.state, row.cluster_id, row.project_id, row.position) == (State.SUCCESSFUL, "in01", "p", 3)


def test_a_backup_is_no_job_id() -> None:
    row = rows.of_backup(on_list("b", Backup(backup_id="b", status="CREATING"), {}), 0)
    assert (row.id, row.job_id, row.state) == ("b", "", State.IN_PROGRESS)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("RUNNING", None),
        ("STOPPED", None),
        ("CREATING", None),
        ("UPGRADING", None),
        ("STOPPING", "Suspend"),
        ("SUSPENDING", "Suspend"),
        ("RESUMING", "Resume"),
        ("MODIFYING", ""),
        ("RESTORE_BACKUP", "Restore"),
        ("MIGRATING", "Migration"),
        ("SOMETHING", None),
    ],
)
def test_only_a_cluster_that_a_job_moves_is_a_row(word: str, kind: str | None) -> None:
    row = rows.of_cluster(on_list("in01", CLUSTER.model_copy(update={"status": word}), {}), 0)
    assert (None if row is None else row.type) == kind


# -- our own jobs


def test_a_summary_is_small_and_comes_back_the_same() -> None:
    known = OwnJobs(KINDS, {}.get)
    long = "x" * 2000
    body = job_object(
        jobId="job-0123456789abcdefghijkl",
        state="Failed",
        message=f"/var/data/{long}",
        reason="JobFailed",
        target="in01-0123456789abcde/default/films",
        description="Back up cluster in01-0123456789abcde",
        startTime="2026-03-01T12:00:00Z",
        completionTime="2026-03-01T13:00:00Z",
        progressPercent=40,
        submission={"handle": {"jobId": "job-0123456789abcdefghijkl", "backupId": "backup0_0123456789abcdef"}},
    )
    body["metadata"]["uid"] = "01234567-0123-0123-0123-0123456789ab"
    own = known.summary(body)
    assert own is not None
    assert known.get(own.uid) == own
    assert known.size < 600, "with a long message"
    body["status"]["message"] = "the job ended well"
    known.on_upsert(body)
    assert known.size <= 450
    known.forget(own.uid)
    assert (len(known), known.size) == (0, 0)


def test_an_object_that_changes_its_connection_is_known_once() -> None:
    known = OwnJobs(KINDS, {}.get)
    known.on_upsert(job_object(jobId="j"))
    known.on_upsert(job_object(jobId="j", spec={"connectionRef": {"name": "other"}}))
    assert known.connections() == [Key("ZillizConnection", "n", "other")]


def test_rows_that_ask_something_of_an_object_are_woken_at_its_end_and_once() -> None:
    """Else a cancel on the row is answered by nobody: its object is gone, and the row waits for it."""
    known, row = OwnJobs(KINDS, {}.get), Key("ProjectJob", "n", "row")
    own = known.summary(job_object(jobId="j"))
    assert own is not None
    known.asks(own.uid, row, still=True)
    known.on_upsert(job_object(jobId="j", spec={"connectionRef": {"name": "other"}}))
    assert known.forget(own.uid) == {row}
    assert known.forget(own.uid) == set()
    known.on_upsert(job_object(jobId="j"))
    known.asks(own.uid, row, still=True)
    known.asks(own.uid, row, still=False)
    assert known.forget(own.uid) == set()
    assert known.connections() == []


def test_what_is_no_job_is_not_kept() -> None:
    known = OwnJobs(KINDS, {}.get)
    known.on_upsert({"kind": "ZillizConnection", "metadata": {"namespace": "n", "name": "c", "uid": "u"}})
    assert len(known) == 0


def test_the_summary_of_a_job_at_work_is_made_when_it_is_asked_for() -> None:
    objects: dict[Key, dict[str, Any]] = {}
    asked: list[Key] = []

    def body_of(key: Key) -> dict[str, Any] | None:
        asked.append(key)
        return objects.get(key)

    known = OwnJobs(KINDS, body_of)
    for percent in (10, 20, 30):
        body = job_object(jobId="j", state="InProgress", progressPercent=percent)
        objects[key_of(body)] = body
        known.on_upsert(body)
    uid = body["metadata"]["uid"]
    assert asked == [], "nobody wanted to know yet"
    assert [own.progress for own in known.of(connection_key(body))] == [30]
    assert [own.progress for own in (known.get(uid), known.get(uid)) if own] == [30, 30]
    assert asked == [key_of(body)], "once for each change"


def test_the_end_of_a_job_is_kept_although_its_object_is_not() -> None:
    known = OwnJobs(KINDS, {}.get)
    known.on_upsert(job_object(jobId="j", state="InProgress"))
    known.on_upsert(job_object(jobId="j", state="InProgress", progressPercent=50))
    known.on_upsert(body := job_object(jobId="j", state="Failed", completionTime="2026-03-01T13:00:00Z"))
    own = known.get(body["metadata"]["uid"])
    assert own is not None
    assert (own.state, own.end is None) == ("Failed", False)


def test_the_summary_of_an_object_is_never_that_of_its_successor() -> None:
    first, second = job_object(jobId="j", state="InProgress"), job_object(jobId="k", state="Pending")
    second["metadata"]["uid"] = "another"
    known = OwnJobs(KINDS, {key_of(second): second}.get)
    known.on_upsert(first)
    known.on_upsert(first)
    own = known.get(first["metadata"]["uid"])
    assert own is not None
    assert own.job_id == "j"


@pytest.mark.parametrize(
    ("case", "body", "row", "ids"),
    [
        ("nothing was sent", job_object(state="Pending"), "", ()),
        ("with a job id", job_object("ImportJob", jobId="j", submission={"handle": {"jobId": "j"}}), "j", ("j",)),
        (
            "a backup, as the backup list knows it",
            job_object(jobId="j", submission={"handle": {"jobId": "j", "backupId": "b"}}),
            "b",
            ("j", "b"),
        ),
        ("no id at all", job_object("SuspendClusterJob", submission={"handle": {"clusterId": "in01"}}), "uid-b", ()),
        (
            "a step of several is no job of the page",
            job_object("CloneCollectionJob", submission={"step": "Backup", "handle": {"jobId": "j"}}),
            "uid-b",
            (),
        ),
        ("edited by hand", job_object(jobId=5, submission="what", steps={}), "", ()),
    ],
)
def test_what_the_lists_know_our_job_by(case: str, body: Body, row: str, ids: tuple[str, ...]) -> None:
    own = own_of(KINDS[body["kind"]], body)
    assert (own.row, own.ids) == (row, ids), case


@pytest.mark.parametrize(
    ("kind", "spec", "handle", "cluster", "project"),
    [
        ("BackupJob", {"clusterId": "c"}, {}, "c", ""),
        ("BackupJob", {"clusterId": 7}, {"clusterId": "h"}, "h", ""),
        ("ImportJob", {"projectId": "p", "regionId": "r"}, {}, "", "p"),
        ("ExportJob", {"backup": {"clusterId": "from"}}, {}, "from", ""),
        ("RestoreJob", {"existingCluster": {"clusterId": "c"}, "backup": {"clusterId": "from"}}, {}, "c", ""),
        (
            "RestoreJob",
            {"newCluster": {"projectId": "p"}, "backup": {"clusterId": "from"}},
            {"newClusterId": "n"},
            "n",
            "p",
        ),
        ("MigrationJob", {"target": {"newCluster": {"projectId": "p"}}}, {}, "", "p"),
        (
            "MigrationJob",
            {"target": {"clusterId": "c"}, "source": {"zillizCluster": {"clusterId": "from"}}},
            {},
            "c",
            "",
        ),
        ("MigrationJob", {"target": "nonsense"}, {}, "", ""),
    ],
)
def test_where_our_job_works(
    kind: str, spec: dict[str, Any], handle: dict[str, str], cluster: str, project: str
) -> None:
    own = own_of(KINDS[kind], job_object(kind, spec=spec, submission={"handle": handle}))
    assert (own.cluster_id, own.project_id) == (cluster, project)


def test_the_row_of_an_earlier_attempt_keeps_its_own_end() -> None:
    own = own_of(KINDS["ImportJob"], job_object("ImportJob", jobId="second", state="InProgress"))
    first = JobRow(type="Import", id="first", job_id="first", state=State.FAILED, reason="JobFailed")
    assert owned(first, own, "n").state is State.FAILED
    assert owned(first, own, "n").owner == own.owner_in("n")
    second = JobRow(type="Import", id="second", job_id="second", state=State.PENDING)
    assert owned(second, own, "n").state is State.IN_PROGRESS


def test_a_backup_that_a_clone_made_is_not_as_far_as_the_clone() -> None:
    body = job_object(
        "CloneCollectionJob", state="InProgress", steps=[{"name": "Backup", "handle": {"backupId": "b"}}]
    )
    own = own_of(KINDS["CloneCollectionJob"], body)
    backup = JobRow(type="Backup", id="b", state=State.SUCCESSFUL)
    assert owned(backup, own, "n").state is State.SUCCESSFUL
    assert owned(backup, own, "n").owner == own.owner_in("n")


def test_a_row_of_ours_and_the_lists_row_shown_as_ours_say_the_same_state() -> None:
    own = own_of(
        KINDS["ImportJob"], job_object("ImportJob", jobId="j", state="Failed", reason="JobFailed", message="m")
    )
    listed = JobRow(type="Import", id="j", job_id="j", state=State.IN_PROGRESS)
    for part in ("state", "reason", "message", "progress", "start_time", "end_time"):
        assert getattr(owned(listed, own, "n"), part) == getattr(row_of(own, "n"), part)


def test_a_list_that_tells_a_start_is_not_made_to_forget_it() -> None:
    own = own_of(KINDS["ImportJob"], job_object("ImportJob", jobId="j", state="InProgress"))
    listed = JobRow(type="Import", id="j", job_id="j", start_time=NOON)
    assert owned(listed, own, "n").start_time == NOON


@pytest.mark.parametrize(("namespace", "word"), [("n", "BackupJob/b"), ("other", "BackupJob/n/b")])
def test_an_owner_is_named_with_its_kind_and_from_afar_with_its_namespace(namespace: str, word: str) -> None:
    """Names alone are ambiguous: a RestoreJob is often called like the BackupJob, or like one of another team."""
    own = own_of(KINDS["BackupJob"], job_object(jobId="j", submission={"handle": {"backupId": "b-1"}}))
    assert row_of(own, namespace).owner.reference == word  # type: ignore[union-attr]
    assert owned(JobRow(type="Backup", id="b-1"), own, namespace).owner.reference == word  # type: ignore[union-attr]


def copy_row(**told: Any) -> JobRow:
    job = ConsoleJob(job_id="j", type="CROSS_REGION_COPY", cluster_id="in01", **told)
    return rows.of_console(on_list("j", job, {}), 0)


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ({"region_id": "aws-eu-west-1"}, "Copy of a backup in another region, in01, to aws-eu-west-1"),
        ({"region_id": "aws-eu-west-1", "description": "Copy nightly"}, "Copy nightly, to aws-eu-west-1"),
        ({"region_id": "eu-1", "description": "Copy nightly to eu-1"}, "Copy nightly to eu-1"),
        ({}, "Copy of a backup in another region, in01"),
    ],
)
def test_copies_of_one_backup_can_be_told_apart(told: dict[str, str], text: str) -> None:
    assert copy_row(**told).description == text


def test_two_long_collections_of_ours_are_two_on_the_page() -> None:
    """Else nobody can tell which of the two imports failed."""
    long = "customer_profiles_embeddings_production_2026_eu_west_a"
    both = [f"in01-0123456789abcde/default/{long}{end}" for end in ("", "_shadow")]
    made = [row_of(own_of(KINDS["ImportJob"], job_object("ImportJob", jobId="j", target=one)), "n") for one in both]
    assert [row.target for row in made] == both
