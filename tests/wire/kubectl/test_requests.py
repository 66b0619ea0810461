"""Requests by `kubectl zilliz`: what it prints is what the operator decided about this very request."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.engine_rig import FILM, Rig
from tests.support.kubectl_zilliz import typed

from zilliz_local.cloud import MOVIES

FAILED: dict[str, Any] = {
    "state": "Failed",
    "reason": "JobFailed",
    "completionTime": "2026-03-01T12:00:00Z",
    "jobId": "job-1",
    "submission": {"token": "t", "evidence": "Answered", "sends": 1, "handle": {"jobId": "job-1"}},
}


@pytest.fixture
def console(keyed: Rig) -> Rig:
    """With a connection that may use the console's calls."""
    keyed.connection(consoleApi={"enabled": True})
    return keyed


async def running_backup(rig: Rig) -> None:
    rig.backup("movies")
    await rig.start()
    await rig.until(lambda: rig.status("backupjobs", "movies").get("jobId"), "it is submitted")


async def test_a_cancel_says_that_the_cloud_took_it(console: Rig) -> None:
    await running_backup(console)
    seen = await typed(console.kubeconfig, "cancel", "movies")
    assert seen.code == 0, seen.out
    assert seen.out.startswith(("backupjob/movies: cancel Accepted", "backupjob/movies: cancel Completed"))
    console.cloud.advance(3600)
    assert (await typed(console.kubeconfig, "wait", "movies", "--timeout", "60s")).code == 2


async def test_a_refusal_names_the_rule_and_is_no_success(world: Rig) -> None:
    await running_backup(world)
    seen = await typed(world.kubeconfig, "cancel", "zbk/movies")
    assert seen.code == 1
    assert "backupjob/movies: cancel Refused (NoPublicAPI: " in seen.out
    seen = await typed(world.kubeconfig, "retry", "movies")
    assert (seen.code, "Refused (NotFailed: " in seen.out) == (1, True)


async def test_each_request_is_a_new_one(world: Rig) -> None:
    """The answer to the last one, read as that to this one, would be an outcome that nobody decided."""
    await running_backup(world)
    tokens = []
    for _ in range(2):
        await typed(world.kubeconfig, "cancel", "movies")
        tokens.append(world.status("backupjobs", "movies")["cancel"]["token"])
    assert len(set(tokens)) == 2


async def test_without_an_operator_there_is_no_answer_and_that_is_said(keyed: Rig) -> None:
    keyed.backup("movies")
    seen = await typed(keyed.kubeconfig, "cancel", "movies", "--timeout", "1s")
    assert seen.code == 124
    assert "cancel not answered yet (no operator has answered; whether one works: kubectl zilliz doctor)" in seen.out
    assert keyed.get("backupjobs", "movies")["metadata"]["annotations"]["jobs.zilliz.com/cancel-requested"]


async def test_a_failed_import_is_tried_again(console: Rig) -> None:
    console.cloud.next_job("IMPORT", failure="access denied")
    console.imports("films")
    await console.start()
    await console.until(lambda: console.status("importjobs", "films").get("jobId"))
    console.cloud.advance(3600)
    await console.until_state("importjobs", "films", "Failed")
    seen = await typed(console.kubeconfig, "retry", "films")
    assert (seen.code, seen.out.split(" (")[0]) in (
        (0, "importjob/films: retry Accepted"),
        (0, "importjob/films: retry Completed"),
    )


async def test_all_failed_ones_are_asked_only_after_a_yes(world: Rig) -> None:
    for name in ("one", "two"):
        world.imports(name)
        await world.patch("importjobs", name, {"status": FAILED | {"jobId": f"job-{name}"}}, "/status")
    world.backup("three")
    await world.patch("backupjobs", "three", {"status": FAILED}, "/status")
    seen = await typed(world.kubeconfig, "retry", "--failed", "--timeout", "1s")
    assert seen.code == 5
    assert "this would retry 2 jobs; say --yes" in seen.err
    assert "backupjob/three: left out (ResubmitNotAllowed: " in seen.out
    assert not any(world.get("importjobs", name)["metadata"].get("annotations") for name in ("one", "two"))
    seen = await typed(world.kubeconfig, "retry", "--failed", "--yes", "--timeout", "1s", "import")
    assert seen.code == 124
    assert all(world.get("importjobs", name)["metadata"].get("annotations") for name in ("one", "two"))
    assert not world.get("backupjobs", "three")["metadata"].get("annotations")
    assert len([line for line in seen.lines if "retry not answered yet" in line]) == 2


