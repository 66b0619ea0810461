"""Whether the run of a job lets it begin: by what the schedule says at that moment, never by what is not seen."""

from __future__ import annotations

from typing import Any

import pytest

from zilliz_jobs.api.model import API_VERSION
from zilliz_jobs.control.backupuse import BackupUse
from zilliz_jobs.core.observation import Blocked
from zilliz_jobs.core.snapshot import Withdrawn
from zilliz_jobs.kube.errors import KubeError, NotFound, NotServed
from zilliz_jobs.schedules.children import Children
from zilliz_jobs.schedules.childwriter import RUN_LABEL
from zilliz_jobs.schedules.gating import ScheduledRuns

Body = dict[str, Any]
RUN = "202611280300"


class Shelf:
    """The one schedule that there is, or the error of whoever asks for it."""

    def __init__(self, found: Body | KubeError) -> None:
        self.found = found

    async def get(self, *_: object) -> Body:
        if isinstance(self.found, KubeError):
            raise self.found
        return self.found


def schedule(*jobs: Body, uid: str = "s-1", state: str = "Active", **run: Any) -> Body:
    rows = [{"kind": "BackupJob", "name": f"nightly-{RUN}-{job['entry']}", **job} for job in jobs]
    one = {"name": RUN, "time": "2026-11-28T03:00:00Z", "generation": 1, "state": state, "jobs": rows, **run}
    meta = {"name": "nightly", "namespace": "ns", "uid": uid}
    return {"kind": "JobSchedule", "metadata": meta, "status": {"runs": [one]}}


def child(entry: str = "a", *, owned: bool = True, **more: Any) -> Body:
    owner = {"apiVersion": API_VERSION, "kind": "JobSchedule", "name": "nightly", "uid": "s-1", "controller": True}
    meta: Body = {
        "name": f"nightly-{RUN}-{entry}",
        "namespace": "ns",
        "uid": f"u-{entry}",
        "labels": {RUN_LABEL: RUN},
    }
    if owned:
        meta["ownerReferences"] = [owner]
    return {"kind": "BackupJob", "metadata": meta, **more}


def runs(found: Body | KubeError) -> ScheduledRuns:
    shelf: Any = Shelf(found)
    nobody: Any = None
    return ScheduledRuns(shelf, Children({}, nobody, BackupUse()))


A = {"entry": "a", "uid": "u-a"}


@pytest.mark.parametrize(
    ("found", "verdict", "reason"),
    [
        pytest.param(schedule(A), None, "", id="its run is open"),
        pytest.param(schedule({"entry": "a"}), Blocked, "WaitingFor", id="its uid is not written yet"),
        pytest.param(schedule(A | {"uid": "u-z"}), Withdrawn, "RunOver", id="another object of its name was made"),
        pytest.param(schedule(A, state="Failed"), Withdrawn, "RunOver", id="its run has ended"),
        pytest.param(schedule(A, replaced=True), Withdrawn, "RunOver", id="its run is replaced"),
        pytest.param(schedule(A, name="202611290300"), Withdrawn, "RunOver", id="another run is open"),
        pytest.param(schedule(A, uid="s-2"), Withdrawn, "RunOver", id="another schedule has the name"),
        pytest.param(NotFound("gone", status=404), Withdrawn, "RunOver", id="its schedule is gone"),
        pytest.param(
            schedule(A | {"after": ["b"]}, {"entry": "b", "state": "Pending"}), Blocked, "WaitingFor", id="it waits"
        ),
        pytest.param(
            schedule(A | {"after": ["b"]}, {"entry": "b", "state": "Failed"}), Withdrawn, "RunFailed", id="b failed"
        ),
        pytest.param(schedule(A | {"after": ["b"]}, {"entry": "b", "state": "Successful"}), None, "", id="its turn"),
    ],
)
async def test_a_job_begins_only_while_its_run_is_open(
    found: Body | KubeError, verdict: type[Any] | None, reason: str
) -> None:
    said = await runs(found).standing(child())
    assert (type(said) if said else None) is verdict
    assert said is None or said.reason == reason


@pytest.mark.parametrize("error", [NotServed("no such kind", status=404), KubeError("down", status=503)])
async def test_a_schedule_that_cannot_be_read_is_not_gone(error: KubeError) -> None:
    """Else an API server that does not serve the kind for a moment would cancel all jobs that wait."""
    with pytest.raises(KubeError):
        await runs(error).standing(child())
    with pytest.raises(KubeError):
        await runs(error).keeps(child())


async def test_what_was_orphaned_waits_for_a_person() -> None:
    """Nobody knows what it was to follow."""
    said = await runs(schedule(A)).standing(child(owned=False))
    assert isinstance(said, Blocked)
    assert "remove the label" in said.message


async def test_an_object_of_no_schedule_is_nobodys_business() -> None:
    body = child(owned=False)
    del body["metadata"]["labels"]
    assert await runs(KubeError("down", status=503)).standing(body) is None


@pytest.mark.parametrize(("state", "kept"), [("Active", True), ("Successful", False), ("Failed", False)])
async def test_an_object_stays_until_the_end_of_its_run_is_written(state: str, kept: bool) -> None:
    assert await runs(schedule(A, state=state)).keeps(child()) is kept
