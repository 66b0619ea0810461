"""A status that tells less than it did: removed, edited, or brought back from an older copy by a restore.

If these fail, a job whose submission is open is submitted a second time, and nobody is told.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.engine.hall import Hall, hall, place

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.control.objects import RETRY, Key
from zilliz_jobs.core.observation import EffectUnknown, NotSent, Seen, Undecided, Unreadable
from zilliz_jobs.core.reasons import Reason
from zilliz_local.kube.patching import merged

pytestmark = pytest.mark.looptime
Body = dict[str, Any]
DOWN = Unreadable(Reason.CLOUD_UNREACHABLE, "down")
LOST = EffectUnknown("the answer was lost")
RESUBMIT = {"clusterId": "one", "retryPolicy": {"resubmit": True}}


def answers(stage: Hall, *scripted: Any) -> None:
    """What the next submissions lead to; each reaches the cloud all the same."""
    real, left = stage.kind.submit, list(scripted)

    async def submit(*args: Any) -> Any:
        answer = await real(*args)
        return left.pop(0) if left else answer

    stage.kind.submit = submit  # type: ignore[method-assign]


def told(stage: Hall) -> list[Body]:
    return [e for e in stage.api.events.values() if e["reason"] == "RecordUnreadable"]


def wipe(stage: Hall, *fields: str) -> None:
    stage.api.edit("one", {"status": dict.fromkeys(fields)} if fields else {"status": None})


def touch(stage: Hall) -> None:
    """Any change of the spec, as people make who wonder why nothing happens."""
    meta = stage.api.objects[place("one")]["metadata"]
    stage.api.edit(
        "one", {"metadata": {"generation": meta["generation"] + 1}, "spec": {"startDeadlineSeconds": 9000}}
    )


async def open_for(stage: Hall, seconds: float) -> Body:
    """An object whose submission's answer was lost so long ago; its status."""
    answers(stage, LOST)
    stage.job("one")
    await stage.until(lambda: stage.api.status("one").get("submission", {}).get("lookSince"))
    await asyncio.sleep(seconds)
    return copy.deepcopy(stage.api.status("one"))


BACKWARDS: dict[str, Callable[[Hall, Body], None]] = {
    "all of it removed": lambda stage, _: wipe(stage),
    "the record removed": lambda stage, _: wipe(stage, "submission", "conditions"),
    "as it was before": lambda stage, status: stage.api.edit(
        "one", {"status": dict.fromkeys(status) | {"state": "Pending", "attempts": [{"number": 1}]}}
    ),
    "another token": lambda stage, _: stage.api.edit("one", {"status": {"submission": {"token": "another"}}}),
    "sent less often": lambda stage, _: stage.api.edit("one", {"status": {"submission": {"sends": 0}}}),
}