async def test_a_job_is_held_back_and_let_go(world: Rig) -> None:
    world.backup("movies", suspend=True)
    await world.start()
    await world.until(lambda: world.status("backupjobs", "movies").get("reason") == "Suspended")
    seen = await typed(world.kubeconfig, "suspend", "movies")
    assert (seen.code, seen.out.split(" (")[0]) == (0, "backupjob/movies: suspend suspended")
    seen = await typed(world.kubeconfig, "resume", "movies")
    assert (seen.code, seen.out.split(" (")[0]) == (0, "backupjob/movies: resume resumed")
    await world.until(lambda: world.status("backupjobs", "movies").get("jobId"), "it is submitted")
    seen = await typed(world.kubeconfig, "suspend", "movies")
    assert seen.code == 1
    assert "suspend too late (AlreadySubmitted: " in seen.out


async def in_doubt(world: Rig) -> str:
    """Two imports, `one` and `two`, with the same look; the id of the only job: a person must tell whose it is."""
    for name in ("one", "two"):
        world.imports(name)
        record = {
            "attempt": 1,
            "step": "Submit",
            "token": f"token-{name}",
            "holder": "gone",
            "intentTime": "2026-01-05T07:59:58Z",
            "cloudTime": "2026-01-05T07:59:58Z",
            "sends": 1,
            "evidence": "Sending",
        }
        await world.patch("importjobs", name, {"status": {"state": "Pending", "submission": record}}, "/status")
    body = {"objectUrls": [[FILM]], "clusterId": MOVIES, "collectionName": "films"}
    world.cloud.act_as("rival", "POST", "/v2/vectordb/jobs/import/create", body)
    await world.start()

    def unknown(name: str) -> bool:
        return world.status("importjobs", name).get("reason") == "SubmissionUnknown"

    await world.until(lambda: unknown("one") and unknown("two"), "both ask", 25)
    return str(world.cloud.ledger.effects(kind="submit")[0].job_id)


async def test_an_unknown_submission_is_given_its_job(world: Rig) -> None:
    job_id = await in_doubt(world)
    page = await typed(world.kubeconfig, "show", "one")
    assert "kubectl zilliz resolve importjob/one -n default --adopt JOB-ID" in page.out
    both = await typed(world.kubeconfig, "resolve", "one", "--abandon", "--resubmit")
    assert (both.code, "exactly one" in both.err) == (5, True)
    seen = await typed(world.kubeconfig, "resolve", "one", "--adopt", job_id)
    assert (seen.code, seen.out.split(" (")[0]) == (0, "importjob/one: resolve Completed")
    assert world.status("importjobs", "one")["jobId"] == job_id


async def test_an_unknown_submission_is_given_up(world: Rig) -> None:
    """While the other is in doubt too: once its job were known, the operator would decide this one by itself."""
    await in_doubt(world)
    seen = await typed(world.kubeconfig, "resolve", "two", "--abandon")
    assert (seen.code, seen.out.split(" (")[0]) == (0, "importjob/two: resolve Completed")
    assert world.status("importjobs", "two")["state"] == "Failed"
    assert len(world.cloud.ledger.effects(kind="submit")) == 1
    again = await typed(world.kubeconfig, "resolve", "two", "--resubmit")
    assert (again.code, "has no submission to decide: it is Failed" in again.err) == (1, True)


async def test_one_that_cannot_be_asked_stops_none_of_the_others(keyed: Rig) -> None:
    keyed.backup("one")
    keyed.backup("two")
    asking = asyncio.create_task(typed(keyed.kubeconfig, "cancel", "one", "two", "--yes", "--timeout", "20s"))
    await keyed.until(lambda: keyed.get("backupjobs", "one")["metadata"].get("annotations"))
    await keyed.until(lambda: keyed.get("backupjobs", "two")["metadata"].get("annotations"))
    token = keyed.get("backupjobs", "two")["metadata"]["annotations"]["jobs.zilliz.com/cancel-requested"]
    await keyed.delete("backupjobs", "one")
    answer = {"cancel": {"token": token, "outcome": "Completed", "reason": "Canceled", "message": "done"}}
    await keyed.patch("backupjobs", "two", {"status": answer}, "/status")
    seen = await asking
    assert seen.code == 5
    assert "backupjob/one: cancel not answered (backupjob/one was deleted meanwhile)" in seen.lines
    assert "backupjob/two: cancel Completed (Canceled: done)" in seen.lines
