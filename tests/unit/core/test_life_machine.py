"""The whole life of one job, in any order: crashes, lost answers, late effects, people, and a cloud that forgets.

What is judged is the cloud's ledger: whatever happens, one attempt has at most one effect; and once the faults stop,
every job ends, or says why a person is needed.
"""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from tests.support.examples import sized
from tests.unit.core.machine import SELDOM, SETTINGS, Effect, Faults, Machine, Stored, birth, wander
from tests.unit.core.scenes import BACKUP, IMPORT, spec

from zilliz_jobs.api.jobspec import DeletionPolicy, OnSubmissionUnknown, ResubmitRetryPolicy, RetryPolicy
from zilliz_jobs.api.jobstatus import Evidence, State
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Traits, attempt_of, handle_of, is_finished, is_open


class Life(Machine):
    @birth(
        kind=[BACKUP, IMPORT],
        limit=range(3),
        on_unknown=list(OnSubmissionUnknown),
        policy=list(DeletionPolicy),
        start=[None, None, 300],
        active=[None, None, 100],
        suspended=SELDOM,
    )
    def born(
        self,
        kind: Traits,
        limit: int,
        on_unknown: OnSubmissionUnknown,
        policy: DeletionPolicy,
        start: int | None,
        active: int | None,
        suspended: bool,
    ) -> None:
        self.kind = kind
        fields: dict[str, Any] = {"start_deadline_seconds": start, "active_deadline_seconds": active}
        if kind is BACKUP:
            retry: RetryPolicy = ResubmitRetryPolicy(limit=limit, resubmit=True, on_submission_unknown=on_unknown)
            fields["deletion_policy"] = policy
        else:
            retry = RetryPolicy(limit=limit, on_submission_unknown=on_unknown)
        self.stored = Stored(spec(kind, retry_policy=retry, suspend=suspended, **fields))

    # -- what the cloud does

    def take_effect(self, delay: int) -> Effect:
        x, visible_at = self.submission, self.now + timedelta(seconds=delay)
        running = [e for e in self.cloud if e.runs]
        assert not running or self.licensed, f"a second job beside {running}, and nobody said so"
        effect = Effect(x.token, x.attempt, x.step, self.name("job"), visible_at)
        self.cloud.append(effect)
        return effect

    def look(self) -> o.Look:
        """Honest: says Found only of what shows, Absent only of what does not, and owns up to a rival."""
        if self.rival:
            return o.Undecided("a rival does the same")
        mine = [e for e in self.visible() if e.token == self.submission.token]
        return o.Found({"jobId": mine[0].job_id}, Evidence.MARKER) if mine else o.Absent()

    def read(self, handle: dict[str, str]) -> o.Reading:
        found = [e for e in self.visible() if e.job_id == handle["jobId"]]
        if not found:
            return o.Missing()
        e = found[0]
        word = "CANCELING" if e.canceling and e.runs else e.state.upper()
        end = None if e.runs else self.now
        return o.Seen(e.state, word, e.job_id, e.progress, end_time=end, canceling=word == "CANCELING")

    def cancel(self, faults: Faults) -> o.CancelAnswer:
        job_id = handle_of(self.status)["jobId"]
        for e in self.visible():
            if e.job_id == job_id and e.runs and faults.cancel in ("accepted", "unclear"):
                e.canceling = True
        match faults.cancel:
            case "accepted":
                return o.CancelAccepted()
            case "refused":
                return o.CancelRefused(Reason.NO_PERMISSION, "not yours")
            case _:
                return o.CancelUnclear("reset")

    # -- what must hold

    def one_effect_for_one_attempt(self) -> None:
        """The ledger: the bill of the user."""
        attempts = [e.attempt for e in self.cloud]
        tokens = [e.token for e in self.cloud]
        assert len(attempts) == len(set(attempts))
        assert len(tokens) == len(set(tokens))

    def the_end_is_true(self) -> None:
        """What the object says of its end is what the cloud's ledger says."""
        status = self.status
        if not is_finished(status):
            return
        mine = [e for e in self.cloud if e.attempt == attempt_of(status).number]
        match status.reason:
            case Reason.SUCCESSFUL:
                assert [e.state for e in mine] == [State.SUCCESSFUL]
            case Reason.JOB_FAILED:
                assert [e.state for e in mine] == [State.FAILED]
            case Reason.CANCELED:
                assert [e.state for e in mine] == [State.CANCELED]
            case Reason.CANCELED_BEFORE_SUBMISSION | Reason.REJECTED | Reason.SUBMISSION_FAILED:
                assert mine == []
            case Reason.OUTCOME_UNKNOWN | Reason.JOB_LOST:
                assert [e.forgotten for e in mine] == [True]

    def no_job_is_lost(self) -> None:
        """Every job the cloud began is followed, named, being looked for, or owned up to as unknown."""
        status = self.status
        rows = status.attempts or []
        named = {a.job_id for a in rows} | {status.job_id}
        owned = {a.number for a in rows if a.reason == Reason.SUBMISSION_UNKNOWN}
        if is_open(status):
            owned.add(attempt_of(status).number)
        oldest = rows[0].number if rows else 1
        for e in self.cloud:
            assert e.job_id in named or e.attempt in owned or e.attempt < oldest, (e, status)

    def judge(self) -> None:
        self.one_effect_for_one_attempt()
        self.no_job_is_lost()
        self.the_end_is_true()


TestLife = Life.TestCase
TestLife.settings = SETTINGS


@pytest.mark.parametrize("century", range(2))
def test_lives_by_chance(century: int) -> None:
    for seed in range(100 * century, 100 * century + sized(100, 20)):
        wander(Life(), Random(seed))