class TestAnOpenSubmission:
    @pytest.mark.parametrize("how", BACKWARDS)
    @pytest.mark.parametrize("seconds", [2.0, 300.0], ids=["looked for", "unknown"])
    async def test_is_not_submitted_again_and_that_is_said(self, monkeypatch, how, seconds):
        async with hall(monkeypatch) as stage:
            status = await open_for(stage, seconds)
            assert status["reason"] == ("SubmissionUnknown" if seconds > 60 else "LookingForSubmission")
            BACKWARDS[how](stage, status)
            await asyncio.sleep(5)
            touch(stage)
            await asyncio.sleep(3000)
            assert len(stage.kind.posts) == 1
            (event,) = told(stage)
            assert status["submission"]["token"] in event["note" if "note" in event else "message"]
            said = {c["type"]: (c["status"], c["reason"]) for c in stage.api.status("one")["conditions"]}
            assert said["Ready"] == ("False", "RecordUnreadable")
            assert said["Stalled"] == ("True", "RecordUnreadable")

    async def test_is_refused_by_the_next_process_too(self, monkeypatch):
        """It has no memory of its own; what the first one wrote into the status is enough."""
        async with hall(monkeypatch) as stage:
            await open_for(stage, 300)
            wipe(stage)
            await asyncio.sleep(60)
            status = copy.deepcopy(stage.api.status("one"))
        async with hall(monkeypatch) as stage:
            stage.job("one", status=status)
            await asyncio.sleep(600)
            assert stage.kind.posts == []
            assert told(stage)

    async def test_goes_on_when_its_record_is_put_back(self, monkeypatch):
        async with hall(monkeypatch) as stage:
            status = await open_for(stage, 300)
            wipe(stage)
            await asyncio.sleep(60)
            stage.api.edit("one", {"status": {"submission": status["submission"]}})
            await asyncio.sleep(600)
            assert stage.api.status("one")["reason"] == "SubmissionUnknown"
            assert len(stage.kind.posts) == 1

    async def test_whose_status_goes_while_it_is_looked_for(self, monkeypatch):
        async with hall(monkeypatch) as stage:
            looking, go_on = asyncio.Event(), asyncio.Event()

            async def look(*_: Any) -> Any:
                looking.set()
                await go_on.wait()
                return Undecided("nothing can tell")

            stage.kind.look = look  # type: ignore[method-assign]
            answers(stage, LOST)
            stage.job("one")
            await looking.wait()
            wipe(stage)
            await asyncio.sleep(1)
            go_on.set()
            await asyncio.sleep(600)
            assert len(stage.kind.posts) == 1
            assert told(stage)

    @pytest.mark.parametrize("answer", [None, LOST], ids=["taken", "answer lost"])
    async def test_whose_status_goes_while_it_is_sent(self, monkeypatch, answer):
        async with hall(monkeypatch) as stage:
            stage.kind.hold, stage.kind.reading = asyncio.Event(), DOWN
            if answer is not None:
                answers(stage, answer)
            stage.job("one")
            await stage.until(lambda: stage.kind.posts)
            wipe(stage)
            await asyncio.sleep(1)
            stage.kind.hold.set()
            await asyncio.sleep(600)
            assert len(stage.kind.posts) == 1
            assert told(stage)
            assert answer is not None or "job-1" in told(stage)[0]["message"]


