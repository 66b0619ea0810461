"""A restore and the deletion of its backup at the same time, in every order of their steps. If these fail, a restore
reads a backup that goes while it runs."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from zilliz_jobs.cloud.effects import NotSent, Taken
from zilliz_jobs.cloud.errors import FenceClosed, NotFound
from zilliz_jobs.cloud.listing import Page, PagedList
from zilliz_jobs.control.backupuse import DEPARTED_SECONDS, BackupUse
from zilliz_jobs.control.inflight import RequestsInFlight
from zilliz_jobs.control.objects import Key
from zilliz_jobs.core.observation import BackupGone, Blocked, DeletionAnswer
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link
from zilliz_jobs.jobs.backupdeletion import BackupDeletion
from zilliz_jobs.jobs.inputs import Inputs
from zilliz_jobs.kinds.base import Account, BackupSource
from zilliz_jobs.telemetry.metrics import Metrics

BACKUP = BackupSource("in01-a", "b1")
MADE_BY = Key("BackupJob", "ns", "nightly")
CONNECTION = Key("ZillizConnection", "ns", "default")
BY_ID = {"backup": {"clusterId": "in01-a", "backupId": "b1"}}
BY_JOB = {"backup": {"backupJobRef": {"name": "nightly"}}}


def reader(spec: dict[str, Any] = BY_ID, uid: str = "r", **status: Any) -> dict[str, Any]:
    meta = {"namespace": "ns", "name": "back", "uid": uid}
    return {"kind": "RestoreJob", "metadata": meta, "spec": spec, "status": status}


@dataclass
class Steps:
    """Two walks, each of which waits before every step until it is its turn."""

    waiting: dict[str, asyncio.Future[None]] = field(default_factory=dict)

    async def turn(self, who: str) -> None:
        self.waiting[who] = asyncio.get_running_loop().create_future()
        await self.waiting[who]

    async def walk(self, order: Iterator[str], **walks: Any) -> None:
        tasks = {name: asyncio.ensure_future(work) for name, work in walks.items()}
        while not all(task.done() for task in tasks.values()):
            for _ in range(20):
                await asyncio.sleep(0)
            ready = [name for name, turn in self.waiting.items() if not turn.done()]
            if not ready:
                continue
            wanted = next(order, ready[0])
            self.waiting[wanted if wanted in ready else ready[0]].set_result(None)
        for task in tasks.values():
            task.result()


class Cloud:
    """One backup. `read`: a restore of it began; `torn`: it was deleted although one runs, or the other way round."""

    def __init__(self, steps: Steps) -> None:
        self.steps, self.there, self.read, self.torn = steps, True, False, False
        self.backups = self

    async def delete(self, cluster: str, name: str, *, token: str, fence: Callable[[], None]) -> Taken | NotSent:
        await self.steps.turn("deletion")
        try:
            fence()
        except FenceClosed as error:
            return NotSent(Reason.NOT_SUBMITTED, str(error))
        await self.steps.turn("deletion")
        self.there, self.torn = False, self.torn or self.read
        return Taken({})

    async def describe(self, cluster: str, name: str) -> Any:
        await self.steps.turn("deletion")
        if not self.there:
            raise NotFound("gone")
        return SimpleNamespace(status="AVAILABLE")

    def paged(self, *, cluster_id: str) -> PagedList[Any]:
        async def fetch(number: int, size: int) -> Page[Any]:
            await self.steps.turn("deletion")
            row = SimpleNamespace(backup_id="b1", status="AVAILABLE", cluster_id="in01-a", creation_method="MANUAL")
            return Page([row] if self.there else [])

        return PagedList(fetch, lambda row: row.backup_id, "GET", "list backups")

    async def restore(self) -> None:
        await self.steps.turn("reader")
        self.read, self.torn = True, self.torn or not self.there


class World:
    def __init__(self) -> None:
        self.steps, self.use = Steps(), BackupUse()
        self.cloud = Cloud(self.steps)
        port: Any = self
        self.deletion = BackupDeletion(port, self.use, RequestsInFlight(), Metrics())
        self.inputs = Inputs(port, port, port, self.use)
        self.answer: DeletionAnswer | None = None
        self.refused: Blocked | None = None

    def link(self, key: Key) -> Link:
        return Link()

    def suspect(self, key: Key) -> bool:
        return False

    async def account(self, key: Key) -> Account:
        session: Any = SimpleNamespace(backups=self.cloud, console=None)
        return Account(session)

    async def delete(self) -> None:
        """As a pass over a schedule does."""
        if self.use.reader_of("b1", MADE_BY):
            return
        self.use.hold("s", {"b1"})
        fence = self.deletion.fence()
        await self.steps.turn("deletion")  # the intent is stored
        self.answer = await self.deletion.delete(CONNECTION, BACKUP, MADE_BY, fence)
        await self.steps.turn("deletion")  # the answer is stored
        stays = isinstance(self.answer, BackupGone) or getattr(self.answer, "sent", True)
        self.use.release("s", {"b1"} if stays else ())

    async def restore(self, spec: dict[str, Any]) -> None:
        """As a pass over a RestoreJob does, from the moment that its object is seen."""
        await self.steps.turn("reader")
        self.use.on_seen(reader(spec))
        await self.steps.turn("reader")  # its pass begins
        self.refused = self.inputs.enter("r", BACKUP)
        if self.refused is None:
            await self.steps.turn("reader")  # its intent is stored
            await self.cloud.restore()


@pytest.mark.parametrize("spec", [BY_ID, BY_JOB])
async def test_in_no_order_are_both_done(spec: dict[str, Any]) -> None:
    ends = set()
    for places in itertools.combinations(range(12), 4):
        world = World()
        order = iter(["reader" if n in places else "deletion" for n in range(12)])
        await world.steps.walk(order, deletion=world.delete(), reader=world.restore(spec))
        cloud = world.cloud
        assert not cloud.torn, f"the restore takes turns {places}"
        assert cloud.there or not cloud.read
        if not cloud.there:
            assert world.refused is not None
            assert world.refused.reason is Reason.BACKUP_DELETED
        elif not cloud.read:
            assert world.inputs.enter("r", BACKUP) is None, "a deletion that was given up stands in nobody's way"
        ends.add((cloud.there, cloud.read))
    assert (False, False) in ends
    assert (True, True) in ends


class TestWhatIsKnown:
    def test_an_object_that_waits_reads_too(self) -> None:
        use = BackupUse()
        use.on_seen(reader(BY_JOB))
        assert "RestoreJob ns/back" in use.reader_of("b1", MADE_BY)
        assert not use.reader_of("b1", Key("BackupJob", "other", "nightly"))
        use.on_seen(reader(BY_JOB, completionTime="2026-11-29T03:00:00Z"))
        assert not use.reader_of("b1", MADE_BY)

    def test_what_was_submitted_reads_the_backup_of_its_record(self) -> None:
        """Its BackupJob may be gone, and another one have the name."""
        use = BackupUse()
        use.on_seen(reader({"adopt": {"jobId": "j"}}, submission={"baseline": {"backup": ["in01-a", "b1"]}}))
        assert use.reader_of("b1")

    def test_the_job_of_a_deleted_object_reads_on_for_a_day(self) -> None:
        now = [0.0]
        use = BackupUse(lambda: now[0])
        use.on_seen(reader(submission={"token": "t"}))
        use.on_gone("r")
        now[0] = DEPARTED_SECONDS - 1
        assert "deleted" in use.reader_of("b1")
        now[0] = DEPARTED_SECONDS
        assert not use.reader_of("b1")

    def test_one_that_never_began_reads_nothing_once_it_is_gone(self) -> None:
        use = BackupUse()
        use.on_seen(reader())
        use.on_gone("r")
        assert not use.reader_of("b1")

    def test_the_intents_of_earlier_processes_are_known(self) -> None:
        use, rows = BackupUse(), [{"backupId": "b1", "state": "Deleting"}, {"backupId": "b2", "state": "Available"}]
        use.recall({"metadata": {"uid": "s"}, "status": {"backups": rows}})
        assert (use.enter("r", "b1"), use.enter("q", "b2")) == (False, True)
        use.recall({"metadata": {"uid": "s"}, "status": {}})
        assert not use.enter("r", "b1"), "a list may be old"
        use.intended("s", [])
        assert use.enter("r", "b1")

    def test_an_old_event_does_not_end_what_a_pass_holds(self) -> None:
        use = BackupUse()
        use.hold("s", {"b1"})
        use.intended("s", [])
        use.dropped("s")
        assert not use.enter("r", "b1")
        use.release("s", None)
        assert not use.enter("r", "b1"), "nobody knows what is stored"
        use.intended("s", [])
        assert use.enter("r", "b1")

    def test_a_backupjob_that_deletes_by_itself_says_so(self) -> None:
        use = BackupUse()
        body = {"kind": "BackupJob", "metadata": {"namespace": "ns", "name": "one", "uid": "j"}, "spec": {}}
        mark = {"backupId": "b1", "backupState": "Deleting"}
        use.on_seen({**body, "status": {"result": mark | {"deletionTime": "2026-11-29T03:00:00Z"}}})
        assert not use.enter("r", "b1")
        use.on_seen({**body, "status": {"result": mark}})
        assert use.enter("q", "b1"), "a schedule's intent is its own record; that one may be gone"
        use.on_seen({**body, "status": {"result": {"backupId": "b1"}}})
        assert use.enter("r", "b1")
