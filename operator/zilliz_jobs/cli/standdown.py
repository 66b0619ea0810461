"""Stopping an operator for good, and knowing that it has stopped: what is freed under one that works it holds again.

Its Deployment gets no replicas, and its Lease tells when the last of them has ended. The wish is repeated at each
look, since whoever else scales it may want some.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from zilliz_jobs.control.clock import steady
from zilliz_jobs.kube.deployments import Deployments
from zilliz_jobs.kube.errors import KubeError, NotFound
from zilliz_jobs.kube.leases import Lease, Leases

LOOK_SECONDS = 1.0
FREE_SECONDS = 4.0
"""A Lease that was given back must stay free for so long: another replica would take it within two and a half."""
PATIENCE_SECONDS = 90.0
"""Beside the Lease's own time: a pod may take 45 s to end, and its node may be slow to hear of it."""


async def stand_down(
    deployments: Deployments,
    leases: Leases,
    name: str,
    *,
    clock: Callable[[], float] = steady,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Scale the Deployment `name`, in the namespace of the Lease, to zero; returns when no operator works any more.

    Raises KubeError where one works on, or where that cannot be told. Can be repeated.
    """
    begun = since = clock()
    known: Lease | str | None = "not read yet"
    while True:
        replicas = await deployments.scale(leases.namespace, name, 0)
        try:
            lease = await leases.get()
        except NotFound:
            lease = None
        if lease != known:
            known, since = lease, clock()
        holder = lease.holder if lease is not None else ""
        quiet = float(lease.seconds) if lease is not None and holder else FREE_SECONDS
        if not replicas and clock() - since >= quiet:
            return
        if clock() - begun > PATIENCE_SECONDS + quiet:
            who = f"{holder} renews its Lease" if holder else f"{replicas} replicas are left"
            raise KubeError(
                f"cannot stop the operator of Deployment {leases.namespace}/{name}: {who}; stop it, and do this again"
            )
        await sleep(LOOK_SECONDS)