class TestAJob:
    async def test_whose_handle_alone_is_gone_is_not_looked_for_as_if_it_were_lost(self, monkeypatch):
        """A look-up that finds nothing would lead to a second submission."""
        async with hall(monkeypatch) as stage:
            stage.kind.reading = DOWN
            stage.job("one")
            await stage.until(lambda: stage.api.status("one").get("jobId"))
            record = {"handle": None, "evidence": "Sending", "lookSince": "2026-03-01T12:00:00Z"}
            stage.api.edit("one", {"status": {"submission": record, "jobId": None, "attempts": None}})
            await asyncio.sleep(600)
            assert stage.kind.calls["look"] == 0
            assert told(stage)

    async def test_that_has_ended_keeps_its_end_when_only_that_is_removed(self, monkeypatch):
        async with hall(monkeypatch) as stage:
            stage.job("one")
            ended = copy.deepcopy(await stage.finished("one"))
            reads = stage.kind.calls["read"]
            wipe(stage, "completionTime", "state")
            await stage.until(lambda: stage.api.status("one").get("completionTime"), within=60)
            now = stage.api.status("one")
            assert (now["state"], now["completionTime"]) == (ended["state"], ended["completionTime"])
            assert stage.kind.calls["read"] == reads
            assert len(stage.kind.posts) == 1

    async def test_that_has_ended_and_tells_nothing_of_it_any_more(self, monkeypatch):
        async with hall(monkeypatch) as stage:
            stage.job("one")
            await stage.finished("one")
            wipe(stage, "completionTime", "state", "attempts", "conditions")
            await asyncio.sleep(600)
            assert len(stage.kind.posts) == 1
            assert told(stage)

    @pytest.mark.parametrize("ended", [False, True], ids=["running", "ended"])
    async def test_of_a_second_attempt_whose_status_is_that_of_the_first(self, monkeypatch, ended):
        """The older copy does not know of the retry, whose annotation is still there."""
        async with hall(monkeypatch) as stage:
            answers(stage, NotSent(Reason.CLOUD_UNREACHABLE, "no connection"))
            stage.job("one", spec=RESUBMIT | {"startDeadlineSeconds": 1})
            first = copy.deepcopy(await stage.finished("one"))
            sent = len(stage.kind.posts)
            stage.api.edit("one", {"spec": {"startDeadlineSeconds": None}})
            stage.kind.reading = None if ended else DOWN
            stage.api.edit("one", {"metadata": {"annotations": {RETRY: "again"}}})
            await stage.until(lambda: stage.api.status("one").get("jobId"))
            await (stage.finished("one") if ended else asyncio.sleep(5))
            stage.api.edit("one", {"status": dict.fromkeys(stage.api.status("one")) | first})
            await asyncio.sleep(600)
            assert len(stage.kind.posts) == sent + 1
            assert "attempt 2 had begun" in told(stage)[0]["message"]

    @pytest.mark.parametrize("back", ["to the end of the adopted job", "to before the retry was sent", "all removed"])
    async def test_that_was_adopted_and_retried_is_not_submitted_again(self, monkeypatch, back):
        """Nothing is submitted to adopt a job; its retry is a submission like any other."""
        async with hall(monkeypatch) as stage:

            async def adopt(*_: Any) -> Seen:
                return Seen(State.FAILED, "FAILED", message="disk full", job_id="job-of-a-stranger")

            stage.kind.adopt = adopt  # type: ignore[method-assign]
            stage.kind.reading = DOWN
            spec = {"clusterId": "one", "adopt": {"jobId": "job-of-a-stranger"}}
            stage.job("one", spec=spec | {"retryPolicy": {"resubmit": True, "limit": 1, "backoffSeconds": 5}})
            await stage.until(lambda: len(stage.api.status("one").get("attempts") or []) == 2)
            before = copy.deepcopy(stage.api.status("one"))
            await stage.until(lambda: stage.api.status("one").get("jobId") == "job-1")
            if back == "to the end of the adopted job":
                before = before | {"attempts": before["attempts"][:1]}
            now = dict.fromkeys(stage.api.status("one"))
            stage.api.edit("one", {"status": now | ({} if back == "all removed" else before)})
            await asyncio.sleep(600)
            assert len(stage.kind.posts) == 1
            assert told(stage)

    async def test_that_is_only_adopted_is_adopted_again(self, monkeypatch):
        """Whatever is gone of its status, nothing can be submitted twice by that."""
        async with hall(monkeypatch) as stage:

            async def adopt(*_: Any) -> Seen:
                return Seen(State.IN_PROGRESS, "IN_PROGRESS", job_id="job-of-a-stranger")

            stage.kind.adopt = adopt  # type: ignore[method-assign]
            stage.kind.reading = DOWN
            stage.job("one", spec={"clusterId": "one", "adopt": {"jobId": "job-of-a-stranger"}})
            await stage.until(lambda: stage.api.status("one").get("jobId"))
            wipe(stage)
            await stage.until(lambda: stage.api.status("one").get("jobId") == "job-of-a-stranger")
            assert told(stage) == []
            assert stage.kind.posts == []

    async def test_whose_attempts_are_cut_keeps_their_number(self, monkeypatch):
        """Else its retries would begin anew, more than the policy allows."""
        async with hall(monkeypatch) as stage:
            record = {"attempt": 3, "token": "t", "sends": 1, "evidence": "Answered", "handle": {"jobId": "job-9"}}
            stage.job("one", status={"state": "InProgress", "jobId": "job-9", "submission": record})
            await stage.finished("one")
            assert (
                stage.api.status("one")["attempts"][-1] | {"number": 3, "automatic": 2}
                == (stage.api.status("one")["attempts"][-1])
            )
            assert stage.kind.posts == []


MOMENTS: dict[str, Callable[[Hall], Any]] = {
    "its job runs": lambda stage: stage.api.status("one").get("jobId"),
    "its job has ended": lambda stage: stage.api.status("one").get("completionTime"),
    "its answer is lost": lambda stage: stage.api.status("one").get("submission", {}).get("lookSince"),
    "its request is on its way": lambda stage: stage.kind.posts,
}


