"""The poll plan at work on a cloud in virtual time. If these fail, a job hangs, its end comes late or twice, or the
budget is spent on what nobody needs."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import ceil
from typing import Any

import pytest

from zilliz_jobs.api.jobstatus import JobStatus, State, Submission
from zilliz_jobs.cloud.errors import CloudError, Transient, Unauthorised
from zilliz_jobs.cloud.imports import ImportTarget
from zilliz_jobs.cloud.limiter import Limiter, Priority
from zilliz_jobs.cloud.listing import PAGE_SIZE, Page, PagedList
from zilliz_jobs.cloud.lists import ListId, Source
from zilliz_jobs.control.objects import Key
from zilliz_jobs.core.observation import Missing, Notice, Reading, Seen, Unreadable
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.polling.health import TROUBLE
from zilliz_jobs.polling.jobreader import SAME_READS, STALE_SECONDS
from zilliz_jobs.polling.poller import Poller
from zilliz_jobs.polling.tracked import JobNews, Subject, digest_of, stamp_of

pytestmark = pytest.mark.looptime
LIST = ListId(Source.IMPORTS, "in01-a")
RTT = 0.02
INTERVAL = 30.0
MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def now() -> float:
    return asyncio.get_running_loop().time()


def key(name: str) -> Key:
    return Key("ImportJob", "ns", name)


@dataclass
class Job:
    state: State = State.IN_PROGRESS
    progress: int = 0
    listed: bool = True
    changed_at: float = 0.0


@dataclass(eq=False)
class Cloud:
    """Session and API in one: a list of imports without progress, and a read that tells all."""

    limiter: Limiter = field(default_factory=Limiter)
    jobs: dict[str, Job] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    times: dict[str, list[float]] = field(default_factory=dict)
    list_error: CloudError | None = None
    read_error: Unreadable | None = None
    tells_progress: bool = False
    rank: Priority = Priority.NEED

    @property
    def low_priority(self) -> Cloud:
        return _Patient(self)  # type: ignore[return-value]

    @property
    def imports(self) -> Cloud:
        return self

    def paged(self, _target: ImportTarget) -> PagedList[Any]:
        return PagedList(self.page, lambda row: row["id"], "list", "list imports", "id")

    async def page(self, number: int, size: int, rank: Priority = Priority.POLL) -> Page[Any]:
        await self.call("list", rank)
        if self.list_error is not None:
            raise self.list_error
        listed = [(name, job) for name, job in self.jobs.items() if job.listed]
        rows = [
            {"id": name, "state": job.state} | ({"progress": job.progress} if self.tells_progress else {})
            for name, job in listed[(number - 1) * size : number * size]
        ]
        return Page(rows, size)

    async def read(self, name: str, rank: Priority) -> Reading:
        await self.call("read", rank)
        if self.read_error is not None:
            return self.read_error
        job = self.jobs.get(name)
        return Seen(job.state, progress=job.progress, result={"rows": 7}) if job else Missing()

    async def call(self, route: str, rank: Priority) -> None:
        await self.limiter.slot(route, priority=rank, within=1000)
        self.calls[route] += 1
        self.times.setdefault(route, []).append(now())
        await asyncio.sleep(RTT)


class _Patient:
    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.limiter, self.rank = cloud, cloud.limiter, Priority.POLL
        self.imports = cloud


@dataclass(frozen=True)
class FakeAccount:
    session: Any

    @property
    def low_priority(self) -> FakeAccount:
        return replace(self, session=self.session.low_priority)


class FakeKind:
    budget = "imports"
    is_listed = True

    def listed(self, _account: Any, _spec: Any, status: JobStatus) -> tuple[ListId, str] | None:
        return (LIST, status.job_id or "") if self.is_listed else None

    def shown(self, row: Any, _spec: Any, _status: JobStatus) -> Seen | None:
        return Seen(row["state"], progress=row.get("progress"), whole=False)

    async def read(self, account: Any, _spec: Any, status: JobStatus) -> Reading:
        session = account.session
        cloud = session.cloud if isinstance(session, _Patient) else session
        reading: Reading = await cloud.read(status.job_id or "", session.rank)
        return reading


@dataclass
class Told:
    name: str
    seen: Reading
    at: float
    certain: bool
    patience: float


class Controller:
    """Takes news as the job controller does: records them, and asks for the next look."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.kind = cloud, FakeKind()
        self.statuses: dict[Key, JobStatus] = {}
        self.told: list[Told] = []
        self.strangers: Counter[str] = Counter()
        self.usable = True
        self.slow = self.late = 0.0
        self.tells_all = True  # of what is recorded
        self.poller = Poller(self, least=2.0, progress_interval=5.0)  # type: ignore[arg-type]
        self._tasks: set[asyncio.Task[None]] = set()

    def subject(self, one: Key) -> Subject | None:
        status = self.statuses.get(one)
        return Subject(self.kind, None, status, Key("ZillizConnection", "ns", "c")) if status else None  # type: ignore[arg-type]

    async def account(self, _connection: Key) -> Any:
        return FakeAccount(self.cloud) if self.usable else None

    def behind(self) -> float:
        return self.late

    def stranger(self, row_id: str, _row: Any) -> None:
        self.strangers[row_id] += 1

    def tell(self, one: Key, news: JobNews) -> None:
        self.told.append(Told(one.name, news.seen, now(), news.certain, news.patience))
        task = asyncio.create_task(self._record(one, news.seen))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _record(self, one: Key, seen: Reading) -> None:
        await asyncio.sleep(self.slow)
        status = self.statuses.get(one)
        if status is None:
            return
        if isinstance(seen, Seen) and seen.state:
            status = status.but(
                state=seen.state, result_pending=True if seen.state.finished and not seen.whole else None
            )
            if seen.state.finished and seen.whole:
                self.let_go(one)
                return
        self.statuses[one] = status
        self.follow(
            one.name, look=0.0 if status.result_pending else INTERVAL, stored=seen if self.tells_all else None
        )

    def follow(self, name: str, *, look: float = INTERVAL, stored: Reading | None = None) -> None:
        if key(name) not in self.statuses:
            record = Submission(token="t", handle={"jobId": name})
            self.statuses[key(name)] = JobStatus(state=State.IN_PROGRESS, job_id=name, submission=record)
        subject = self.subject(key(name))
        assert subject is not None
        self.poller.follow(key(name), subject, FakeAccount(self.cloud), look, stored)  # type: ignore[arg-type]

    def let_go(self, one: Key) -> None:
        self.poller.unfollow(one)
        self.statuses.pop(one, None)

    def of(self, name: str) -> list[Reading]:
        return [told.seen for told in self.told if told.name == name]


