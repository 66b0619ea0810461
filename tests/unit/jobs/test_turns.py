"""Jobs that wait for a lock and for a BackupJob at once. If these fail, a turn is lost with one whose backup is not
ready, and the line behind it waits for its own back-off; or each waiting job asks for its backup all the time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from tests.unit.engine.fakes import Kind, entry

from zilliz_jobs.api.exportjob import EXPORT_JOB
from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.api.restorejob import RESTORE_JOB
from zilliz_jobs.control.backupuse import BackupUse
from zilliz_jobs.control.inflight import RequestsInFlight
from zilliz_jobs.control.objects import Key, key_of
from zilliz_jobs.control.ownership import JobOwnership
from zilliz_jobs.core.observation import Blocked, Prepared
from zilliz_jobs.core.plan import Prepare
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.jobs.actions import Actions, JobInHand
from zilliz_jobs.jobs.backupdeletion import BackupDeletion
from zilliz_jobs.jobs.entry import JobEntry
from zilliz_jobs.kinds.base import BackupSource
from zilliz_jobs.kube.errors import NotFound
from zilliz_jobs.telemetry.metrics import Metrics

pytestmark = pytest.mark.looptime
SCOPE = "export/in01"


class Waits(Kind):
    """One that uses a backup. `spec`: the name of a BackupJob, or none."""

    def backup_job(self, spec: Any) -> str | None:
        return spec.job

    def submission_lock(self, spec: Any, step: str = "submit") -> str:
        return SCOPE

    def lock_of(self, spec: Any, step: str, *, backup: BackupSource | None = None, record: Any = None) -> str:
        return f"export/{backup.cluster_id}" if backup else SCOPE


class Exports(Waits):
    resource: ClassVar[Resource] = EXPORT_JOB
    lock_needs_backup = True


class Restores(Waits):
    resource: ClassVar[Resource] = RESTORE_JOB


class Cluster:
    """BackupJobs by name, and how often each was read."""

    def __init__(self, **states: str) -> None:
        self.states, self.reads = states, 0

    async def get(self, _resource: Resource, _namespace: str, name: str) -> dict[str, Any]:
        self.reads += 1
        if name not in self.states:
            raise NotFound(name)
        spec, result = {"clusterId": "in01"}, {"backupId": "b-1"}
        return {"spec": spec, "status": {"state": self.states[name], "result": result}}


class Jobs:
    def __init__(self, kind: Waits, **states: str) -> None:
        self.kind, self.cluster, self.woken = kind, Cluster(**states), list[Key]()
        self.ownership, self.entries = JobOwnership(), dict[str, JobEntry]()
        port: Any = self.cluster
        self.actions = Actions(
            self.ownership,
            port,
            port,
            RequestsInFlight(),
            wake=self.woken.append,
            ensure_synced=self._synced,
            deletion=BackupDeletion(port, BackupUse(), RequestsInFlight(), Metrics()),
        )

    async def _synced(self) -> None:
        pass

    def body(self, name: str) -> dict[str, Any]:
        return {
            "kind": self.kind.resource.kind,
            "metadata": {"namespace": "ns", "name": name, "uid": f"u-{name}"},
        }

    async def prepare(self, name: str, job: str | None = None) -> Any:
        snap: Any = SimpleNamespace(
            spec=SimpleNamespace(job=job, adopt=None),
            status=JobStatus(),
            spec_error="",
            link=SimpleNamespace(first_submission=None),
        )
        account: Any = SimpleNamespace(session=SimpleNamespace())
        job = JobInHand(self.entry(name), account, self.body(name), snap.spec)
        return await self.actions.perform(job, snap, Prepare("submit"))

    def entry(self, name: str) -> JobEntry:
        return self.entries.setdefault(name, entry(self.body(name), self.kind))

    def release(self, name: str) -> None:
        self.actions.release_lock(self.entry(name), JobStatus())


async def test_a_turn_of_one_whose_backup_is_not_there_is_the_next_ones():
    jobs = Jobs(Exports([]), made="Successful")
    assert isinstance(await jobs.prepare("first"), Prepared)
    for name, backup in (("second", "made"), ("third", None)):
        answer = await jobs.prepare(name, backup)
        assert isinstance(answer, Blocked)
        assert answer.reason is Reason.SUBMISSION_IN_PROGRESS
    jobs.release("first")
    assert [key.name for key in jobs.woken] == ["second"]
    del jobs.cluster.states["made"]
    answer = await jobs.prepare("second", "made")
    assert (answer.reason, "create it" in answer.message) == (Reason.BACKUP_NOT_READY, True)
    assert [key.name for key in jobs.woken] == ["second", "third"]
    assert isinstance(await jobs.prepare("third"), Prepared)


@pytest.mark.parametrize("kind", [Exports, Restores])
async def test_the_end_of_the_backup_wakes_who_waits_for_it(kind: type[Waits]):
    jobs = Jobs(kind([]), made="InProgress")
    answer = await jobs.prepare("one", "made")
    assert answer.reason is Reason.BACKUP_NOT_READY
    assert not jobs.ownership.is_open(SCOPE), "nobody waits for one that waits"
    jobs.actions._locks.ended(str(Key("BackupJob", "ns", "made")))
    assert jobs.woken == [key_of(jobs.body("one"))]
    jobs.cluster.states["made"] = "Successful"
    assert isinstance(await jobs.prepare("one", "made"), Prepared)


async def test_who_waits_for_a_lock_that_the_spec_names_does_not_read_its_backup():
    jobs = Jobs(Restores([]), made="Successful")
    assert isinstance(await jobs.prepare("first", "made"), Prepared)
    before = jobs.cluster.reads
    for _ in range(3):
        assert (await jobs.prepare("second", "made")).reason is Reason.SUBMISSION_IN_PROGRESS
    assert jobs.cluster.reads == before


async def test_the_more_wait_in_a_queue_the_more_seldom_each_tries_by_itself():
    """A thousand objects that each try every five seconds take the processor from the one whose turn it is."""
    jobs = Jobs(Restores([]))
    await jobs.prepare("first")
    after = [(await jobs.prepare(f"waits-{number}")).retry_after for number in range(1300)]
    assert after[:100] == [5.0] * 100
    assert after[199] == pytest.approx(10.0), "those before it take so long at least"
    assert after[-1] == 60.0, "and it comes back for sure"
    jobs.release("first")
    assert [key.name for key in jobs.woken] == ["waits-0"]
