"""A pass over a row whose JobCenter, owner or own object goes meanwhile. If these fail, rows are left behind, or a
request is decided for another object of the name."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from zilliz_jobs.api.backupjob import BACKUP_JOB
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.control.objects import CANCEL, Body, Key
from zilliz_jobs.jobcenter.rowreconciler import AGAIN_SECONDS, RowPass, RowReconciler
from zilliz_jobs.kube.errors import NotFound

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OWN: Any = SimpleNamespace(
    uid="u-job",
    kind="BackupJob",
    name="ours",
    namespace="ns",
    type="Backup",
    row="job-1",
    ids=(),
    key=Key("", "", ""),
)


def row(**meta: Any) -> Body:
    owner = {"kind": "JobCenter", "name": "page", "uid": "u-page", "controller": True}
    about = {"name": "page-1", "namespace": "ns", "uid": "u-row", "ownerReferences": [owner]}
    about |= {"annotations": {CANCEL: "please"}} | meta
    spec = {"jobCenterRef": {"name": "page"}, "jobId": "job-1"}
    status = {"type": "Backup", "state": "InProgress", "jobId": "job-1"}
    return {"kind": "ProjectJob", "metadata": about, "spec": spec, "status": status}


def named(uid: str, **meta: Any) -> Body:
    return {"metadata": {"name": "x", "namespace": "ns", "uid": uid} | meta}


class Owners:
    """Knows one job object, or none."""

    def __init__(self, own: Any) -> None:
        self._own = own

    async def known(self) -> None:
        """Every object is known."""

    def of_job(self, _job_id: str) -> Any:
        return self._own

    def get(self, _uid: str) -> None:
        return None

    def resource(self, _own: object) -> Resource:
        return BACKUP_JOB


class Cluster:
    """What the API server has of the three, and what the pass did. It is every other port of the reconciler."""

    def __init__(self, *, owned: bool = True, **found: Body | None) -> None:
        self.found = {"JobCenter": named("u-page"), "BackupJob": named("u-job"), "ProjectJob": row()} | found
        self.done: list[str] = []
        port: Any = self
        owners: Any = Owners(OWN if owned else None)
        self.reconciler = RowReconciler(owners, port, port, port, port, wake_center=self.woke, now=lambda: NOW)

    async def get(self, resource: Resource, _namespace: str, name: str) -> Body:
        body = self.found[resource.kind]
        if body is None:
            raise NotFound(f"no {name}")
        return body

    async def delete(self, _namespace: str, _name: str, uid: str) -> None:
        self.done.append(f"delete {uid}")

    async def change(self, _namespace: str, _name: str, _change: object, _body: Body) -> None:
        self.done.append("write")

    def ask(self, *_: object) -> tuple[str | None, str | None]:
        self.done.append("ask")
        return "please", None

    def wake(self, owner: Body, _tokens: object) -> None:
        self.done.append(f"wake {owner['metadata']['uid']}")

    async def carry_out(self, body: Body, _connection: Key, _tries: int) -> Any:
        self.done.append("carry out")
        return SimpleNamespace(row=body, wake=None, learnt=True, asked=True)

    def settled(self, _key: Key) -> None:
        self.done.append("settled")

    def woke(self, key: Key) -> None:
        self.done.append(f"look at {key.kind}")


@pytest.mark.parametrize(
    ("cluster", "body", "wake", "done"),
    [
        pytest.param(Cluster(), row(), None, ["ask", "write", "wake u-job"], id="its owner decides"),
        pytest.param(Cluster(), row(deletionTimestamp="x"), None, [], id="the row is being deleted"),
        pytest.param(Cluster(JobCenter=None), row(), None, ["delete u-row"], id="its JobCenter is gone"),
        pytest.param(
            Cluster(JobCenter=named("u-new")), row(), None, ["delete u-row"], id="another JobCenter has the name"
        ),
        pytest.param(
            Cluster(JobCenter=named("u-page", deletionTimestamp="x")), row(), None, [], id="its JobCenter ends"
        ),
        pytest.param(Cluster(BackupJob=None), row(), AGAIN_SECONDS, [], id="its owner is gone"),
        pytest.param(
            Cluster(BackupJob=named("u-new")), row(), AGAIN_SECONDS, [], id="another object has its owner's name"
        ),
    ],
)
async def test_what_is_done_where_one_of_them_is_not_what_it_was(
    cluster: Cluster, body: Body, wake: float | None, done: list[str]
) -> None:
    assert await cluster.reconciler.reconcile(body) == RowPass(wake)
    assert cluster.done == done


ANSWERED = {"token": "please", "outcome": "Accepted", "reason": "CancelAccepted"}


@pytest.mark.parametrize(
    ("now", "done"),
    [
        pytest.param(row(), ["carry out", "look at JobCenter"], id="it is as it was"),
        pytest.param(row(uid="u-new"), [], id="another row has the name"),
        pytest.param(row() | {"status": {**row()["status"], "cancel": ANSWERED}}, ["settled"], id="it was answered"),
    ],
)
async def test_the_cloud_is_asked_by_the_row_as_it_is_now(now: Body, done: list[str]) -> None:
    """By the echo of an earlier write it would be asked once more."""
    cluster = Cluster(owned=False, ProjectJob=now)
    await cluster.reconciler.reconcile(row())
    assert cluster.done == done


async def test_what_is_asked_after_a_retry_was_decided_is_its_new_owners_to_decide() -> None:
    sent = {"token": "again", "outcome": "Accepted", "reason": "Submitting"}
    before = row() | {"status": {**row()["status"], "retry": sent}}
    cluster = Cluster()
    assert await cluster.reconciler.reconcile(before) == RowPass(AGAIN_SECONDS)
    assert cluster.done == []