@asynccontextmanager
async def world(count: int = 0) -> AsyncIterator[Controller]:
    controller = Controller(Cloud(jobs={f"job-{n}": Job() for n in range(count)}))
    for n in range(count):
        controller.follow(f"job-{n}")
    try:
        yield controller
    finally:
        await controller.poller.close()


def end(controller: Controller, *names: str, state: State = State.SUCCESSFUL) -> None:
    for name in names:
        controller.cloud.jobs[name] = Job(state, 100, changed_at=now())


async def until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = now() + seconds
    while not holds():
        assert now() < deadline, "it did not come in time"
        await asyncio.sleep(0.01)


# -- freshness


async def test_one_job_is_read_when_its_time_has_come_and_no_list_is_asked_for_it() -> None:
    async with world(1) as w:
        await asyncio.sleep(INTERVAL + 1)
        assert w.of("job-0") == [Seen(State.IN_PROGRESS, progress=0, result={"rows": 7})]
        assert w.cloud.calls == {"read": 1}


async def test_a_read_that_shows_nothing_new_is_told_seldom() -> None:
    async with world(1) as w:
        await asyncio.sleep(10 * INTERVAL + 1)
        assert w.cloud.calls["read"] == 10, "it is read as before"
        assert len(w.told) == ceil(10 / SAME_READS)
        w.cloud.jobs["job-0"].progress = 7
        await asyncio.sleep(INTERVAL + 1)
        assert w.of("job-0")[-1] == Seen(State.IN_PROGRESS, progress=7, result={"rows": 7})
        end(w, "job-0")
        await until(lambda: not w.statuses, INTERVAL + 1)


