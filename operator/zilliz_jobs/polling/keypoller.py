"""All reads with one API key at one endpoint, whatever the number of connections that share the key.

    plan -> readings of lists and reads of jobs, within the budget -> news of jobs that changed -> plan

The plan is pure (`pollplan`); it is carried out here. What was seen goes to the jobs' controller as news, and the job
is read again after the controller has recorded that.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Iterator, Mapping
from math import inf

from zilliz_jobs.cloud.limiter import CLOCK_STEP, Limiter
from zilliz_jobs.cloud.lists import ListId
from zilliz_jobs.control.objects import Key
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.polling.health import Health
from zilliz_jobs.polling.jobreader import JobReader, Ports
from zilliz_jobs.polling.listreader import ListReader
from zilliz_jobs.polling.lists import Listing
from zilliz_jobs.polling.pollindex import PollIndex
from zilliz_jobs.polling.pollplan import due_reads, due_sweeps
from zilliz_jobs.polling.tracked import TrackedJob

HORIZON = 0.5  # seconds of reads that are planned at once
GLANCE = 2_000  # jobs that one planning considers, so that it never blocks the event loop for long
PLANNING_SHARE = 100  # the pause between two plannings is at least so many times the processor time of one
MAX_SWEEPS = 4  # lists that are read at the same time
MAX_REST = 30.0  # seconds between two plannings at most, so that an error in the plan delays a job, and no more

log = logging.getLogger(__name__)


class KeyPoller:
    """Reads jobs and lists with one API key at one endpoint, by a task of its own. `least`: shortest interval between
    two reads of one job or list, in seconds; `progress_interval`: seconds between two news of mere progress of one
    job."""

    def __init__(self, limiter: Limiter, ports: Ports, *, least: float, progress_interval: float) -> None:
        self.index = PollIndex()
        self._limiter, self._least, self._health = limiter, least, Health()
        self._jobs = JobReader(limiter, ports, self.index, self._health, least=least, wake=self._wake)
        self._lists = ListReader(
            self.index, self._jobs, self._health, progress_interval=progress_interval, ended=self._list_read
        )
        self._round: Iterator[TrackedJob] = iter(())
        self._reads_at, self._not_before = -inf, -inf
        self._progress_from: Mapping[str, float] = {}
        self._changed = asyncio.Event()
        self.task = asyncio.create_task(self._run(), name="polls")

    @property
    def is_idle(self) -> bool:
        """Whether it follows no job and no reading of a list is awaited."""
        return not self.index.followed and not self._lists.is_awaited

    def close(self) -> list[asyncio.Task[None]]:
        """Cancel everything; returns the tasks whose end must be awaited."""
        tasks = [self.task, *self._jobs.reads, *self._lists.readings]
        for task in tasks:
            task.cancel()
        self._lists.give_up()
        return tasks

    def add(self, entry: TrackedJob, account: Account) -> None:
        """Follow a job. `account`: with which its list is read."""
        self.index.add(entry, account)
        self._wake(entry.look.due)

    def remove(self, key: Key) -> None:
        """Follow the job no longer. Idempotent."""
        if (entry := self.index.remove(key)) is not None:
            self._jobs.call_off(entry)
            self._jobs.forget_end(entry)
        self._wake(_now())  # a list that is read for fewer jobs may not be read for them any more

    def attends(self, key: Key) -> bool:
        """Whether the job is being read, or has a time for its next read."""
        entry = self.index.followed.get(key)
        return entry is not None and (not entry.look.busy or entry.read is not None)

    def recorded(self, entry: TrackedJob, interval: float, due: float) -> None:
        """What was told of the job is stored: read it at `due` (loop time), and then every `interval` seconds."""
        self.index.recorded(entry, interval, due)
        self._wake(due)

    async def whole(self, account: Account, list_id: ListId) -> Listing:
        """The whole list, from a reading that begins after this call. Raises CloudError."""
        waiter = self._lists.wait_for(self.index.list_state(list_id, account))
        self._changed.set()
        return await waiter

    def _list_read(self) -> None:
        self._wake(_now())
        self._changed.set()

    def _wake(self, at: float) -> None:
        """Plan again at this time. Many calls lead to one planning, and planning takes a small share of the time."""
        at = max(at, self._not_before)
        if at < self._reads_at:
            self._reads_at = at
            self._changed.set()

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            try:
                again = self._step(_now() + CLOCK_STEP)
            except Exception:
                log.exception("the plan of the polls failed, which should not happen")
                again = _now() + 1.0
            try:
                async with asyncio.timeout_at(None if again == inf else again):
                    await self._changed.wait()
            except TimeoutError:
                pass

    def _step(self, now: float) -> float:
        """Begin the reads that are due; returns the time of the next step."""
        if (pause := self._limiter.paused_for) > 0:
            return now + pause
        list_states = self.index.list_states
        sweeps = due_sweeps(list_states.values(), now, least=self._least)
        free = max(0, MAX_SWEEPS - sum(list_state.running for list_state in list_states.values()))
        for list_id in sweeps.lists[:free]:
            self._lists.begin(list_states[list_id])
        if now >= self._reads_at:
            self._plan_reads(now)
        return min(sweeps.again, self._reads_at)

    def _plan_reads(self, now: float) -> None:
        began = time.thread_time()
        entries = self._next_few()
        reads = due_reads(
            [entry.look for entry in entries],
            self.index.list_states,
            now,
            pace=self._limiter.pace,
            horizon=HORIZON,
            in_flight=self._jobs.in_flight,
            progress_from=self._progress_from,
        )
        self._progress_from = reads.progress_from
        jobs, again = reads.jobs, reads.again
        if again <= now or len(entries) < len(self.index.followed):
            again = now + HORIZON
        if self._health.is_bad:  # one at a time, to learn when it is over
            jobs, again = jobs[: max(0, 1 - self._jobs.in_flight.total())], now + self._health.pause
            self._jobs.complain(entries, now)
        for key in jobs:
            self._jobs.read_soon(self.index.followed[key])
        self._not_before = now + PLANNING_SHARE * (time.thread_time() - began)
        self._reads_at = max(min(again, now + MAX_REST), self._not_before)

    def _next_few(self) -> list[TrackedJob]:
        """The next jobs in a round through all of them."""
        batch = list(itertools.islice(self._round, GLANCE))
        if len(batch) < min(GLANCE, len(self.index.followed)):
            self._round = iter([*self.index.followed.values()])
            batch += itertools.islice(self._round, GLANCE - len(batch))
        return list({id(entry): entry for entry in batch if self.index.is_current(entry)}.values())


def _now() -> float:
    return asyncio.get_running_loop().time()
