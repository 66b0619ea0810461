"""Is an operator there, does it lead, is it well? Judged by its Deployment and its Lease, if both may be read."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from zilliz_jobs.api.model import parse_time
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.doctor.enginepolicy import check_engine_policy
from zilliz_jobs.cli.kubectl.doctor.finding import Finding
from zilliz_jobs.cli.kubectl.doctor.rights import check_operator_rights
from zilliz_jobs.control.objects import Body
from zilliz_jobs.control.shard import Shard
from zilliz_jobs.core.foreigntext import shown
from zilliz_jobs.kube.errors import Forbidden, NotFound
from zilliz_jobs.kube.leases import Lease, Leases
from zilliz_jobs.kube.paths import path
from zilliz_jobs.settings import Settings

SELECTORS = (
    "app.kubernetes.io/part-of=zilliz-jobs,app.kubernetes.io/component in (operator,shard)",  # of the chart
    "app.kubernetes.io/name=zilliz-jobs-operator",  # of the base for Kustomize
)
LEASE_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 5.0
SKEW = timedelta(seconds=5)


@dataclass(frozen=True)
class Installed:
    """A Deployment of the operator."""

    namespace: str
    name: str
    wanted: int
    ready: int
    account: str
    environment: dict[str, str]

    @property
    def watches(self) -> list[str]:
        """The namespaces that it is limited to; empty for all."""
        return [one.strip() for one in self.environment.get("ZILLIZ_JOBS_NAMESPACES", "").split(",") if one.strip()]

    @property
    def lease(self) -> str:
        """The name of the Lease that its leader holds."""
        base = self.environment.get("ZILLIZ_JOBS_LEASE_NAME", str(Settings.model_fields["lease_name"].default))
        try:
            return Shard.of(self.environment.get("ZILLIZ_JOBS_WATCH_LABEL_SELECTOR", "")).lease_name(base)
        except ValueError:  # with such a selector it does not start
            return base

    @property
    def user(self) -> str:
        """Its service account, as a user of Kubernetes."""
        return f"system:serviceaccount:{self.namespace}:{self.account}"

    @property
    def engine(self) -> str | None:
        """The image of VTS; "" where the Deployment takes it from elsewhere; None where no worker may run it."""
        return self.environment.get("ZILLIZ_JOBS_VTS_IMAGE")

    @property
    def engine_cluster(self) -> str:
        """Address of the cluster of SeaTunnel that runs VTS; "" for none."""
        return self.environment.get("ZILLIZ_JOBS_VTS_CLUSTER", "")


async def check_operators(cluster: Cluster, namespace: str | None) -> list[Finding]:
    """`namespace`: that of the operator; None: looked for in all of them."""
    try:
        found = await deployments(cluster, namespace)
    except NotFound:
        return [Finding.unchecked("whether the operator runs, and leads", "this server has no Deployments")]
    except Forbidden:
        where = f"in namespace {namespace}" if namespace else "in all namespaces; or say --operator-namespace"
        return [
            Finding.unchecked("whether the operator runs, and leads", f"needs list on deployments.apps {where}"),
            Finding.unchecked("the rights of the operator", "its service account is not known"),
        ]
    if not found:
        place = f"in namespace {namespace}" if namespace else "in the cluster"
        return [
            Finding.problem(
                f"there is no Deployment of the operator {place}; install the chart, unless it runs elsewhere"
            )
        ]
    return [line for one in found for line in await _check(cluster, one)]


async def deployments(cluster: Cluster, namespace: str | None) -> list[Installed]:
    """The operators of a namespace, or of all. Raises Forbidden, NotFound (no such kind here), KubeError."""
    found: dict[tuple[str, str], Installed] = {}
    for selector in SELECTORS:
        listed = await cluster.client.get(path("apps/v1", "deployments", namespace), {"labelSelector": selector})
        for one in map(installed, listed.get("items") or []):
            found[one.namespace, one.name] = one
    return [*found.values()]


async def _check(cluster: Cluster, one: Installed) -> list[Finding]:
    me = f"Deployment {one.namespace}/{one.name}"
    lines = []
    if one.wanted == 0:
        lines.append(Finding.problem(f"{me} has 0 replicas, so no job goes on; scale it to 1 or more"))
    elif one.ready == 0:
        lines.append(
            Finding.problem(
                f"{me}: none of {one.wanted} pods is ready; kubectl -n {one.namespace} describe deployment {one.name}"
            )
        )
    else:
        lines.append(Finding.ok(f"{me}: {one.ready} of {one.wanted} pods ready, so their watches deliver (/healthz)"))
    if one.watches and cluster.home not in one.watches:
        lines.append(Finding.problem(f"{me} works in {', '.join(one.watches)} only, not in {cluster.home}"))
    lines.append(await _check_lease(cluster, one))
    lines.append(Finding.ok(f"{me}: {engine_said(one.engine, one.engine_cluster)}"))
    with_engine = one.engine is not None
    if with_engine:
        lines.append(await check_engine_policy(cluster, one.user))
    return lines + await check_operator_rights(cluster, one.namespace, one.account, with_engine=with_engine)


def engine_said(image: str | None, cluster: str = "") -> str:
    """Whether migrations by VTS can run. `image`: None where no worker may run them; "" where it is not known.
    `cluster`: of SeaTunnel, which runs them where it is named. Pure."""
    if cluster:
        return f"migrations by VTS are enabled, on the SeaTunnel cluster {shown(cluster)}"
    if image is None:
        return "migrations by VTS are not enabled; migrations.vts.enabled of the chart would do that"
    return f"migrations by VTS are enabled{f', with the image {shown(image)}' if image else ''}"


async def _check_lease(cluster: Cluster, one: Installed) -> Finding:
    namespace = one.environment.get("ZILLIZ_JOBS_LEASE_NAMESPACE", one.namespace)
    leases = Leases(cluster.client, namespace, one.lease, timeout=LEASE_SECONDS)
    me = f"Lease {leases.namespace}/{one.lease}"
    try:
        lease = await leases.get()
        if lease.holder and not _is_fresh(lease, cluster.now()):
            await asyncio.sleep(LOOK_AGAIN_SECONDS)  # clocks may differ; a renewal in between is proof
            again = await leases.get()
            if again.version == lease.version:
                return Finding.problem(
                    f"{me} is not renewed any more: its holder {lease.holder} is gone or cut off; see its log"
                )
            lease = again
    except NotFound:
        return Finding.problem(
            f"there is no {me}: no operator leads; kubectl -n {one.namespace} logs deployment/{one.name}"
        )
    except Forbidden:
        return Finding.unchecked(
            "whether an operator leads", f"needs get on leases.coordination.k8s.io in {leases.namespace}"
        )
    if not lease.holder:
        return Finding.problem(
            f"{me} has no holder: no operator leads; kubectl -n {one.namespace} logs deployment/{one.name}"
        )
    return Finding.ok(f"{lease.holder} leads, and renews {me}")


def _is_fresh(lease: Lease, now: datetime) -> bool:
    renewed = parse_time((lease.body.get("spec") or {}).get("renewTime"))
    return renewed is not None and now - renewed <= timedelta(seconds=lease.seconds) + SKEW


def installed(body: Body) -> Installed:
    """What a Deployment says of the operator in it. Pure."""
    meta, spec, status = body["metadata"], body.get("spec") or {}, body.get("status") or {}
    pod = (spec.get("template") or {}).get("spec") or {}
    environment = {
        str(entry.get("name")): str(entry.get("value") or "")
        for container in pod.get("containers") or []
        for entry in container.get("env") or []
    }
    return Installed(
        namespace=str(meta["namespace"]),
        name=str(meta["name"]),
        wanted=int(spec.get("replicas", 1)),
        ready=int(status.get("readyReplicas") or 0),
        account=str(pod.get("serviceAccountName") or "default"),
        environment=environment,
    )