@pytest.mark.parametrize(
    "change",
    [
        {"progress": 8},
        {"state": State.PENDING},
        {"cloud_status": "Committing"},
        {"message": "waits"},
        {"message": "half of a pair: \ud83d"},
        {"canceling": True},
        {"start_time": MOMENT},
        {"created_by": "somebody"},
        {"result": {"rows": 8}},
        {"notices": (Notice(Reason.CLOUD_UNREACHABLE, "the row has no size"),)},
        {"job_id": "job-2"},
    ],
    ids=repr,
)
def test_whatever_a_status_tells_makes_another_digest(change: dict[str, Any]) -> None:
    seen = Seen(State.IN_PROGRESS, progress=7, result={"rows": 7})
    assert digest_of(seen) == digest_of(replace(seen)) != b""
    assert digest_of(replace(seen, **change)) not in (b"", digest_of(seen))


def test_an_estimate_makes_no_other_digest_and_what_is_no_whole_view_of_a_job_at_work_has_none() -> None:
    seen = Seen(State.IN_PROGRESS, progress=7)
    assert digest_of(replace(seen, estimated_end=MOMENT)) == digest_of(seen)
    others = [replace(seen, whole=False), replace(seen, state=None), replace(seen, state=State.SUCCESSFUL)]
    assert [digest_of(other) for other in (*others, Missing(), Unreadable(Reason.CLOUD_UNREACHABLE, ""))] == [b""] * 5


async def test_what_is_not_stored_whole_is_told_until_it_is() -> None:
    async with world(1) as w:
        w.tells_all = False
        await asyncio.sleep(5 * INTERVAL + 1)
        assert len(w.told) == w.cloud.calls["read"] == 5


@pytest.mark.parametrize("between", ["unreadable", "missing", "a pass for another reason", "another submission"])
async def test_after_anything_else_the_same_is_news_again(between: str) -> None:
    async with world(1) as w:
        await asyncio.sleep(2 * INTERVAL + 1)
        assert len(w.told) == 1
        match between:
            case "unreadable":
                w.cloud.read_error = Unreadable(Reason.PROTOCOL_MISMATCH, "no JSON")
                await asyncio.sleep(INTERVAL)
                w.cloud.read_error = None
            case "missing":
                gone = w.cloud.jobs.pop("job-0")
                await asyncio.sleep(INTERVAL)
                w.cloud.jobs["job-0"] = gone
            case "a pass for another reason":
                w.follow("job-0")
            case _:
                record = Submission(token="u", handle={"jobId": "job-0"})
                w.statuses[key("job-0")] = w.statuses[key("job-0")].but(submission=record)
                w.follow("job-0")
        w.told.clear()
        await asyncio.sleep(INTERVAL + 1)
        assert w.of("job-0") == [Seen(State.IN_PROGRESS, progress=0, result={"rows": 7})]


async def test_many_jobs_are_seen_through_their_list() -> None:
    async with world(1_000) as w:
        await asyncio.sleep(5)
        w.cloud.calls.clear()
        end(w, "job-7", "job-500", "job-999")
        await until(lambda: len(w.statuses) == 997, 3.5)
        assert [type(told.seen) for told in w.told] == [Seen] * 3
        assert all(isinstance(told.seen, Seen) and told.seen.whole and told.seen.result for told in w.told)
        assert w.cloud.calls["read"] == 3


async def test_what_did_not_change_is_no_news() -> None:
    async with world(300) as w:
        await asyncio.sleep(20)
        assert w.told == []
        assert w.cloud.calls["list"] <= 3 * 11


async def test_five_thousand_are_seen_at_the_pace_of_the_budget_and_no_faster() -> None:
    async with world(5_000) as w:
        await asyncio.sleep(10)
        for n in range(100):
            end(w, f"job-{n * 50}")
            await asyncio.sleep(0.1)
        await asyncio.sleep(4)
        delays = [told.at - 10 - 0.1 * int(told.name[4:]) / 50 for told in w.told if isinstance(told.seen, Seen)]
        assert len(delays) >= 100
        assert max(delays) < 1.2 * 2.5
        for route, times in w.cloud.times.items():
            assert max(sum(a <= t < a + 1 for t in times) for a in times[::20]) <= 20, route