class TestAnObjectThatIsGone:
    """An etcd that is set back to before a submission and a deletion brings the object again as if it were new."""

    @staticmethod
    async def gone(stage: Hall, moment: str) -> Body:
        """The object as it was before anything was done for it; it is gone since the moment."""
        if moment == "its answer is lost":
            answers(stage, LOST)
        if moment == "its request is on its way":
            stage.kind.hold = asyncio.Event()
        stage.kind.reading = None if moment == "its job has ended" else DOWN
        stage.job("one")
        new = copy.deepcopy(stage.api.objects[place("one")])
        await stage.until(lambda: MOMENTS[moment](stage))
        stage.api.edit("one", {"metadata": {"finalizers": None}})
        stage.api.delete(place("one"))
        await asyncio.sleep(1)
        if stage.kind.hold is not None:
            stage.kind.hold.set()
            await asyncio.sleep(1)
        assert place("one") not in stage.api.objects
        return new

    @pytest.mark.parametrize("moment", MOMENTS)
    @pytest.mark.parametrize("seconds", [1.0, 90_000.0], ids=["at once", "a day later"])
    async def test_and_comes_again_is_not_submitted_a_second_time(self, monkeypatch, moment, seconds):
        async with hall(monkeypatch) as stage:
            new = await self.gone(stage, moment)
            await asyncio.sleep(seconds)
            stage.api._store(place("one"), new)
            await asyncio.sleep(600)
            assert len(stage.kind.posts) == 1
            assert stage.api.status("one")["conditions"][0]["reason"] == "RecordUnreadable"

    async def test_and_had_sent_nothing_is_submitted_once(self, monkeypatch):
        async with hall(monkeypatch) as stage:
            stage.job("one", spec={"clusterId": "one", "suspend": True})
            new = copy.deepcopy(stage.api.objects[place("one")])
            await asyncio.sleep(5)
            stage.api.edit("one", {"metadata": {"finalizers": None}})
            stage.api.delete(place("one"))
            await asyncio.sleep(5)
            stage.api._store(place("one"), merged(new, {"spec": {"suspend": False}}))
            await stage.finished("one")
            assert len(stage.kind.posts) == 1

    async def test_and_comes_again_with_its_job_follows_it(self, monkeypatch):
        async with hall(monkeypatch) as stage:
            stage.kind.reading = DOWN
            stage.job("one")
            await stage.until(lambda: stage.api.status("one").get("jobId"))
            before = copy.deepcopy(stage.api.objects[place("one")])
            stage.api.edit("one", {"metadata": {"finalizers": None}})
            stage.api.delete(place("one"))
            await asyncio.sleep(60)
            stage.kind.reading = None
            stage.api._store(place("one"), before)
            assert (await stage.finished("one"))["state"] == "Successful"
            assert len(stage.kind.posts) == 1


class TestWhatIsNoStepBack:
    async def test_a_request_that_never_left_takes_its_record_back(self, monkeypatch):
        async with hall(monkeypatch) as stage:
            answers(stage, NotSent(Reason.CLOUD_UNREACHABLE, "no connection"))
            stage.job("one")
            await stage.finished("one")
            assert told(stage) == []

    async def test_one_that_never_left_and_whose_status_went_is_simply_sent(self, monkeypatch):
        async with hall(monkeypatch) as stage:
            stage.kind.hold = asyncio.Event()
            answers(stage, NotSent(Reason.CLOUD_UNREACHABLE, "no connection"))
            stage.job("one")
            await stage.until(lambda: stage.kind.posts)
            wipe(stage)
            await asyncio.sleep(1)
            stage.kind.hold.set()
            await stage.finished("one")
            assert told(stage) == []

    async def test_an_operator_that_stood_by_saw_a_record_go_that_the_other_took_back(self, monkeypatch):
        async with hall(monkeypatch) as stage:
            stage.kind.reading = DOWN
            record = {"token": "t", "holder": "other", "sends": 1, "evidence": "Sending"}
            stage.job("one", spec={"clusterId": "one", "suspend": True}, status={"submission": record})
            await asyncio.sleep(0)
            body = copy.deepcopy(stage.api.objects[place("one")])
            stage.engine.cache.note(body)
            assert stage.engine.ownership.known(body["metadata"]["uid"]).mark.token == ""  # type: ignore[union-attr]


