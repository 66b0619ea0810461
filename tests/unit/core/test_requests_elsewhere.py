"""A job with two objects that take requests, its own and its row: each token is carried out once, at either."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.support.examples import examples
from tests.unit.core.scenes import NOON

from zilliz_jobs.api.jobstatus import Outcome, RequestStatus
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.requests import mirrored, newest
from zilliz_jobs.jobcenter.forwarding import _open, _taken_over

DONE = (Outcome.REFUSED, Reason.ALREADY_FINISHED, "")


@dataclass
class Object:
    annotation: str | None = None
    status: RequestStatus | None = None


@dataclass
class Both:
    """A job object, its row, and what the operator has in memory."""

    job: Object = field(default_factory=Object)
    row: Object = field(default_factory=Object)
    asked: str | None = None
    judged: list[str] = field(default_factory=list)


class TwoObjects(RuleBasedStateMachine):
    """Annotations, passes, and kills in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.it, self.count, self.given = Both(), 0, list[str]()

    def _token(self) -> str:
        self.count += 1
        self.given.append(f"t{self.count}")
        return self.given[-1]

    @rule()
    def annotate_the_job(self) -> None:
        self.it.job.annotation = self._token()

    @rule()
    def annotate_the_row(self) -> None:
        self.it.row.annotation = self._token()

    @rule(which=st.sampled_from(["job", "row"]))
    def take_an_annotation_away(self, which: str) -> None:
        getattr(self.it, which).annotation = None

    @rule()
    def pass_over_the_row(self) -> None:
        it = self.it
        it.asked = _open(it.row.annotation, it.row.status, it.job.status)
        it.row.status = _taken_over(it.row.annotation, it.row.status, it.job.status)

    @rule()
    def pass_over_the_job(self) -> None:
        it = self.it
        if (asked := newest(it.job.annotation, it.asked, it.job.status)) is not None:
            it.judged.append(asked.token)
            it.job.status = mirrored(asked, DONE, NOON)

    @rule()
    def be_killed(self) -> None:
        self.it.asked = None

    @invariant()
    def no_token_is_judged_twice(self) -> None:
        assert len(set(self.it.judged)) == len(self.it.judged)

    def teardown(self) -> None:
        for _ in range(3):
            self.pass_over_the_row()
            self.pass_over_the_job()
        self.pass_over_the_row()
        for last in (self.it.job.annotation, self.it.row.annotation):
            assert last is None or last in self.it.judged, "a request was lost"
        if self.it.job.status is not None:
            assert self.it.row.status is not None
            assert self.it.row.status.token == self.it.job.status.token, "the row does not say the same"


TestTwoObjects = TwoObjects.TestCase
TestTwoObjects.settings = examples(200, steps=30)