async def test_a_burst_of_ends_is_told_at_once_and_the_results_follow() -> None:
    async with world(1_000) as w:
        await asyncio.sleep(5)
        end(w, *(f"job-{n}" for n in range(400)))
        began = now()
        await until(lambda: sum(s.result_pending is True for s in w.statuses.values()) > 350, 3.5)
        await until(lambda: len(w.statuses) == 600, 400 / 18 + 5)
        assert now() - began > 15, "one read each, at the pace of the budget"
        for n in range(400):
            readings = w.of(f"job-{n}")
            assert [s.whole for s in readings if isinstance(s, Seen)] in ([True], [False, True]), (
                "no end is told twice"
            )


async def test_a_small_burst_costs_one_word_for_each_end() -> None:
    async with world(1_000) as w:
        await asyncio.sleep(5)
        end(w, *(f"job-{n * 30}" for n in range(30)))
        await until(lambda: len(w.statuses) == 970, 6)
        assert [told.seen.whole for told in w.told if isinstance(told.seen, Seen)] == [True] * 30


async def test_in_a_burst_nobody_waits_for_the_results_of_others() -> None:
    async with world(5_000) as w:
        await asyncio.sleep(10)
        began = now()
        end(w, *(f"job-{n * 10}" for n in range(500)))
        await asyncio.sleep(5)
        first = {}
        for told in w.told:
            first.setdefault(told.name, told.at - began)
        assert len(first) == 500
        assert max(first.values()) < 1.2 * 2.5


async def test_a_look_that_waits_for_its_turn_does_not_hold_up_an_end() -> None:
    """Results of other jobs go first in the line of reads, for as many seconds as there are of them."""
    async with world(300) as w:
        await asyncio.sleep(5)
        entry = next(iter(w.poller._key_pollers.values())).index.followed[key("job-7")]
        jobs = next(iter(w.poller._key_pollers.values()))._jobs
        w.cloud.limiter.pause(0.01)
        blocked = [
            asyncio.create_task(w.cloud.limiter.slot("read", priority=Priority.NEED, within=1000)) for _ in range(400)
        ]
        jobs.read_soon(entry)
        await asyncio.sleep(0.1)
        end(w, "job-7", *(f"job-{n}" for n in range(100, 200)))
        await until(lambda: bool(w.of("job-7")), 4)
        for task in blocked:
            task.cancel()


async def test_the_progress_that_a_list_tells_needs_no_reads_and_is_told_now_and_then() -> None:
    async with world(500) as w:
        w.cloud.tells_progress = True
        await asyncio.sleep(6)
        w.told.clear()
        for percent in range(20):
            for job in w.cloud.jobs.values():
                job.progress = percent + 1
            await asyncio.sleep(2)
        assert w.cloud.calls["read"] <= 2
        # 500 jobs, 50 writes a second for all of them: each at most every ten seconds
        assert 500 * 3 <= len(w.told) <= 500 * 5


async def test_the_later_news_is_recorded_the_less_is_told_of_mere_progress() -> None:
    async with world(500) as w:
        w.cloud.tells_progress, w.late = True, 3.0
        await asyncio.sleep(6)
        w.told.clear()
        for percent in range(40):
            for job in w.cloud.jobs.values():
                job.progress = percent + 1
            await asyncio.sleep(2)
        assert 500 <= len(w.told) <= 500 * 3, "each every forty seconds, not every ten"
        end(w, "job-7")
        await until(lambda: key("job-7") not in w.statuses, 5)


async def test_an_end_waits_for_nothing_a_new_state_for_little_and_progress_for_all() -> None:
    async with world(50) as w:
        w.cloud.tells_progress = True
        await asyncio.sleep(6)
        w.told.clear()
        w.cloud.jobs["job-1"].state = State.PENDING
        w.cloud.jobs["job-2"].progress = 50
        end(w, "job-3")
        await until(lambda: len({told.name for told in w.told}) == 3, 20)
        patience = {told.name: told.patience for told in w.told}
        assert patience["job-3"] == 0 < patience["job-1"] < patience["job-2"]


async def test_progress_that_no_list_tells_is_read_within_the_budget() -> None:
    async with world(100) as w:
        w.tells_all = False
        await asyncio.sleep(200)
        assert all(len(w.of(name)) >= 2 for name in w.cloud.jobs)
        assert w.cloud.calls["read"] <= 300


# -- what a list does not show


