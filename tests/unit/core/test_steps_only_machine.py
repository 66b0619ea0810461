"""The whole life of a job that goes by steps alone, in any order: crashes, lost answers, late effects, cancels and
retries at every step.

The cloud here moves one collection: a run makes it and writes its rows, marked by the token of its submission, and
refuses to write where a collection is that an earlier attempt of this very job did not mark. What is judged is its
ledger: at most one effect for each step of an attempt, never two runs at once, no step after one that did not end
well, and an end that says what became of the rows.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from tests.support.examples import sized
from tests.unit.core.machine import SELDOM, SETTINGS, Effect, Faults, Machine, Stored, birth, move, wander
from tests.unit.core.scenes import MOVE, spec

from zilliz_jobs.api.jobspec import OnSubmissionUnknown
from zilliz_jobs.api.jobstatus import Evidence, JobStatus, State
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import attempt_of, is_finished, is_open

CHECK, RUN, VERIFY = MOVE.steps


class Moves(Machine):
    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []  # whose rows the collection holds: the token of each run that wrote

    @birth(
        console=SELDOM,
        limit=[None, None, 1, 2],
        on_unknown=list(OnSubmissionUnknown),
        active=[None, None, 100],
        deletion_cancels=SELDOM,
    )
    def born(
        self,
        console: bool,
        limit: int | None,
        on_unknown: OnSubmissionUnknown,
        active: int | None,
        deletion_cancels: bool,
    ) -> None:
        self.kind, self.link = MOVE, replace(self.link, console=console)
        policy: dict[str, Any] = {"limit": limit, "on_unknown": on_unknown}
        if deletion_cancels:
            policy["deletion_policy"] = "Cancel"
        self.stored = Stored(spec(MOVE, active_deadline_seconds=active, **policy))

    # -- what the cloud does

    def marks(self) -> set[str]:
        """By which this object knows what its earlier attempts made, as the kind would read them."""
        status = self.status
        kept = {token for row in status.attempts or [] for token in row.tokens or []}
        kept |= {row.submission.token for row in status.steps or [] if row.submission}
        return kept | ({self.submission.token} if status.submission else set())

    def prepare(self, step: str) -> o.Preparation:
        assert step in MOVE.steps, step
        return super().prepare(step)

    def take_effect(self, delay: int) -> Effect:
        x = self.submission
        beside = [e for e in self.cloud if e.runs]
        assert not beside or self.licensed, f"{x.step} beside {beside}, and nobody said so"
        if x.step != CHECK:
            done = [row.name for row in self.status.steps or [] if row.state is State.SUCCESSFUL]
            assert done == list(MOVE.steps[: MOVE.steps.index(x.step)]), f"{x.step} after {done}"
        effect = Effect(x.token, x.attempt, x.step, self.name("job"), self.now + timedelta(seconds=delay))
        self.cloud.append(effect)
        if x.step == RUN:
            assert self.licensed or set(self.written) <= self.marks(), "the rows of an attempt that nobody knows of"
            self.written = [x.token]
        return effect

    def look(self) -> o.Look:
        mine = [e for e in self.visible() if e.token == self.submission.token]
        if mine:
            return o.Found(self.accepted(mine[0]).handle, Evidence.MARKER)
        return o.Undecided("a rival does the same") if self.rival else o.Absent()

    def accepted(self, effect: Effect) -> o.Accepted:
        return o.Accepted({"jobId": effect.job_id, **({"collection": "films"} if effect.step == RUN else {})})

    def read(self, handle: dict[str, str]) -> o.Reading:
        found = [e for e in self.visible() if e.job_id == handle["jobId"]]
        if not found:
            return o.Missing()
        word = "CANCELING" if found[0].canceling and found[0].runs else found[0].state.upper()
        return o.Seen(found[0].state, word, found[0].job_id, found[0].progress, canceling=word == "CANCELING")

    def cancel(self, faults: Faults) -> o.CancelAnswer:
        match faults.cancel:
            case "refused":
                return o.CancelRefused(Reason.REJECTED, "no")
            case "unclear without effect":
                return o.CancelUnclear("reset")
        for e in self.cloud:
            if e.job_id == (self.submission.handle or {}).get("jobId"):
                e.canceling = True
        return o.CancelAccepted() if faults.cancel == "accepted" else o.CancelUnclear("reset")

    # -- what happens

    @move(early=[False] * 7 + [True])
    def a_person_cancels(self, early: bool) -> None:
        if early or self.status.submission or self.status.steps:
            self.stored.annotations["cancel"] = self.name("cancel")

    # -- what must hold

    def check_write(self, after: JobStatus) -> None:
        super().check_write(after)
        before = self.status
        x = after.submission
        anew = attempt_of(after).number > attempt_of(before).number
        old, new = [row.name for row in before.steps or []], [row.name for row in after.steps or []]
        assert new[: len(old)] == old or (anew and new == []), "what was done stays on record"
        assert x is None or is_finished(after) or x.step not in new, "a step that ended is never submitted again"
        assert x is None or x.step in MOVE.steps, "it has no other way"
        if before.cancel and before.cancel.outcome in ("Requested", "Accepted") and x is not None:
            sent = before.submission is not None and before.submission.token == x.token
            assert sent or anew, "a step that follows one whose cancel was asked for"

    def one_effect_for_one_step(self) -> None:
        """The ledger: whoever reads the rows would find each twice."""
        steps = [(e.attempt, e.step) for e in self.cloud]
        tokens = [e.token for e in self.cloud]
        assert len(steps) == len(set(steps))
        assert len(tokens) == len(set(tokens))
        assert self.licensed or sum(e.runs for e in self.cloud) <= 1

    def the_end_is_true(self) -> None:
        status = self.status
        if not is_finished(status):
            return
        mine = [e for e in self.cloud if e.attempt == attempt_of(status).number]
        rows = {row.name: row.state for row in status.steps or []}
        if status.state is State.SUCCESSFUL:
            assert rows == dict.fromkeys(MOVE.steps, State.SUCCESSFUL)
            assert all(e.state is State.SUCCESSFUL for e in self.cloud if e.token in self._tokens())
        if status.reason == Reason.CANCELED_BEFORE_SUBMISSION:
            assert mine == []
            assert rows == {}
        if status.state is State.CANCELED and not self.licensed:
            assert not any(e.runs for e in self.cloud), "Canceled, and something runs"
        if status.reason == Reason.JOB_FAILED:
            assert State.FAILED in [e.state for e in self.cloud]

    def _tokens(self) -> set[str]:
        return {row.submission.token for row in self.status.steps or [] if row.submission}

    def what_was_written_is_known(self) -> None:
        """A later attempt removes only what bears a mark of this object, so no mark may be lost."""
        if self.written and not self.licensed and not self.stored.gone:
            unsent_again = is_open(self.status) or self.status.submission is None
            assert set(self.written) <= self.marks() or unsent_again, (self.written, self.status)

    def judge(self) -> None:
        self.one_effect_for_one_step()
        self.the_end_is_true()
        self.what_was_written_is_known()


TestMoves = Moves.TestCase
TestMoves.settings = SETTINGS


@pytest.mark.parametrize("century", range(4))
def test_lives_by_chance(century: int) -> None:
    for seed in range(100 * century, 100 * century + sized(100, 20)):
        wander(Moves(), Random(seed))
