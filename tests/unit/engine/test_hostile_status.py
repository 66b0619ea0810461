"""People and tools write into a status. If these fail, a job is submitted a second time, or the operator spins."""

from __future__ import annotations

import asyncio
import copy
import json
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.examples import examples
from tests.unit.engine.fakes import backup
from tests.unit.engine.hall import CloudKind, hall, place
from tests.unit.jobs.test_reconciler import Bench

from zilliz_jobs.api.backupjob import BACKUP_JOB
from zilliz_jobs.api.crd import crd
from zilliz_jobs.control.objects import FINALIZER, key_of
from zilliz_jobs.core.observation import Missing, Undecided, Unreadable
from zilliz_jobs.core.read_status import RecordError
from zilliz_jobs.core.reasons import Reason

NASTY = st.sampled_from(
    [
        "",
        "x" * 5000,
        "\u202ekcab",
        "\x00",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:00",
        "yesterday",
        "2026-03-01T12:00:00Z",
        "True",
        "Submitted",
        "Sending",
        "NotSent",
        "Absent",
        "Unknown",
        "Answered",
        "Successful",
        "Failed",
        "Requested",
        "Accepted",
        "job-1",
        "t=adopt:job-2",
    ]
)
WHOLE = st.sampled_from([-(2**63), -1, 0, 1, 3, 2**31, 2**63 - 1])
ANY = st.recursive(
    st.none() | st.booleans() | WHOLE | st.floats(allow_nan=False) | NASTY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NASTY, inner, max_size=3),
    max_leaves=5,
)


def of(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that the schema takes."""
    match schema.get("type"):
        case "object" if "properties" in schema:
            required = set(schema.get("required") or ())
            parts = {name: of(part) for name, part in schema["properties"].items()}
            return st.fixed_dictionaries(
                {name: part for name, part in parts.items() if name in required},
                optional={name: part for name, part in parts.items() if name not in required},
            )
        case "object":
            inner = schema.get("additionalProperties")
            return st.dictionaries(NASTY, of(inner) if isinstance(inner, dict) else NASTY, max_size=2)
        case "array":
            return st.lists(of(schema["items"]), max_size=2)
        case "integer":
            return WHOLE
        case "boolean":
            return st.booleans()
        case _:
            return NASTY


VERSION = crd(BACKUP_JOB)["spec"]["versions"][0]
STATUS = VERSION["schema"]["openAPIV3Schema"]["properties"]["status"]
VALID = of(STATUS)
TOP = st.sampled_from(sorted(STATUS["properties"]))
DAMAGED = st.tuples(VALID, st.dictionaries(TOP, ANY, max_size=3)).map(lambda two: two[0] | two[1])


def told_of(status: dict[str, Any]) -> bool:
    """Whether the status speaks of a job, or of a request whose fate is open."""
    record = status.get("submission")
    disproved = isinstance(record, dict) and record.get("evidence") in ("NotSent", "Absent")
    return bool(status.get("jobId") or status.get("completionTime") or (record is not None and not disproved))


def asked_again(status: dict[str, Any]) -> bool:
    """Whether a person asked for a second submission, in that very status."""
    return any(isinstance(status.get(name), dict) for name in ("retry", "resolution"))


def run(status: dict[str, Any]) -> Bench:
    bench = Bench(
        backup(status=status),
        look=[Undecided("nothing can tell")] * 40,
        read=[Unreadable(Reason.CLOUD_UNREACHABLE, "down"), *([Missing()] * 40)],
    )

    async def passes() -> None:
        for _ in range(4):
            if bench.shelf.body is None:
                return
            try:
                result = await bench.reconcile()
            except RecordError:
                assert bench.writes == [], "an object whose record cannot be read is left alone"
                return
            assert result.wake is None or result.wake >= 0.5, "it must not spin"
            bench.later(60)

    asyncio.run(passes())
    return bench


@examples(250)
@given(VALID | DAMAGED)
def test_no_status_stops_a_pass_nor_leads_to_a_second_submission(status):
    bench = run(status)
    assert "POST" not in bench.story or not told_of(status) or asked_again(status), bench.story
    assert len(bench.story) < 60
    written = (bench.shelf.body or {}).get("status") or {}
    assert len(json.dumps(written)) < 65536 + 2 * len(json.dumps(status))


T = "2026-03-01T11:59:00Z"
SENT: Any = {"token": "t", "holder": "h", "sends": 1, "intentTime": T, "cloudTime": T, "lookSince": T}
SOUND: dict[str, dict[str, Any]] = {
    "open": {"state": "Pending", "submission": SENT | {"evidence": "Sending", "absentSince": T}},
    "unknown": {"state": "Pending", "submission": SENT | {"evidence": "Unknown"}},
    "followed": {
        "state": "InProgress",
        "jobId": "job-1",
        "startTime": T,
        "lastProgressTime": T,
        "estimatedCompletionTime": T,
        "submission": SENT
        | {"evidence": "Answered", "handle": {"jobId": "job-1"}, "missingSince": T, "cancelTime": T},
        "attempts": [{"number": 1, "jobId": "job-1", "state": "InProgress", "startTime": T, "notBefore": T}],
        "cancel": {"token": "c", "time": T, "outcome": "Requested"},
    },
    "ended": {
        "state": "Failed",
        "completionTime": T,
        "submission": SENT | {"evidence": "Answered", "handle": {"jobId": "job-1"}},
        "attempts": [{"number": 1, "jobId": "job-1", "completionTime": T, "state": "Failed"}],
        "conditions": [{"type": "Finished", "status": "True", "lastTransitionTime": T}],
    },
}
VALUES: list[Any] = [
    None,
    "",
    "odd",
    "x" * 5000,
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-23:00",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:00",
    -(2**63),
    2**63,
    1.5,
    True,
    [],
    {},
    [[[]]],
    {"a": {"b": []}},
    [None],
]


def damages(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something can be wrong: every place in the status."""
    inner: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([at] if at else []), *(place for key, part in inner for place in damages(part, (*at, key)))]