async def test_a_job_that_is_on_no_list_is_read_by_itself() -> None:
    async with world(200) as w:
        w.cloud.jobs["job-3"].listed = False
        await asyncio.sleep(3 * INTERVAL)
        assert w.of("job-3")
        w.cloud.jobs["job-3"].state = State.SUCCESSFUL
        await until(lambda: key("job-3") not in w.statuses, INTERVAL + 3)


async def test_one_that_is_missing_does_not_make_every_reading_go_to_the_end() -> None:
    """Two jobs on the first page of a thousand rows, and one that the list forgot."""
    async with world() as w:
        w.cloud.jobs |= {f"job-{n}": Job() for n in range(1_000)}
        for n in range(20):
            w.follow(f"job-{n}", look=2.0)
        w.cloud.jobs["job-19"].listed = False
        await asyncio.sleep(30)
        w.cloud.calls.clear()
        await asyncio.sleep(30)
        assert w.cloud.calls["list"] <= 16


async def test_a_job_that_the_cloud_forgot_is_told_of() -> None:
    async with world(50) as w:
        del w.cloud.jobs["job-3"]
        await until(lambda: w.of("job-3") == [Missing()], INTERVAL + 10)


async def test_a_row_that_shows_the_job_but_not_how_it_is_leads_to_a_read() -> None:
    async with world(50) as w:
        w.kind.shown = lambda *_: None  # type: ignore[method-assign]
        await asyncio.sleep(5)
        assert {told.name for told in w.told} == set(w.cloud.jobs)


async def test_rows_of_strangers_are_handed_on() -> None:
    async with world(20) as w:
        w.cloud.jobs["foreign"] = Job()
        w.cloud.jobs = dict(sorted(w.cloud.jobs.items()))  # it comes first
        await asyncio.sleep(5)
        assert w.strangers["foreign"] >= 1
        assert set(w.strangers) == {"foreign"}


# -- nothing is mixed up, nothing hangs


async def test_what_was_seen_of_one_submission_is_never_told_of_the_next() -> None:
    """Retried in place, the job keeps its id; a page that was asked for before still shows the old end."""
    async with world(200) as w:
        await asyncio.sleep(5)
        end(w, "job-1", state=State.FAILED)
        one = key("job-1")
        w.statuses[one] = w.statuses[one].but(submission=Submission(token="t2", handle={"jobId": "job-1"}))
        await asyncio.sleep(2.5)
        assert w.of("job-1") == []
        w.cloud.jobs["job-1"].state = State.IN_PROGRESS
        w.follow("job-1")
        await asyncio.sleep(INTERVAL * 4)
        assert {s.state for s in w.of("job-1") if isinstance(s, Seen)} <= {State.IN_PROGRESS}


async def test_a_page_that_was_asked_for_before_the_job_was_followed_says_nothing_of_it() -> None:
    async with world(2_000) as w:
        await asyncio.sleep(3.02)  # within a reading
        w.cloud.jobs["late"] = Job(State.SUCCESSFUL, 100)
        w.follow("late")
        entry = w.poller._at[key("late")].index.followed[key("late")]
        await asyncio.sleep(0.3)
        assert entry.look.listed_at == float("-inf") or entry.look.listed_at >= entry.look.since


async def test_while_a_look_is_being_recorded_there_is_no_second() -> None:
    async with world(3) as w:
        w.slow = 100.0
        await asyncio.sleep(5 * INTERVAL)
        assert all(len(w.of(name)) == 1 for name in w.cloud.jobs)


async def test_who_is_let_go_is_not_asked_for_any_more() -> None:
    async with world(3) as w:
        for name in list(w.cloud.jobs):
            w.let_go(key(name))
        await asyncio.sleep(100)
        assert (w.cloud.calls, len(w.poller)) == ({}, 0)


async def test_reads_that_wait_for_their_slot_are_called_off_with_their_job() -> None:
    """A key that was revoked would be tried once more for each job in the line."""
    async with world() as w:
        w.kind.is_listed = False
        w.cloud.limiter.set_rate(1)
        w.cloud.jobs |= {f"job-{n}": Job() for n in range(9)}
        for name in w.cloud.jobs:
            w.follow(name, look=0.0)
        await asyncio.sleep(0.1)
        for name in w.cloud.jobs:
            w.let_go(key(name))
        await asyncio.sleep(60)
        assert w.cloud.calls["read"] <= 1


