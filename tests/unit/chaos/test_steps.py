"""A step that is not recognised is a step at which nobody ever killed the operator."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from tools.chaos.plan import Trap
from tools.chaos.steps import (
    AFTER,
    BEFORE,
    Request,
    Sort,
    Step,
    intent_in,
    intent_of,
    sort_at_cloud,
    sort_at_kube,
    worker_in,
)
from tools.chaos.strikes import KubeStrikes, Traps

from zilliz_jobs.kube.status import json_ops, merge_diff

OBJECT = "/apis/jobs.zilliz.com/v1alpha1/namespaces/default/importjobs/films"
BATCH, SECRETS = "/apis/batch/v1/namespaces/default/jobs", "/api/v1/namespaces/default/secrets"
SECRET = "/api/v1/namespaces/default/secrets/films-credentials"
RECORD = {"token": "t1", "evidence": "Sending", "attempt": 1, "step": "Submit", "sends": 1}
HANDLED = RECORD | {"evidence": "Answered", "handle": {"jobId": "job-1"}}


def patch(body: Any, path: str = f"{OBJECT}/status") -> Request:
    return Request("PATCH", path, body=json.dumps(body).encode())


def merged(old: dict[str, Any], new: dict[str, Any]) -> Request:
    """As the operator's own writer makes it."""
    return patch({"metadata": {"resourceVersion": "1"}, "status": merge_diff(old, new)})


HANDLE = [
    {"op": "test", "path": "/metadata/uid", "value": "u"},
    {"op": "test", "path": "/status/submission/token", "value": "t1"},
    *json_ops({"submission": RECORD}, {"submission": HANDLED}),
]
AT_KUBE = {
    "the first intent": (merged({}, {"state": "Pending", "submission": RECORD}), Sort.INTENT),
    "a second send": (
        merged({"submission": RECORD | {"evidence": "Absent"}}, {"submission": RECORD | {"sends": 2}}),
        Sort.INTENT,
    ),
    "the answer": (patch(HANDLE), Sort.HANDLE),
    "a look-up's result": (merged({"submission": RECORD}, {"submission": HANDLED}), Sort.STATUS),
    "progress": (merged({"progressPercent": 1}, {"progressPercent": 2}), Sort.STATUS),
    "a finalizer": (patch({"metadata": {"finalizers": ["jobs.zilliz.com/job"]}}, OBJECT), Sort.FINALIZER_ON),
    "the end of one": (patch({"metadata": {"finalizers": None}}, OBJECT), Sort.FINALIZER_OFF),
    "credentials": (patch({"metadata": {}, "data": {"password": "cA=="}}, SECRET), Sort.SECRET),
    "an empty Secret": (Request("POST", "/api/v1/namespaces/default/secrets", body=b"{}"), Sort.OTHER),
    "a row of the job centre": (Request("POST", OBJECT.rpartition("/importjobs")[0] + "/projectjobs"), Sort.ROW),
    "the Job of a worker": (Request("POST", BATCH), Sort.WORKER_MADE),
    "its Secret": (Request("POST", SECRETS, body=b'{"metadata": {"name": "zmg-t1"}}'), Sort.WORKER_TOLD),
    "its start": (patch({"spec": {"suspend": False}}, f"{BATCH}/zmg-t1"), Sort.WORKER_STARTED),
    "its end": (Request("DELETE", f"{BATCH}/zmg-t1"), Sort.WORKER_ENDED),
    "a look at it": (Request("GET", f"{BATCH}/zmg-t1"), Sort.OTHER),
    "a watch": (Request("GET", "/apis/jobs.zilliz.com/v1alpha1/importjobs", {"watch": "true"}), Sort.WATCH),
    "a list": (Request("GET", "/apis/jobs.zilliz.com/v1alpha1/importjobs"), Sort.OTHER),
    "an unreadable body": (Request("PATCH", f"{OBJECT}/status", body=b"{"), Sort.OTHER),
}
TOKEN = {"idempotency-key": "t1"}
AT_CLOUD = {
    "a submission": (Request("POST", "/v2/vectordb/jobs/import/create", headers=TOKEN), Sort.SUBMIT),
    "a read by POST": (Request("POST", "/v2/vectordb/jobs/import/list"), Sort.OTHER),
    "a cancel": (Request("POST", "/console/v1/jobs/job-1/cancel", headers=TOKEN), Sort.CANCEL),
    "a deletion": (Request("DELETE", "/v2/clusters/in01/backups/backup-1", headers=TOKEN), Sort.DELETION),
    "a read": (Request("GET", "/v2/jobs/job-1"), Sort.OTHER),
}