def damaged(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    if not at:
        return new
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[at[0]] = damaged(value[at[0]], at[1:], new)
    return copied


@pytest.mark.parametrize("name", SOUND)
@pytest.mark.parametrize("value", VALUES, ids=lambda v: repr(v)[:24])
def test_one_thing_wrong_anywhere_in_a_sound_status_is_no_second_submission(name, value):
    for at in damages(SOUND[name]):
        bench = run(damaged(SOUND[name], at, value))
        # A record that is taken away without a trace cannot be told from one that was never there.
        if at != ("submission",) or value is not None:
            assert "POST" not in bench.story, (at, bench.story)


@pytest.mark.looptime
class TestTheOperator:
    BROKEN: ClassVar[dict[str, Any]] = {"state": "InProgress", "submission": {"token": "t", "evidence": "Answered"}}

    async def test_a_record_that_cannot_be_read_is_told_once_and_the_object_left_alone_for_an_hour(self, monkeypatch):
        async with hall(monkeypatch) as stage:
            stage.job("one", status=self.BROKEN)
            await asyncio.sleep(3500)
            kind: CloudKind = stage.kind
            assert not kind.calls
            assert stage.api.status("one") == self.BROKEN
            assert [e["reason"] for e in stage.api.events.values()] == ["RecordUnreadable"]
            assert "status.submission.handle" in next(iter(stage.api.events.values()))["message"]
            assert stage.api.calls["POST events"] <= 2

    async def test_a_status_that_is_mended_is_gone_on_with_at_once(self, monkeypatch):
        async with hall(monkeypatch) as stage:
            stage.job("one", status=self.BROKEN)
            await asyncio.sleep(5)
            stage.api.edit("one", {"status": {"submission": {"handle": {"jobId": "job-7"}}, "jobId": "job-7"}})
            await stage.until(lambda: stage.api.status("one").get("completionTime"), within=60)
            assert stage.kind.posts == []
            assert stage.api.status("one")["state"] == "Successful"

    async def test_its_deletion_is_not_held_up(self, monkeypatch):
        async with hall(monkeypatch) as stage:
            stage.job("one", status=self.BROKEN, finalizers=[FINALIZER])
            await asyncio.sleep(5)
            stage.api.delete(place("one"))
            await stage.until(lambda: not stage.api.objects, within=60)

    async def test_nobody_else_submits_where_its_request_may_be_open(self, monkeypatch):
        """The other would take the lost job for its own."""
        async with hall(monkeypatch) as stage:
            stage.job("one", spec={"clusterId": "c"}, status={"submission": {"token": "", "evidence": "Sending"}})
            stage.job("two", spec={"clusterId": "c"})
            await asyncio.sleep(300)
            assert stage.kind.posts == []
            stage.api.delete(place("one"))
            await stage.finished("two")

    @pytest.mark.parametrize("ended", [False, True], ids=["running", "ended"])
    @pytest.mark.parametrize(
        "left",
        [None, {}, {"state": "Pending", "attempts": [{"number": 1}], "observedGeneration": 1}],
        ids=["nothing", "empty", "as it was before"],
    )
    async def test_a_status_that_is_taken_away_or_set_back_is_no_second_submission(self, monkeypatch, ended, left):
        """An API server that is restored from last night's backup does that to all objects."""
        async with hall(monkeypatch) as stage:
            stage.kind.reading = None if ended else Unreadable(Reason.CLOUD_UNREACHABLE, "down")
            stage.job("one")
            await stage.until(lambda: stage.kind.posts)
            await (stage.finished("one") if ended else asyncio.sleep(1))
            gone = dict.fromkeys(stage.api.status("one"))
            stage.api.edit("one", {"status": gone | left if left is not None else None})
            await asyncio.sleep(1800)
            assert len(stage.kind.posts) == 1
            (event,) = (e for e in stage.api.events.values() if e["reason"] == "RecordUnreadable")
            assert "job-1" in event["message"]

    async def test_what_is_merely_known_late_is_read_again_and_no_alarm(self, monkeypatch):
        """An operator whose write was answered by an error may know less than it has written."""
        async with hall(monkeypatch) as stage:
            stage.kind.reading = Unreadable(Reason.CLOUD_UNREACHABLE, "down")
            stage.job("one")
            await stage.until(lambda: stage.kind.posts)
            await asyncio.sleep(1)
            late = copy.deepcopy(stage.api.objects[place("one")]) | {"status": {"state": "Pending"}}
            stage.engine.dispatcher.on_upsert(late)
            stage.engine.cache.remember(late, certain=True)
            stage.engine.queue.add(key_of(late))
            await asyncio.sleep(60)
            stage.kind.reading = None
            assert (await stage.finished("one"))["state"] == "Successful"
            assert "RecordUnreadable" not in {e["reason"] for e in stage.api.events.values()}

    async def test_such_an_object_can_be_deleted_and_is_not_called_unsent(self, monkeypatch, caplog):
        async with hall(monkeypatch) as stage:
            stage.kind.reading = Unreadable(Reason.CLOUD_UNREACHABLE, "down")
            stage.job("one")
            await stage.until(lambda: stage.kind.posts)
            await asyncio.sleep(1)
            stage.api.edit("one", {"status": None})
            await asyncio.sleep(120)
            stage.api.delete(place("one"))
            await stage.until(lambda: not stage.api.objects, within=60)
            await asyncio.sleep(1)
            assert "its record unreadable; look for its job in the cloud" in caplog.text

    @pytest.mark.parametrize(
        "spoilt",
        [
            {"submission": {"handle": None}, "jobId": None, "attempts": None},
            {"submission": None, "jobId": None, "attempts": None},
            {"submission": "odd"},
            {"steps": "odd"},
        ],
    )
    async def test_a_record_that_is_spoilt_while_the_job_runs_is_no_second_submission(self, monkeypatch, spoilt):
        async with hall(monkeypatch) as stage:
            stage.kind.reading = Unreadable(Reason.CLOUD_UNREACHABLE, "down")
            stage.job("one")
            await stage.until(lambda: stage.kind.posts)
            await asyncio.sleep(1)
            stage.api.edit("one", {"status": spoilt})
            await asyncio.sleep(3600)
            assert len(stage.kind.posts) == 1
            assert "RecordUnreadable" in {e["reason"] for e in stage.api.events.values()}
            assert sum(stage.kind.calls.values()) < 20 * 60