async def test_when_a_list_has_too_few_left_to_be_worth_it_the_last_one_is_still_looked_at() -> None:
    async with world(3) as w:
        w.cloud.tells_progress = True
        await asyncio.sleep(40)
        end(w, "job-0", "job-1")
        await until(lambda: len(w.statuses) == 1, 40)
        end(w, "job-2")
        await until(lambda: not w.statuses, 100)


async def test_the_plan_goes_on_after_a_step_that_failed(caplog: pytest.LogCaptureFixture) -> None:
    async with world() as w:
        w.kind.is_listed = False
        for name in ("job-0", "job-1"):
            w.cloud.jobs[name] = Job()
            w.follow(name)
        key_poller = next(iter(w.poller._key_pollers.values()))
        key_poller._next_few, whole = lambda: 1 / 0, key_poller._next_few  # type: ignore[assignment, return-value]
        await asyncio.sleep(INTERVAL + 2)
        assert "should not happen" in caplog.text
        key_poller._next_few = whole  # type: ignore[method-assign]
        await asyncio.sleep(5)
        assert len(w.told) == 2
        assert w.poller.alive


# -- trouble


async def test_a_list_that_fails_leaves_its_jobs_to_single_reads_and_comes_back() -> None:
    async with world(200) as w:
        await asyncio.sleep(5)
        w.cloud.list_error = Transient("HTTP 500")
        end(w, "job-9")
        await until(lambda: key("job-9") not in w.statuses, INTERVAL + 15)
        assert w.cloud.calls["read"] >= 5
        w.cloud.list_error = None
        await asyncio.sleep(70)
        end(w, "job-10")
        await until(lambda: key("job-10") not in w.statuses, 4)


async def test_while_the_cloud_is_out_of_reach_it_is_asked_seldom_and_every_job_says_so_once() -> None:
    async with world(400) as w:
        await asyncio.sleep(5)
        w.cloud.list_error = Transient("HTTP 502")
        w.cloud.read_error = Unreadable(Reason.CLOUD_UNREACHABLE, "HTTP 502")
        await asyncio.sleep(INTERVAL + STALE_SECONDS + 90)
        complaints = Counter(told.name for told in w.told if told.certain)
        assert set(complaints) == set(w.cloud.jobs)
        assert set(complaints.values()) == {1}
        w.cloud.calls.clear()
        await asyncio.sleep(60)
        assert w.cloud.calls.total() <= 8
        w.cloud.list_error = w.cloud.read_error = None
        end(w, "job-9")
        w.told.clear()
        await asyncio.sleep(65)
        assert key("job-9") not in w.statuses
        assert {told.name for told in w.told} == set(w.cloud.jobs), "and each takes it back"
        assert TROUBLE >= 2, "one failure is no trouble"


async def test_a_full_budget_is_no_trouble_of_the_cloud() -> None:
    async with world(5) as w:
        w.kind.is_listed = False
        w.cloud.read_error = Unreadable(Reason.RATE_LIMITED, "budget", 5.0)
        await asyncio.sleep(300)
        assert not any(told.certain for told in w.told)


async def test_a_pause_that_the_cloud_asks_for_is_kept() -> None:
    async with world(100) as w:
        await asyncio.sleep(5)
        w.cloud.limiter.pause(60)
        w.cloud.calls.clear()
        await asyncio.sleep(59)
        assert w.cloud.calls.total() == 0
        await asyncio.sleep(10)
        assert w.cloud.calls["list"] >= 1


async def test_a_rejected_key_is_told_to_one_job_at_a_time_and_not_to_all() -> None:
    async with world(100) as w:
        await asyncio.sleep(5)
        w.cloud.list_error = Unauthorised("no such key")
        await asyncio.sleep(3)
        rejected = [t for t in w.told if isinstance(t.seen, Unreadable) and t.seen.reason is Reason.KEY_REJECTED]
        assert 1 <= len(rejected) <= 2


async def test_a_connection_that_cannot_be_used_costs_no_calls() -> None:
    async with world(1) as w:
        w.usable = False
        await asyncio.sleep(100)
        assert w.cloud.calls == {}


# -- keys and whole lists


