"""Two operators, each of a shard with a Lease of its own, and a user who labels what he makes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.support.cloud import Cloud
from tests.support.controlplane import ControlPlane
from tests.support.operators import OperatorProcess
from tests.support.pair import LEASE, SETTLE
from tests.support.standin import StandIn
from tests.support.user import User, connection, secret

from zilliz_jobs.control.shard import SHARD_LABEL

Body = dict[str, Any]


def labelled(shard: str) -> Body:
    """The metadata of an object of the shard."""
    return {"labels": {SHARD_LABEL: shard}}


class ShardPair:
    """`a` and `b`: the operators of these shards."""

    def __init__(self, cluster: ControlPlane | StandIn, namespace: str, logs: Path) -> None:
        self.a, self.b = (
            OperatorProcess(
                cluster,
                logs / f"{shard}.log",
                namespaces=(namespace,),
                watch_label_selector=f"{SHARD_LABEL}={shard}",
                **LEASE | {"lease_namespace": namespace},
            )
            for shard in "ab"
        )
        self.user = User(cluster, namespace, self.b)

    def label(self, plural: str, name: str, shard: str) -> None:
        self.user.merge(self.user.path(plural, name), {"metadata": labelled(shard)}).ok()

    def leases(self) -> set[str]:
        """The names of the Leases that have a holder."""
        path = f"/apis/coordination.k8s.io/v1/namespaces/{self.user.namespace}/leases"
        items = self.user.read(path)["items"]
        return {one["metadata"]["name"] for one in items if (one.get("spec") or {}).get("holderIdentity")}


@contextmanager
def shard_pair(cluster: ControlPlane | StandIn, namespace: str, logs: Path) -> Iterator[ShardPair]:
    """Both run, and lead, when it begins."""
    pair = ShardPair(cluster, namespace, logs)
    with ExitStack() as ends:
        ends.callback(pair.user.close)
        ends.callback(pair.user.clear)
        for operator in (pair.a, pair.b):
            ends.callback(operator.close)
            operator.start()
        pair.user.until("both lead", lambda: pair.a.leads and pair.b.leads)
        yield pair
    for operator in (pair.a, pair.b):
        operator.require_clean_log()


def an_account_moves(pair: ShardPair, cloud: Cloud) -> None:
    """A job of each shard, of which one is in the wrong one; then the operator of the account ends, and the account
    is moved to the other. Each job is submitted once, by the operator whose account it was."""
    user = pair.user
    assert pair.leases() == {"zilliz-jobs-operator-a", "zilliz-jobs-operator-b"}
    known = connection(cloud.url, submissionSettleSeconds=SETTLE)
    known["metadata"] |= labelled("a")
    user.apply(
        secret("zilliz-api-key", apiKey=cloud.key), secret("bucket", accessKey="AK", secretKey="canary"), known
    )
    first = user.importing(cloud, "first", meta=labelled("a"))
    wrong = user.importing(cloud, "wrong", meta=labelled("b"))
    first.until_ended()
    wrong.until_reason("AnotherShard")
    assert len(cloud.effects()) == 1
    assert pair.a.stop() == 0
    pair.label("zillizconnections", "default", "b")
    user.until(
        "b says which job is left behind",
        lambda: "ImportJob first" in user.connection_condition().get("message", ""),
    )
    assert len(cloud.effects()) == 1
    pair.label("importjobs", "first", "b")
    wrong.until_ended()
    assert len(cloud.effects()) == 2
    assert first.status()["state"] == "Successful"
    pair.a.start()
    user.until("a leads again", lambda: pair.a.leads)
    late = user.importing(cloud, "late", meta=labelled("a"))
    assert "is of shard b" in late.until_reason("AnotherShard")["message"]
    assert len(cloud.effects()) == 2