@pytest.mark.parametrize("watched", [True, False], ids=["by the watches", "without watches"])
async def test_one_read_of_an_older_version_tells_that_the_whole_history_went_back(monkeypatch, watched):
    """A cluster that writes fast is soon at the versions it had before; what rests here would never be read again."""
    async with hall(monkeypatch) as stage:
        told: list[tuple[str, int, int]] = []
        lists: list[str] = []
        rewound = stage.engine.feed.rewound
        monkeypatch.setattr(stage.engine.feed, "rewound", lambda: (lists.append("all"), rewound()))

        def went_back(key: Key, before: int, now: int) -> None:
            told.append((key.name, before, now))
            stage.engine.feed.rewound()

        if watched:
            stage.engine.watches = SimpleNamespace(went_back=went_back, unwatched={})  # type: ignore[assignment]
        stage.kind.reading = Seen(State.IN_PROGRESS, "IN_PROGRESS")
        stage.job("one")
        await stage.until(lambda: stage.api.status("one").get("state") == "InProgress")
        live = stage.api.objects[place("one")]
        key, uid = Key("BackupJob", "ns", "one"), live["metadata"]["uid"]
        version = live["metadata"]["resourceVersion"]
        await stage.engine.dispatcher.verify(key, uid)
        assert not told, "it is as it was"
        live["metadata"]["resourceVersion"] = "1"
        await stage.engine.dispatcher.verify(key, uid)
        assert told == ([("one", int(version), 1)] if watched else [])
        assert lists == ["all"], "what was known counts no more"
        await stage.engine.dispatcher.verify(key, uid)
        assert lists == ["all"], "it is known by now"


@pytest.mark.parametrize("listed_after", [0.0, 0.5, 3.0])
async def test_a_pass_that_began_before_the_restore_does_not_bring_the_old_body_back(monkeypatch, listed_after):
    """The list of the restored cluster would count as old news, and the object keep a status that nobody mends."""
    async with hall(monkeypatch) as stage:
        await open_for(stage, 1)
        looking = copy.deepcopy(stage.api.status("one"))
        await stage.until(lambda: stage.api.status("one")["reason"] == "SubmissionUnknown", within=600)

        async def look(*_: Any) -> Any:
            await asyncio.sleep(2.0)
            return Undecided("nothing can tell")

        stage.kind.look = look  # type: ignore[method-assign]
        stage.engine.dispatcher.wake_all()
        await asyncio.sleep(1)
        restored = set_back(stage, looking)
        stage.engine.feed.rewound()
        await asyncio.sleep(listed_after)
        stage.api.tell("changed", restored)
        await asyncio.sleep(600)
        assert stage.api.status("one")["reason"] == "SubmissionUnknown"
        assert len(stage.kind.posts) == 1


async def test_an_end_that_went_with_the_history_is_told_though_the_pass_began_with_what_is_restored(monkeypatch):
    """The end was stored in the moments that are lost. What is listed has the version that its pass began with."""
    async with hall(monkeypatch) as stage:
        stage.kind.reading = Seen(State.IN_PROGRESS, "IN_PROGRESS")
        stage.job("one")
        await stage.until(lambda: stage.api.status("one").get("state") == "InProgress")
        restored = copy.deepcopy(stage.api.objects[place("one")])
        reconciler = stage.engine.jobs.reconciler
        real = reconciler.reconcile

        async def reconcile(*args: Any) -> Any:
            done = await real(*args)
            if stage.api.status("one").get("state") == "Successful" and not stage.api.events.get("restored"):
                stage.api.events["restored"] = {"reason": "", "kind": "mark"}
                await asyncio.sleep(0.5)  # the event of the write comes
                stage.api.objects[place("one")] = copy.deepcopy(restored)
                stage.engine.feed.rewound()
                stage.api.tell("changed", copy.deepcopy(restored))
            return done

        monkeypatch.setattr(reconciler, "reconcile", reconcile)
        stage.kind.reading = Seen(State.SUCCESSFUL, "SUCCESSFUL")
        await stage.until(lambda: "restored" in stage.api.events)
        await asyncio.sleep(60)
        assert stage.api.status("one")["reason"] == "RecordUnreadable", "its end was recorded, and is there no more"


def set_back(stage: Hall, status: Body) -> Body:
    """The object as the restored cluster has it."""
    live = stage.api.objects[place("one")]
    live["status"], live["metadata"]["resourceVersion"] = status, "5"
    return copy.deepcopy(live)
