"""What a run is, by each way in which Kubernetes can show it."""

from __future__ import annotations

from typing import Any

import pytest

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.core.observation import Missing, Seen
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.migrations.vts.workerstate import judge, verdict_of

Body = dict[str, Any]
DELETED = "2026-03-01T12:00:00Z"


def job(*conditions: str, suspend: bool = False, deleted: bool = False, reason: str = "") -> Body:
    found = [{"type": name, "status": "True", "reason": reason} for name in conditions]
    meta = {"name": "zmg-1", "uid": "j"} | ({"deletionTimestamp": DELETED} if deleted else {})
    return {
        "metadata": meta,
        "spec": {"suspend": suspend},
        "status": {"conditions": found, "startTime": "2026-03-01T11:00:00Z"},
    }


def pod(phase: str, *, state: Body | None = None, conditions: tuple[Body, ...] = (), **status: Any) -> Body:
    statuses = {"containerStatuses": [{"name": "vts", "state": state}]} if state else {}
    return {
        "metadata": {"name": "zmg-1-x", "creationTimestamp": "2026-03-01T11:00:01Z"},
        "status": {"phase": phase, "conditions": list(conditions), **statuses, **status},
    }


def ended(message: str = "", exit_code: int = 1, reason: str = "Error") -> Body:
    told = {"exitCode": exit_code, "reason": reason, "message": message, "finishedAt": "2026-03-01T11:05:00Z"}
    return pod("Succeeded" if exit_code == 0 else "Failed", state={"terminated": told})


def verdict(state: str = "FINISHED", code: int = 0, *, told: int = 0, rows: str = "5,5", error: str = "") -> str:
    read, written = rows.split(",")
    return (
        f'{{"state":"{state}","exit":{code},"terminated":{told},"read":{read},"written":{written},"code":"{error}"}}'
    )


def event(
    message: str, *, kind: str = "Warning", reason: str = "FailedCreate", at: str = "2026-03-01T11:00:05Z"
) -> Body:
    return {"type": kind, "reason": reason, "message": message, "lastTimestamp": at}


NONE = "null,null"
FAILED = job("Failed", reason="BackoffLimitExceeded")
UNSCHEDULABLE = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
DISRUPTED = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "drained"}
PULLING = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}
CREATING = {"waiting": {"reason": "ContainerCreating"}}