async def test_a_new_key_takes_its_jobs_along_and_the_old_one_is_asked_no_more() -> None:
    async with world(20) as w:
        await asyncio.sleep(5)
        old = w.cloud
        w.cloud = Cloud(jobs=old.jobs)
        for name in old.jobs:
            w.follow(name)
        old.calls.clear()
        await asyncio.sleep(60)
        assert old.calls == {}
        assert w.cloud.calls["list"] > 0
        assert len(w.poller._key_pollers) == 1


async def test_two_keys_have_a_plan_each() -> None:
    async with world(20) as w:
        first, w.cloud = w.cloud, Cloud(jobs={f"other-{n}": Job() for n in range(20)})
        for name in w.cloud.jobs:
            w.follow(name)
        await asyncio.sleep(10)
        assert first.calls["list"] > 0
        assert w.cloud.calls["list"] > 0


async def test_a_whole_list_is_read_for_who_wants_it_and_shared_by_all_who_do() -> None:
    async with world() as w:
        w.cloud.jobs |= {f"job-{n}": Job() for n in range(950)}
        account: Any = FakeAccount(w.cloud)
        one, two = await asyncio.gather(*(w.poller.whole(account, LIST) for _ in range(2)))
        assert one is two
        assert [row.id for row in one.rows] == list(w.cloud.jobs)
        assert (one.calls, w.cloud.calls["list"]) == (10, 10)
        assert one.rows[0].raw == {"id": "job-0", "state": State.IN_PROGRESS}


async def test_it_begins_after_it_was_asked_for() -> None:
    """A page that was read before says nothing of what happened in between."""
    async with world(5 * PAGE_SIZE - 1) as w:
        await asyncio.sleep(4.1)
        w.cloud.jobs["new"] = Job()
        w.cloud.jobs = {"new": Job(), **w.cloud.jobs}
        listing = await w.poller.whole(FakeAccount(w.cloud), LIST)  # type: ignore[arg-type]
        assert "new" in {row.id for row in listing.rows}
        assert listing.asked_at >= 4.1


async def test_a_whole_list_that_fails_says_so() -> None:
    async with world() as w:
        w.cloud.list_error = Transient("HTTP 500")
        with pytest.raises(Transient):
            await w.poller.whole(FakeAccount(w.cloud), LIST)  # type: ignore[arg-type]
        w.cloud.list_error = None
        assert (await w.poller.whole(FakeAccount(w.cloud), LIST)).rows == ()  # type: ignore[arg-type]


async def test_who_waits_for_a_list_when_all_ends_gets_an_error_and_is_not_cancelled() -> None:
    """A cancelled wait would end the worker that waits."""
    async with world() as w:
        w.cloud.jobs |= {f"job-{n}": Job() for n in range(950)}
        account: Any = FakeAccount(w.cloud)
        reading = asyncio.create_task(w.poller.whole(account, LIST))
        await asyncio.sleep(0.2)
        waiting = asyncio.create_task(w.poller.whole(account, LIST))
        await asyncio.sleep(0.01)
        await w.poller.close()
        for wait in (reading, waiting):
            with pytest.raises(Transient):
                await wait


async def test_a_key_that_nobody_follows_a_job_with_is_not_idle_while_its_list_is_read() -> None:
    async with world() as w:
        w.cloud.jobs |= {f"job-{n}": Job() for n in range(950)}
        reading = asyncio.create_task(w.poller.whole(FakeAccount(w.cloud), LIST))  # type: ignore[arg-type]
        await asyncio.sleep(0.2)
        first, w.cloud = w.cloud, Cloud(jobs={"other": Job()})
        w.follow("other")
        w.let_go(key("other"))
        assert len((await reading).rows) == len(first.jobs)


async def test_a_reading_for_the_whole_also_serves_the_jobs() -> None:
    async with world(1_000) as w:
        await asyncio.sleep(5)
        end(w, "job-990")
        await w.poller.whole(FakeAccount(w.cloud), LIST)  # type: ignore[arg-type]
        await asyncio.sleep(0.5)
        assert key("job-990") not in w.statuses


def test_a_stamp_tells_submissions_apart() -> None:
    first = JobStatus(submission=Submission(token="a", handle={"jobId": "1"}))
    assert stamp_of(first) == stamp_of(first.but(progress_percent=50))
    for other in (Submission(token="b", handle={"jobId": "1"}), Submission(token="a", handle={"jobId": "2"})):
        assert stamp_of(first) != stamp_of(first.but(submission=other))
