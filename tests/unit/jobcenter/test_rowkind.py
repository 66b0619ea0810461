"""What a retry of nobody's job asks of the console, and what it may conclude. If these fail, a job that runs is
retried, or a row waits for ever for a console that was switched off."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from zilliz_jobs.api.jobstatus import Attempt, JobStatus, Submission
from zilliz_jobs.cloud.console import ConsoleJob
from zilliz_jobs.cloud.effects import Taken
from zilliz_jobs.cloud.errors import NotFound
from zilliz_jobs.core.observation import Accepted, Blocked, Impossible, Missing, Refused, Seen, Undecided
from zilliz_jobs.core.plan import RETRY_STEP
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.jobcenter.rowjob import ROW_ID, RowSpec
from zilliz_jobs.jobcenter.rowkind import RowKind
from zilliz_jobs.kinds.base import Baselined, SubmitContext, SubmitRequest

KIND = RowKind()
SPEC = RowSpec(row_type="Import", row_id="row-1")
RECORD = Submission(step=RETRY_STEP, token="t", baseline={"jobId": ["job-1"], "endTime": [""]})


class Cloud:
    """One job, as both reads show it; `word` None: it is not known. The console answers a retry without an id."""

    def __init__(self, word: str | None = "FAILED", *, console: bool = True) -> None:
        self._word = word
        self.jobs, self.console = self, self if console else None
        self.transport = SimpleNamespace(cloud_time=None)
        self.account: Any = SimpleNamespace(session=self)

    async def describe(self, job_id: str) -> ConsoleJob:
        if self._word is None:
            raise NotFound("no such job")
        return ConsoleJob(job_id=job_id, status=self._word)

    async def retry(self, _job_id: str, **_: Any) -> Taken:
        return Taken({})


def retried(job_id: str | None) -> SubmitContext:
    failed = Attempt(number=1, job_id=job_id)
    return SubmitContext(RETRY_STEP, JobStatus(attempts=[failed, Attempt(number=2)]), "page-1", "t")


@pytest.mark.parametrize(
    ("cloud", "job_id", "outcome"),
    [
        pytest.param(Cloud(console=False), "job-1", Reason.NO_PUBLIC_API, id="the console is off"),
        pytest.param(Cloud("RUNNING"), "job-1", Reason.NOT_FAILED, id="it runs again"),
        pytest.param(Cloud("PONDERING"), "job-1", Reason.UNKNOWN_CLOUD_STATUS, id="a word that nobody knows"),
        pytest.param(Cloud(None), "job-1", None, id="forgotten: the cloud says so itself"),
        pytest.param(Cloud(), "job-1", None, id="failed"),
    ],
)
async def test_only_a_job_that_failed_is_retried(cloud: Cloud, job_id: str, outcome: Reason | None) -> None:
    ready = await KIND.baseline(cloud.account, SPEC, retried(job_id))
    if outcome is None:
        assert ready == Baselined({"jobId": [job_id], "endTime": [""]})
        return
    assert isinstance(ready, Impossible | Blocked)
    assert ready.reason is outcome
    # A word that nobody knows today may be understood tomorrow: it waits, while the others end the retry.
    assert isinstance(ready, Blocked) is (outcome is Reason.UNKNOWN_CLOUD_STATUS)


@pytest.mark.parametrize(("job_id", "reason"), [("job-1", Reason.NO_PUBLIC_API), (None, Reason.JOB_ID_UNKNOWN)])
async def test_what_is_no_retry_needs_a_submission_that_rows_do_not_have(job_id: str | None, reason: Reason) -> None:
    context = SubmitContext("Submit", retried(job_id).status, "page-1", "t")
    ready = await KIND.baseline(Cloud().account, SPEC, context)
    assert isinstance(ready, Impossible)
    assert ready.reason is reason


async def test_a_console_that_was_switched_off_is_not_asked_and_nothing_is_concluded() -> None:
    off = Cloud(None, console=False).account
    refused = await KIND.submit(off, SPEC, SubmitRequest(RECORD, lambda: None))
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.NO_PUBLIC_API
    look = await KIND.find(off, SPEC, RECORD, lambda _: True)
    assert isinstance(look, Undecided)
    assert await KIND.observe(off, SPEC, JobStatus(job_id="job-1")) == Missing()


async def test_without_the_console_a_job_is_followed_by_the_documented_read() -> None:
    seen = await KIND.observe(Cloud("SUCCESSFUL", console=False).account, SPEC, JobStatus(job_id="job-1"))
    assert isinstance(seen, Seen)
    assert (seen.job_id, seen.cloud_status) == ("job-1", "SUCCESSFUL")


async def test_an_answer_without_an_id_is_of_the_row() -> None:
    """The retry was taken: as one without a handle it would be sent again."""
    answer = await KIND.submit(Cloud().account, SPEC, SubmitRequest(RECORD, lambda: None))
    assert answer == Accepted({ROW_ID: "row-1"})