Case = tuple[Body, list[Body], list[Body], State, Reason | None, str]
CASES: dict[str, Case] = {
    "suspended": (job(suspend=True), [], [], State.PENDING, None, "suspended"),
    "no pod so far": (job(), [], [], State.PENDING, None, "no pod so far"),
    "a quota says no": (
        job(),
        [],
        [event("exceeded quota: few")],
        State.PENDING,
        Reason.WORKER_NOT_STARTED,
        "FailedCreate: exceeded quota",
    ),
    "the newest warning counts": (
        job(),
        [],
        [event("new", at="2026-03-01T11:00:09Z"), event("old"), event("made", kind="Normal")],
        State.PENDING,
        Reason.WORKER_NOT_STARTED,
        "new",
    ),
    "no node": (
        job(),
        [pod("Pending", conditions=(UNSCHEDULABLE,))],
        [],
        State.PENDING,
        Reason.WORKER_NOT_STARTED,
        "0/3 nodes",
    ),
    "no image": (
        job(),
        [pod("Pending", state=PULLING)],
        [],
        State.PENDING,
        Reason.WORKER_NOT_STARTED,
        "ImagePullBackOff: Back-off",
    ),
    "no volume": (
        job(),
        [pod("Pending", state=CREATING)],
        [event('secret "zmg-1" not found', reason="FailedMount")],
        State.PENDING,
        Reason.WORKER_NOT_STARTED,
        "FailedMount",
    ),
    "being started": (job(), [pod("Pending", state=CREATING)], [], State.PENDING, None, "is being started"),
    "running": (job(), [pod("Running")], [], State.IN_PROGRESS, None, "runs in pod zmg-1-x"),
    "node away": (job(), [pod("Unknown")], [], State.IN_PROGRESS, None, "does not answer"),
    "over, and its pod is not": (FAILED, [pod("Running")], [], State.IN_PROGRESS, None, "runs in pod"),
    "well": (
        job("Complete"),
        [ended(verdict(), 0)],
        [],
        State.SUCCESSFUL,
        None,
        "5 rows read, 5 written",
    ),
    "well, before the Job shows it": (job(), [ended(verdict(), 0)], [], State.SUCCESSFUL, None, "5 rows"),
    "well, and its pod was removed": (job("Complete"), [], [], State.SUCCESSFUL, None, ""),
    "no table": (
        FAILED,
        [ended(verdict("NONE", 1, rows=NONE, error="API-05"))],
        [],
        State.FAILED,
        Reason.SOURCE_NOT_FOUND,
        "API-05",
    ),
    "another code": (
        FAILED,
        [ended(verdict("FAILED", 1, rows="7,5", error="MILVUS-17"))],
        [],
        State.FAILED,
        Reason.MIGRATION_FAILED,
        "MILVUS-17; 7 rows read, 5 written",
    ),
    "no code": (
        FAILED,
        [ended(verdict("NONE", 127, rows=NONE), 127)],
        [],
        State.FAILED,
        Reason.MIGRATION_FAILED,
        "exit code 127",
    ),
    "cancelled in the engine": (
        FAILED,
        [ended(verdict("CANCELED", 0))],
        [],
        State.FAILED,
        Reason.MIGRATION_FAILED,
        "CANCELED",
    ),
    "rows lost": (
        FAILED,
        [ended(verdict(rows="5,4"))],
        [],
        State.FAILED,
        Reason.MIGRATION_FAILED,
        "5 rows read, 4 written",
    ),
    "memory, by the kubelet": (
        FAILED,
        [ended("", 137, "OOMKilled")],
        [],
        State.FAILED,
        Reason.OUT_OF_MEMORY,
        "ran out of memory",
    ),
    "memory, by java": (
        FAILED,
        [ended(verdict("NONE", 3, rows=NONE), 3)],
        [],
        State.FAILED,
        Reason.OUT_OF_MEMORY,
        "ran out of memory",
    ),
    "memory, java killed by the system": (
        FAILED,
        [ended(verdict("NONE", 137, rows=NONE), 137)],
        [],
        State.FAILED,
        Reason.OUT_OF_MEMORY,
        "was killed",
    ),
    "killed, and nothing said": (
        FAILED,
        [ended("", 137)],
        [],
        State.FAILED,
        Reason.WORKER_INTERRUPTED,
        "exit code 137",
    ),
    "told to end": (
        FAILED,
        [ended(verdict("NONE", 143, told=1, rows=NONE), 143)],
        [],
        State.FAILED,
        Reason.WORKER_INTERRUPTED,
        "told to end",
    ),
    "evicted": (
        job("Failed", reason="PodFailurePolicy"),
        [{**pod("Failed"), "status": {"phase": "Failed", "reason": "Evicted", "message": "low on disk"}}],
        [],
        State.FAILED,
        Reason.WORKER_INTERRUPTED,
        "Evicted: low on disk",
    ),
    "drained": (
        FAILED,
        [pod("Failed", conditions=(DISRUPTED,), state=ended("", 143)["status"]["containerStatuses"][0]["state"])],
        [],
        State.FAILED,
        Reason.WORKER_INTERRUPTED,
        "EvictionByEvictionAPI: drained",
    ),
    "pod removed by hand": (FAILED, [], [], State.FAILED, Reason.WORKER_INTERRUPTED, "its pod is gone"),
    "a log in place of the verdict": (
        FAILED,
        [ended("Exception: password=CANARY", 2)],
        [],
        State.FAILED,
        Reason.MIGRATION_FAILED,
        "exit code 2",
    ),
    "drained after its end": (
        job("Failed"),
        [pod("Failed", conditions=(DISRUPTED,), state=ended(verdict())["status"]["containerStatuses"][0]["state"])],
        [],
        State.SUCCESSFUL,
        None,
        "5 rows",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_run_is(case: str) -> None:
    body, pods, events, state, reason, words = CASES[case]
    seen = judge(body, pods, events, cancelled=False)
    assert isinstance(seen, Seen)
    assert (seen.state, seen.reason) == (state, reason), seen
    assert words in seen.message
    assert "CANARY" not in seen.message
    assert seen.start_time is not None
    assert state in (State.PENDING, State.IN_PROGRESS) or not pods or case == "evicted" or seen.end_time is not None


def test_a_job_that_is_gone_is_cancelled_only_where_that_was_asked_for() -> None:
    assert judge(None, [], [], cancelled=False) == Missing()
    seen = judge(None, [], [], cancelled=True)
    assert isinstance(seen, Seen)
    assert seen.state is State.CANCELED


@pytest.mark.parametrize("pods", [[], [pod("Running")], [ended(verdict("NONE", 143, told=1, rows=NONE), 143)]])
def test_a_cancel_is_over_when_the_job_is_gone_and_not_before(pods: list[Body]) -> None:
    seen = judge(job(deleted=True), pods, [], cancelled=True)
    assert isinstance(seen, Seen)
    assert (seen.state, seen.cloud_status) == (State.IN_PROGRESS, "Canceling")
    others = judge(job(deleted=True), pods, [], cancelled=False)
    assert isinstance(others, Seen)
    assert others.state is State.IN_PROGRESS
    assert "by somebody else" in others.message


def test_a_cancel_that_came_too_late_does_not_hide_the_end() -> None:
    seen = judge(job("Complete", deleted=True), [ended(verdict(), 0)], [], cancelled=True)
    assert isinstance(seen, Seen)
    assert seen.state is State.SUCCESSFUL


def test_words_of_kubernetes_are_one_short_line() -> None:
    seen = judge(job(), [], [event("a\nb " + "x" * 5000)], cancelled=False)
    assert isinstance(seen, Seen)
    assert "a b" in seen.message
    assert len(seen.message) <= 512


def test_of_several_pods_the_last_counts() -> None:
    older = pod("Failed")
    older["metadata"]["creationTimestamp"] = "2026-03-01T10:00:00Z"
    found = verdict_of([ended(verdict(), 0), older])
    assert found is not None
    assert found.whole


def test_a_container_beside_the_engine_tells_nothing_of_the_run() -> None:
    """A mesh's proxy may stand first, run on, and end well where the engine failed."""
    failed = ended(verdict("FAILED", 1, rows=NONE, error="TC-VECTORDB-01"))
    proxy = {"name": "proxy", "state": {"terminated": {"exitCode": 0, "reason": "Completed", "message": ""}}}
    failed["status"]["containerStatuses"].insert(0, proxy)
    seen = judge(FAILED, [failed], [], cancelled=False)
    assert isinstance(seen, Seen)
    assert (seen.state, seen.reason) == (State.FAILED, Reason.MIGRATION_FAILED)
    assert "its code TC-VECTORDB-01" in seen.message
