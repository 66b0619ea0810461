"""Two operators that stand for one Lease, quick enough for tests, and a user whose jobs either may carry out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.support.charted import Release
from tests.support.cloud import Cloud
from tests.support.controlplane import ControlPlane
from tests.support.operators import OperatorProcess
from tests.support.standin import StandIn
from tests.support.stopping import STOPPED
from tests.support.user import Job, User

LEASE: dict[str, Any] = {
    "leader_elect": True,
    "lease_duration": 7,
    "lease_renew_deadline": 2,
    "lease_retry_period": 0.5,
}
TAKEN_OVER = 7 + 2.0  # the Lease and some retries, on a machine that is busy
SETTLE = 3


class Pair:
    """`first` leads when the tests begin, `second` stands by."""

    def __init__(
        self,
        cluster: ControlPlane | StandIn,
        namespace: str,
        logs: Path,
        stop_at: str = "",
        release: Release | None = None,
    ) -> None:
        """With a release of the chart its Lease is theirs, else one in the user's namespace."""
        self._lease_namespace = release.namespace if release else namespace
        self._lease_name = release.environment["ZILLIZ_JOBS_LEASE_NAME"] if release else "zilliz-jobs-operator"
        settings = LEASE | {"lease_namespace": self._lease_namespace}
        self.first, self.second = (
            OperatorProcess(
                cluster,
                logs / f"{name}.log",
                namespaces=(namespace,),
                release=release,
                stop_at=step,
                **settings,
            )
            for name, step in (("first", stop_at), ("second", ""))
        )
        self.user = User(cluster, namespace, self.second)

    def start(self) -> None:
        self.first.start()
        self.user.until("the first leads", lambda: self.first.leads)
        self.second.start()
        self.user.until("the second stands by", lambda: "stands by" in self.second.said())

    def close(self) -> None:
        with ExitStack() as ends:  # of both, whatever becomes of one: it would lead for ever
            ends.callback(self.user.close)
            ends.callback(self.user.clear)
            for operator in (self.first, self.second):
                ends.callback(operator.close)
                if operator.runs and operator.is_stopped:
                    operator.go_on()
        for operator in (self.first, self.second):
            operator.require_clean_log()

    def until_stopped(self) -> None:
        def stopped() -> bool:
            return STOPPED in self.first.said() and self.first.is_stopped

        self.user.until("the first stops", stopped)

    def holder(self) -> str:
        lease = f"/apis/coordination.k8s.io/v1/namespaces/{self._lease_namespace}/leases/{self._lease_name}"
        return str((self.user.read(lease).get("spec") or {}).get("holderIdentity") or "")


@contextmanager
def pair(
    cluster: ControlPlane | StandIn, namespace: str, logs: Path, stop_at: str = "", release: Release | None = None
) -> Iterator[Pair]:
    pair = Pair(cluster, namespace, logs, stop_at, release)
    try:
        pair.start()
        yield pair
    finally:
        pair.close()


def wakes_up_late(pair: Pair, cloud: Cloud, step: str, *, last: bool = False) -> None:
    """The first stops at its step, the second takes over, the first goes on: each job is submitted once.

    `last`: it sleeps until the second has brought everything to its end.
    """
    user, first, second = pair.user, pair.first, pair.second
    user.connect(cloud, settle=SETTLE, console=True)
    jobs = [user.backup(cloud), user.importing(cloud)]
    pair.until_stopped()
    user.until("the second leads", lambda: second.leads, TAKEN_OVER + 5)
    if not last:
        first.go_on()
    for job in jobs:
        job.until_ended(seconds=60)
    if last:
        first.go_on()
    require_once(cloud, jobs)
    user.until("the first stands by", lambda: "leads no more" in first.said())
    assert not first.leads
    assert second.leads
    if step == "after the intent":
        assert first.answers("NotSent") >= 1, "its fence was closed"
    again = user.importing(cloud, "more")
    again.until_ended(seconds=30)
    require_once(cloud, [*jobs, again])


def require_once(cloud: Cloud, jobs: list[Job]) -> None:
    """The ledger of the cloud is the judge: one effect for each, and each object follows its own."""
    by_token = {entry.token: entry for entry in cloud.effects()}
    assert len(by_token) == len(cloud.effects()) == len(jobs), cloud.effects()
    for job in jobs:
        status = job.status()
        assert status["state"] == "Successful", status
        assert status["jobId"] == by_token[status["submission"]["token"]].job_id
        assert len(status["attempts"]) == 1
        assert not status["submission"].get("otherHandles")