@pytest.mark.parametrize("case", AT_KUBE)
def test_what_is_said_to_kubernetes_is_told_apart(case: str) -> None:
    request, sort = AT_KUBE[case]
    assert sort_at_kube(request) is sort


@pytest.mark.parametrize("case", AT_CLOUD)
def test_what_is_said_to_the_cloud_is_told_apart(case: str) -> None:
    request, sort = AT_CLOUD[case]
    assert sort_at_cloud(request) is sort


def test_every_step_is_at_one_end_of_one_sort_of_request() -> None:
    assert sorted([*BEFORE.values(), *AFTER.values()]) == sorted(Step)


def test_an_intent_is_known_by_the_write_and_by_the_object() -> None:
    written = intent_in(merged({}, {"submission": RECORD}))
    body = {"metadata": {"name": "films"}, "status": {"submission": RECORD, "steps": [{"submission": RECORD}]}}
    assert [written, written] == intent_of(body, "importjobs")


class Immortal:
    """Lives that can be ended as often as wanted."""

    def __init__(self) -> None:
        self.deaths: list[str] = []
        self.seconds = 10.0
        self.leader = 0

    def age(self, _who: int) -> float:
        return self.seconds

    def wrote(self, who: int) -> None:
        self.leader = who

    def kill(self, why: str, _who: int) -> bool:
        self.deaths.append(why)
        return True


def test_a_trap_lets_as_many_pass_as_the_plan_says_and_springs_once() -> None:
    lives = Immortal()
    traps = Traps((Trap(Step.INTENT_STORED, 2),), lives)  # type: ignore[arg-type]
    assert [traps.reached(Step.INTENT_STORED, 0) for _ in range(5)] == [False, False, True, False, False]
    assert (lives.deaths, dict(traps.left)) == ([Step.INTENT_STORED], {})


def test_both_sides_of_a_request_have_their_turn() -> None:
    """Else rare requests would all be lost on their way there, and none on the way back."""
    pair = [Trap(Step.FINALIZER_WANTED, 0), Trap(Step.FINALIZER_SET, 0)]
    traps = Traps((*pair, *pair), Immortal())  # type: ignore[arg-type]
    before = [traps.reached(Step.FINALIZER_WANTED, 0) for _ in range(2)]
    assert before == [True, False]
    assert traps.reached(Step.FINALIZER_SET, 0)
    assert traps.reached(Step.FINALIZER_WANTED, 0)


def test_a_trap_waits_for_an_operator_that_lives() -> None:
    lives = Immortal()
    lives.seconds = 0.0
    traps = Traps((Trap(Step.RECORDED, 0),), lives)  # type: ignore[arg-type]
    assert not traps.reached(Step.RECORDED, 0)
    assert traps.left == {Step.RECORDED: 1}


def test_a_step_of_a_worker_ends_a_young_operator_too_but_once_for_each_worker() -> None:
    """The making of a Job, of its Secret and its start follow each other at once: whoever lives on through the first
    would see none of the others. And a submission that is lost three times is given up."""
    lives = Immortal()
    lives.seconds = 0.1
    steps = (Step.CONFIG_MADE, Step.STARTED, Step.RECORDED)
    traps = Traps(tuple(Trap(step, 0) for step in steps), lives, least_life=2.0)  # type: ignore[arg-type]
    assert traps.reached(Step.CONFIG_MADE, 0, "zmg-a")
    assert not traps.reached(Step.STARTED, 0, "zmg-a")
    assert traps.reached(Step.STARTED, 0, "zmg-b")
    assert not traps.reached(Step.RECORDED, 0)


def test_a_request_of_a_worker_names_it() -> None:
    jobs = "/apis/batch/v1/namespaces/default/jobs"
    made = Request("POST", jobs, body=json.dumps({"metadata": {"name": "zmg-a"}}).encode())
    assert worker_in(made) == worker_in(Request("PATCH", f"{jobs}/zmg-a", body=b"{}")) == "zmg-a"


async def test_a_second_token_of_the_same_attempt_is_known_as_that() -> None:
    """Else two submissions under two tokens would look like two attempts."""
    fleet = Immortal()
    strikes = KubeStrikes(Traps((), fleet), Counter(), fleet)  # type: ignore[arg-type]
    second = {"submission": RECORD | {"attempt": 2, "evidence": "Absent"}}
    await strikes.before(merged({}, {"submission": RECORD | {"attempt": 2}}), 0)
    await strikes.before(merged(second, {"submission": RECORD | {"attempt": 2, "token": "t2"}}), 1)
    assert {(i.attempt, i.step) for i in strikes.intents.values()} == {(2, "Submit")}
    assert strikes.senders == {"t1": 0, "t2": 1}, "the cloud's side kills whoever sent"
    assert fleet.leader == 1
