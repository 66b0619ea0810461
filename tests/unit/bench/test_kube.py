"""If these fail, one request that a busy server gives up ends a measurement of an hour."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from tools.bench.kube import NO_ANSWER, TRIES, Kube, KubeProblem

pytestmark = pytest.mark.looptime
BODY = {"apiVersion": "jobs.zilliz.com/v1alpha1", "kind": "ImportJob", "metadata": {"name": "one"}, "spec": {}}


class Busy(Kube):
    """Answers the first requests of each method with these statuses, and does them all the same where `done`."""

    def __init__(self, *statuses: int, done: bool = False) -> None:
        self.own: Counter[str] = Counter()
        self.statuses = {method: list(statuses) for method in ("POST", "PATCH")}
        self.done, self.made, self.stored = done, False, 0

    async def ask(self, method: str, path: str, *_: Any, **__: Any) -> dict[str, Any]:
        if method == "POST" and self.made:
            raise KubeProblem("it exists", 409)
        status = self.statuses[method].pop(0) if self.statuses[method] else 200
        if status == 200 or self.done:
            self.made, self.stored = self.made or method == "POST", self.stored + (method == "PATCH")
        if status != 200:
            raise KubeProblem(f"cannot {method} {path}", status)
        return {}


@pytest.mark.parametrize("done", [False, True], ids=["not done", "done all the same"])
async def test_what_a_busy_server_gives_up_is_tried_again(done: bool) -> None:
    kube = Busy(504, NO_ANSWER, 503, done=done)
    await kube.create_all([{**BODY, "status": {"state": "Pending"}}])
    assert kube.made
    assert kube.stored >= 1


@pytest.mark.parametrize(("statuses", "told"), [([504] * TRIES, 504), ([422], 422)], ids=["for ever", "refused"])
async def test_what_does_not_go_is_told(statuses: list[int], told: int) -> None:
    with pytest.raises(ExceptionGroup) as found:
        await Busy(*statuses).create_all([BODY])
    assert [error.status for error in found.value.exceptions if isinstance(error, KubeProblem)] == [told]
