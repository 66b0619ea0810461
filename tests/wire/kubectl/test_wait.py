"""`kubectl zilliz wait`: a script goes by its exit code, so that must be the end of the job and nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.engine_rig import Rig
from tests.support.kubectl_zilliz import typed

ENDED = "2026-03-01T12:00:00Z"
UNKNOWN: dict[str, Any] = {
    "state": "Pending",
    "reason": "SubmissionUnknown",
    "submission": {"token": "t", "evidence": "Unknown", "sends": 1},
    "conditions": [{"type": "Stalled", "status": "True", "reason": "SubmissionUnknown", "message": "nobody knows"}],
}
RUNNING: dict[str, Any] = {"state": "InProgress", "progressPercent": 40}
STATUSES: dict[str, tuple[dict[str, Any], int]] = {
    "good": ({"state": "Successful", "completionTime": ENDED}, 0),
    "bad": ({"state": "Failed", "reason": "JobFailed", "message": "no column id", "completionTime": ENDED}, 1),
    "off": ({"state": "Canceled", "completionTime": ENDED}, 2),
    "lost": ({"state": "Unknown", "reason": "OutcomeUnknown", "completionTime": ENDED}, 3),
    "open": (UNKNOWN, 3),
    "late": (
        RUNNING | {"conditions": [{"type": "Overdue", "status": "True", "reason": "Stalled", "message": "m"}]},
        3,
    ),
    "running": (RUNNING, 124),
    "waiting": (
        {
            "state": "Pending",
            "reason": "SecretNotFound",
            "conditions": [{"type": "Reconciling", "status": "True", "reason": "SecretNotFound", "message": "m"}],
        },
        124,
    ),
}


async def in_state(rig: Rig, *names: str) -> None:
    for name in names:
        rig.backup(name)
        await rig.patch("backupjobs", name, {"status": STATUSES[name][0]}, "/status")


@pytest.mark.parametrize("name", STATUSES)
async def test_the_exit_code_is_the_end_of_the_job(keyed: Rig, name: str) -> None:
    await in_state(keyed, name)
    seen = await typed(keyed.kubeconfig, "wait", f"backupjob/{name}", "--timeout", "1s")
    assert seen.code == STATUSES[name][1], seen.out + seen.err


async def test_of_several_the_highest_counts(keyed: Rig) -> None:
    await in_state(keyed, "good", "bad", "off", "open")
    for names, code in ({("good",): 0, ("good", "bad"): 1, ("off", "bad"): 2, ("bad", "open", "off"): 3}).items():
        assert (await typed(keyed.kubeconfig, "wait", *names, "--timeout", "20s")).code == code


async def test_it_says_why_and_where_to_look(keyed: Rig) -> None:
    await in_state(keyed, "bad", "open")
    seen = await typed(keyed.kubeconfig, "wait", "bad", "open")
    assert "backupjob/bad Failed JobFailed" in seen.lines
    assert "backupjob/bad: JobFailed - no column id - The cloud reports that the job failed." in seen.lines
    assert "  kubectl zilliz show backupjob/open -n default" in seen.lines


async def test_the_end_of_a_job_that_was_asked_again_is_not_the_old_one(keyed: Rig) -> None:
    """`kubectl annotate ... retry-requested` and then `wait` would tell the end of the attempt before."""
    await in_state(keyed, "bad", "off")
    for name, mark in (("bad", "retry"), ("off", "retry")):
        change = {"metadata": {"annotations": {f"jobs.zilliz.com/{mark}-requested": "new"}}}
        await keyed.patch("backupjobs", name, change)
    waiting = asyncio.create_task(typed(keyed.kubeconfig, "wait", "bad", "off"))
    await keyed.until(lambda: keyed.kube.faults.watches, "it watches")
    assert not waiting.done()
    answered = {"retry": {"token": "new", "outcome": "Refused", "time": ENDED}}
    await keyed.patch("backupjobs", "off", {"status": answered}, "/status")
    await keyed.patch("backupjobs", "bad", {"status": {"state": "Successful", **answered}}, "/status")
    assert (await waiting).code == 2


async def test_progress_is_told_while_it_waits(keyed: Rig) -> None:
    await in_state(keyed, "running")
    waiting = asyncio.create_task(typed(keyed.kubeconfig, "wait", "running"))
    await keyed.until(lambda: keyed.kube.faults.watches, "it watches")
    for change in ({"progressPercent": 41}, {"progressPercent": 70}, STATUSES["good"][0]):
        await keyed.patch("backupjobs", "running", {"status": change}, "/status")
        await asyncio.sleep(0.1)
    seen = await waiting
    assert seen.code == 0
    assert seen.lines[0] == "backupjob/running InProgress 40%"
    assert "backupjob/running InProgress 41%" not in seen.lines
    assert seen.lines[-1].startswith("backupjob/running Successful")


@pytest.mark.parametrize("anew", [False, True], ids=["deleted", "made anew"])
async def test_a_job_that_goes_has_no_end_that_can_be_told(keyed: Rig, anew: bool) -> None:
    await in_state(keyed, "running")
    waiting = asyncio.create_task(typed(keyed.kubeconfig, "wait", "running"))
    await keyed.until(lambda: keyed.kube.faults.watches, "it watches")
    await keyed.delete("backupjobs", "running")
    if anew:
        await in_state(keyed, "running")
    seen = await waiting
    assert seen.code == 5
    assert "backupjob/running is gone" in seen.out


async def test_a_wrong_time_is_no_wait_without_end(keyed: Rig) -> None:
    await in_state(keyed, "running")
    for word in ("soon", "-1s", "nan", "5d"):
        seen = await typed(keyed.kubeconfig, "wait", "running", f"--timeout={word}")
        assert seen.code == 5
        assert "write 90s, 30m or 2h" in seen.err
