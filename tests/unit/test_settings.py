"""Settings that cannot work together are refused at the start, in words that name the variable."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from zilliz_jobs.cli.app import app
from zilliz_jobs.control.fence import MARGIN_SECONDS
from zilliz_jobs.settings import LEAST_LEASE_MARGIN, Settings


def test_the_margin_of_the_lease_is_what_the_fence_asks_for():
    """Else a Lease that the settings allow could keep the fence closed for ever."""
    assert LEAST_LEASE_MARGIN == MARGIN_SECONDS


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"lease_duration": 14}, "lease_renew_deadline"),
        ({"lease_renew_deadline": 10.5}, "lease_renew_deadline"),
        ({"lease_retry_period": 6}, "lease_retry_period"),
        ({"lease_name": "Not A Name"}, "lease_name"),
    ],
)
def test_a_lease_that_could_not_be_held_is_refused(given: dict[str, object], wrong: str):
    values = Settings().model_dump() | given
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate(values)
    assert [error["loc"] for error in caught.value.errors()] == [(wrong,)]


def test_a_quick_lease_is_allowed():
    quick = {"lease_duration": 7, "lease_renew_deadline": 2, "lease_retry_period": 0.5}
    assert Settings.model_validate(quick).lease_duration == 7


def test_a_wrong_lease_is_one_line_and_no_stack_trace(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ZILLIZ_JOBS_LEASE_RENEW_DEADLINE", "14")
    done = CliRunner().invoke(app, ["operator"])
    assert done.exit_code == 2
    assert done.output.startswith("zilliz-jobs: cannot use ZILLIZ_JOBS_LEASE_RENEW_DEADLINE: ")
    assert len(done.output.splitlines()) == 1
