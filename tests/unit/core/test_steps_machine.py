"""The whole life of a job of several steps, in any order: crashes, lost answers, late effects, people, and a console
that is switched on and off.

The cloud here has one collection to copy. It makes backups, restores them, deletes them, and does all of that at once
where the console asks. What is judged is its ledger: at most one effect for each step of an attempt, no restore but
of a backup that ended well, no deletion under a restore that runs, and no backup left that nobody is told of.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from tests.support.examples import sized
from tests.unit.core.machine import (
    EITHER,
    SELDOM,
    SETTINGS,
    Effect,
    Faults,
    Machine,
    Stored,
    birth,
    move,
    wander,
)
from tests.unit.core.scenes import CLONE, SAMPLE, spec

from zilliz_jobs.api.jobspec import OnSubmissionUnknown, RetryPolicy
from zilliz_jobs.api.jobstatus import Evidence, JobStatus, State, StepStatus
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.plan import SUBMIT_STEP, Plan
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Traits, attempt_of, is_finished, is_open
from zilliz_jobs.core.steps import left_behind

BOUND = timedelta(seconds=600)
UNKNOWN = (Reason.SUBMISSION_UNKNOWN, Reason.OUTCOME_UNKNOWN, Reason.JOB_LOST)


def _lasting(status: JobStatus) -> list[StepStatus]:
    """The rows of the steps without what a look for a late effect adds to their records."""
    gone = {"late_look_time": None, "baseline": None, "other_handles": None, "notices": None}
    rows = status.steps or []
    return [row.but(submission=row.submission.but(**gone)) if row.submission else row for row in rows]


class Steps(Machine):
    def __init__(self) -> None:
        super().__init__()
        self.swept: dict[str, str] = {}  # by the token of the request: the backup that it deletes
        self.stranger = False  # somebody else made a collection of the name that is wanted
        self.told: set[str] = set()  # what the events at the object's end name

    @birth(
        kind=[CLONE, CLONE, SAMPLE],
        console=SELDOM,
        on_unknown=list(OnSubmissionUnknown),
        start=[None, None, 300],
        active=[None, None, 100],
        suspended=SELDOM,
        done=[0, 1, 1, 2],
    )
    def born(
        self,
        kind: Traits,
        console: bool,
        on_unknown: OnSubmissionUnknown,
        start: int | None,
        active: int | None,
        suspended: bool,
        done: int,
    ) -> None:
        self.kind, self.link = kind, replace(self.link, console=console)
        fields: dict[str, Any] = {"start_deadline_seconds": start, "active_deadline_seconds": active}
        policy = RetryPolicy(on_submission_unknown=on_unknown)
        self.stored = Stored(spec(kind, retry_policy=policy, suspend=suspended, **fields))
        self.goes_well(done)

    def goes_well(self, steps: int) -> None:
        """A quick cloud and nobody about, till so many steps are done and none is under way."""
        for _ in range(2 * steps):
            self.reconcile(Faults(busy=self.status.submission is not None))
            self.the_cloud_comes_to_an_end()

    # -- what there is: what job-1 makes is backup-job-1, or copy-job-1

    @property
    def first(self) -> str:
        return self.kind.steps[0]

    @property
    def second(self) -> str:
        return self.kind.steps[1]

    def of(self, step: str) -> list[Effect]:
        return [e for e in self.cloud if e.step == step]

    @property
    def deleted_backups(self) -> set[str]:
        return {self.swept[e.token] for e in self.visible() if e.token in self.swept}

    def named_backup(self) -> str:
        """What the record of the first step names, as the kind would read it."""
        row = next((row for row in self.status.steps or [] if row.name == self.first), None)
        return (row.handle or {}).get("backupId", "") if row else ""

    def is_proven_ours(self) -> bool:
        row = (self.status.steps or [])[0]
        return row.submission is not None and row.submission.evidence is Evidence.ANSWERED

    # -- what the cloud does

    def prepare(self, step: str) -> o.Preparation:
        assert step in (*self.kind.steps, SUBMIT_STEP), step
        if step == self.second and self.kind is CLONE and not self.named_backup():
            return o.Impossible(Reason.JOB_ID_UNKNOWN, "the backup was found without its id")
        if step == self.kind.cleanup:
            if not self.is_proven_ours():
                return o.Impossible(Reason.LEFT_BEHIND, "it is not proven that the backup is this job's")
            if self.named_backup() in self.deleted_backups:
                return o.AlreadyDone("there is no such backup")
        return super().prepare(step)

    def post(self, faults: Faults) -> o.SubmitAnswer:
        if self.submission.step == SUBMIT_STEP and not self.link.console:
            return o.NotSent(Reason.NO_PUBLIC_API, "the console API is off")
        return super().post(faults)

    def take_effect(self, delay: int) -> Effect:
        x, status = self.submission, self.status
        beside = [e for e in self.cloud if e.step != self.kind.cleanup and e.runs]
        if x.step != self.kind.cleanup:
            assert not beside or self.licensed, f"{x.step} beside {beside}, and nobody said so"
            assert self.stored.deleting_since is None, "nobody wants it any more"
        if x.step == self.second:
            made = next((e for e in self.of(self.first) if self.is_of(e, self.named_backup())), None)
            assert made is not None or self.kind is SAMPLE
            assert all(e.state is State.SUCCESSFUL for e in [made] if e), "a restore of what is no backup"
            assert self.named_backup() not in self.deleted_backups
        if x.step == self.kind.cleanup:
            owned = any(row.reason in UNKNOWN for row in status.steps or []) or self.licensed
            assert not beside or owned, f"the backup is deleted under {beside}"
        effect = Effect(x.token, x.attempt, x.step, self.name("job"), self.now + timedelta(seconds=delay))
        self.cloud.append(effect)
        if x.step == self.kind.cleanup:
            self.swept[x.token] = self.named_backup()
            effect.state = State.SUCCESSFUL
        return effect

    def is_of(self, effect: Effect, backup: str) -> bool:
        return backup == f"backup-{effect.job_id}"

    def handle(self, effect: Effect, *, job: bool) -> dict[str, str]:
        ids = {"jobId": effect.job_id} if job else {}
        if effect.step == SUBMIT_STEP:
            return {"jobId": effect.job_id}
        if effect.step == self.first:
            return {**ids, "backupId": f"backup-{effect.job_id}"}
        if effect.step == self.second:
            return {**ids, "collection": f"copy-{effect.job_id}"}
        return {"backupId": self.named_backup()}

    def accepted(self, effect: Effect) -> o.Accepted:
        return o.Accepted(self.handle(effect, job=True))

    def look(self) -> o.Look:
        """Honest, and without job ids where the console does not list them."""
        x = self.submission
        if x.step == self.kind.cleanup:
            gone = self.named_backup() in self.deleted_backups
            return o.Found({"backupId": self.named_backup()}, Evidence.INFERRED) if gone else o.Absent()
        if self.rival or (x.step == SUBMIT_STEP and not self.link.console):
            return o.Undecided("a rival does the same")
        mine = [e for e in self.visible() if e.token == x.token]
        if mine:
            return o.Found(self.handle(mine[0], job=self.link.console), Evidence.INFERRED)
        if self.stranger and x.step == self.second:
            return o.Elsewhere("somebody made a collection of this name", Reason.NAME_TAKEN)
        return o.Absent()

    def read(self, handle: dict[str, str]) -> o.Reading:
        if self.submission.step == self.kind.cleanup and "jobId" not in handle:
            gone = handle["backupId"] in self.deleted_backups
            return o.Seen(State.SUCCESSFUL if gone else State.IN_PROGRESS)
        ids = set(handle.values())
        found = [e for e in self.visible() if ids & set(self.handle(e, job=True).values())]
        if not found:
            return o.Missing()
        e = found[0]
        job_id = e.job_id if "jobId" in handle or self.link.console else ""
        return o.Seen(e.state, e.state.upper(), job_id, e.progress, end_time=None if e.runs else self.now)

    # -- what happens

    @move(on=EITHER)
    def the_console(self, on: bool) -> None:
        self.link = replace(self.link, console=on)

    @move(early=[False] * 15 + [True])
    def a_person_cancels(self, early: bool) -> None:
        if early or self.status.submission or self.status.steps:
            self.stored.annotations["cancel"] = self.name("cancel")

    @move(there=SELDOM)
    def a_stranger_takes_the_name(self, there: bool) -> None:
        self.stranger = there

    # -- what must hold

    def check_write(self, after: JobStatus) -> None:
        super().check_write(after)
        before = self.status
        old, new = _lasting(before), _lasting(after)
        assert new[: len(old)] == old, "what was done stays on record"
        was, x = before.submission, after.submission
        tokens = {row.submission.token for row in new if row.submission}
        if is_finished(after) or x is None:
            return
        assert not new or after.state is State.IN_PROGRESS
        assert x.step not in {row.name for row in new}, "a step that ended is never submitted again"
        assert x.token not in tokens, "a token is never another step's"
        assert was is None or was.step == x.step or was.token != x.token, "a token is never another step's"

    def check_rest(self, plan: Plan) -> None:
        super().check_rest(plan)
        x = self.stored
        if x.deleting_since is not None:
            if x.gone:
                swept = is_finished(self.status) or not left_behind(self.kind, self.status)
                assert swept or self.now >= x.deleting_since + BOUND, "gone before the clean-up had its time"
                self.told = {*left_behind(self.kind, self.status).replace(",", "").split()}
                return
            late = x.deleting_since + BOUND
            assert self.now < late, "the deletion is held up"
            assert not x.finalizer or (self.wake is not None and self.wake <= (late - self.now).total_seconds() + 1)
        elif (until := self.swept_by()) is not None:
            assert self.now < until, "the end is held up"
            assert self.wake is not None
            assert self.wake <= (until - self.now).total_seconds() + 1

    def swept_by(self) -> datetime | None:
        """Until when the job may be at its clean-up, if it is."""
        status, rows = self.status, self.status.steps or []
        if is_finished(status) or not rows or not self.kind.cleanup:
            return None
        open_or_taken = status.submission is not None and (is_open(status) or status.submission.handle)
        well = all(row.state is State.SUCCESSFUL for row in rows)
        if status.submission is not None and open_or_taken:
            turn = status.submission.step == self.kind.cleanup
        else:
            turn = not well or len(rows) == len(self.kind.steps) - 1
        since = rows[-1].seen_time
        return since + BOUND if turn and since else None

    def one_effect_for_one_step(self) -> None:
        """The ledger: the bill of the user."""
        steps = [(e.attempt, e.step) for e in self.cloud]
        tokens = [e.token for e in self.cloud]
        assert len(steps) == len(set(steps))
        assert len(tokens) == len(set(tokens))
        ways = {e.step == SUBMIT_STEP for e in self.cloud}
        assert len(ways) < 2 or self.licensed, "by one call and by steps"

    def the_end_is_true(self) -> None:
        """A job ends as its proper steps did, and the clean-up decides nothing."""
        status, rows = self.status, self.status.steps or []
        if not is_finished(status):
            return
        mine = [e for e in self.cloud if e.attempt == attempt_of(status).number and e.step != self.kind.cleanup]
        ends = {row.name: row for row in rows}
        match status.reason:
            case Reason.SUCCESSFUL if rows:
                assert [row.name for row in rows] == list(self.kind.steps)
                assert [e.state for e in mine if e.step == self.second] == [State.SUCCESSFUL]
            case Reason.SUCCESSFUL:
                assert [(e.step, e.state) for e in mine] == [(SUBMIT_STEP, State.SUCCESSFUL)]
            case Reason.JOB_FAILED:
                assert State.FAILED in [e.state for e in mine]
            case Reason.CANCELED:
                assert self.stored.deleting_since is not None
                assert self.second not in ends
            case Reason.CANCELED_BEFORE_SUBMISSION:
                assert mine == []
                assert rows == []
            case Reason.REJECTED | Reason.SUBMISSION_FAILED:
                bad = rows[-1].name if not self.kind.cleanup and rows else self.second if rows else ""
                assert [e for e in mine if e.step == bad or not rows] == []
            case Reason.LEFT_BEHIND:
                raise AssertionError("the clean-up decides nothing")
        assert status.state is not State.SUCCESSFUL or status.reason == Reason.SUCCESSFUL
        for row in rows:
            well = row.state is State.SUCCESSFUL
            assert well or row.name != self.kind.cleanup or row.reason == Reason.LEFT_BEHIND
        if status.state is not State.SUCCESSFUL and len(rows) > 1:
            bad_rows = [row for row in rows if row.state is not State.SUCCESSFUL and row.name != self.kind.cleanup]
            assert status.reason in ([bad_rows[0].reason] if bad_rows else [Reason.CANCELED])

    def no_backup_is_left_without_a_word(self) -> None:
        """Every temporary backup is deleted, at work, named, or owned up to as unknown."""
        status, rows = self.status, self.status.steps or []
        texts = [status.message or "", *(row.message or "" for row in rows if row.name == self.kind.cleanup)]
        words = {*" ".join(texts).replace(",", "").replace(";", "").split()} | self.told
        owned = {a.number for a in status.attempts or [] if a.reason == Reason.SUBMISSION_UNKNOWN}
        owned |= {
            row.submission.attempt for row in rows if row.submission and row.reason == Reason.SUBMISSION_UNKNOWN
        }
        if is_open(status):
            owned.add(attempt_of(status).number)
        for e in self.of(self.first) if self.kind is CLONE else []:
            backup = f"backup-{e.job_id}"
            if backup in self.deleted_backups or e.attempt in owned:
                continue
            handles = [row.handle or {} for row in rows] + [(status.submission and status.submission.handle) or {}]
            assert any({backup, e.job_id} & set(handle.values()) for handle in handles), (e, status)
            if is_finished(status) or self.stored.gone:
                assert {backup, e.job_id} & words, (backup, texts)

    def no_product_is_called_left_behind(self) -> None:
        assert not any(word.startswith("copy-") for word in self.told)
        assert not any("copy-" in (row.message or "") for row in self.status.steps or [])

    def the_spec_is_frozen_once_anything_was_sent(self) -> None:
        """As the API server's rule has it: an edit between two steps would restore into another collection."""
        status = self.status
        frozen = status.submission is not None or bool(status.steps) or is_finished(status)
        begun = [e for e in self.cloud if e.attempt == attempt_of(status).number]
        assert frozen or not begun or self.stored.gone

    def judge(self) -> None:
        self.one_effect_for_one_step()
        self.the_end_is_true()
        self.no_backup_is_left_without_a_word()
        self.no_product_is_called_left_behind()
        self.the_spec_is_frozen_once_anything_was_sent()

    def check_stuck(self, status: JobStatus) -> None:
        by_console = status.submission is not None and status.submission.step == SUBMIT_STEP
        if by_console and not self.link.console:
            return  # whoever turned the console off is told so
        super().check_stuck(status)


TestSteps = Steps.TestCase
TestSteps.settings = SETTINGS


@pytest.mark.parametrize("century", range(4))
def test_lives_by_chance(century: int) -> None:
    for seed in range(100 * century, 100 * century + sized(100, 20)):
        wander(Steps(), Random(seed))
