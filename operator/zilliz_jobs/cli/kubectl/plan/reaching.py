"""The account of a job's connection, checked as the operator checks it, with the rights of the person."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from zilliz_jobs.accounts.connection import Connection
from zilliz_jobs.accounts.connections import Connections
from zilliz_jobs.api.connection import ZILLIZ_CONNECTION
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.plan.rehearsed import Rehearsed
from zilliz_jobs.cloud.rehearsal import Rehearsal, Withheld
from zilliz_jobs.cloud.session import CloudSession
from zilliz_jobs.control.objects import Key, connection_key
from zilliz_jobs.core.foreigntext import shown
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.kube.errors import Forbidden, NotFound
from zilliz_jobs.kube.proxies import proxy_of
from zilliz_jobs.kube.secrets import Secrets
from zilliz_jobs.settings import Settings

NOT_FROM_HERE = frozenset({Reason.CLOUD_UNREACHABLE, Reason.RATE_LIMITED})
"""Reasons that say nothing of the job, nor of what the operator reaches."""


class Reached(NamedTuple):
    """`account`: None where the cloud cannot be asked from here; `link`: what the connection allows."""

    account: Account | None
    link: Link


@asynccontextmanager
async def connections_of(cluster: Cluster, withheld: list[Withheld]) -> AsyncIterator[Connections]:
    def session(endpoint: str, key: str, **more: Any) -> CloudSession:
        return CloudSession(endpoint, key, wire=Rehearsal(withheld, proxy_of(endpoint, os.environ)), **more)

    connections = Connections(
        Secrets(cluster.client),
        allow_http=Settings().allow_http_endpoints,
        make_session=session,
    )
    try:
        yield connections
    finally:
        await connections.close()


async def reach(cluster: Cluster, found: Rehearsed, connections: Connections) -> Reached:
    """The account of the job's connection, checked as the operator checks it."""
    key = connection_key(found.job.body)
    try:
        body = await cluster.objects.get(ZILLIZ_CONNECTION, key.namespace, key.name)
    except NotFound:
        return Reached(None, connections.link(key))
    except Forbidden:
        found.unchecked(f"ZillizConnection {key.name}", f"needs get on {ZILLIZ_CONNECTION.crd_name}")
        return Reached(None, Link())
    connection = connections.on_upsert(key, body)
    lacks = await _unreadable(cluster, key, connection)
    if lacks:
        found.unchecked(f"the key of ZillizConnection {key.name}, and the cloud", lacks)
        return Reached(None, _without_key(connection))
    problem = await connections.check(connection)
    if problem is not None and problem.reason in NOT_FROM_HERE:
        found.unchecked(
            f"the cloud of ZillizConnection {key.name}", f"no way to it from here: {shown(problem.message)}"
        )
        return Reached(None, _without_key(connection))
    if problem is None:
        found.ok(f"ZillizConnection {key.name}: {connection.endpoint} accepts its key")
    return Reached(connection.account, connection.link())


async def _unreadable(cluster: Cluster, key: Key, connection: Connection) -> str:
    """The right that is missing to read the Secret of the key; "" for none."""
    if connection.spec is None:
        return ""
    return await right_to_read(cluster, key.namespace, connection.spec.credentials_secret_ref.name)


def _without_key(connection: Connection) -> Link:
    """What the spec of the connection alone allows."""
    spec = connection.spec
    if spec is None:
        return connection.link()
    console = bool(spec.console_api and spec.console_api.enabled)
    return Link(suspended=spec.suspend, first_submission=spec.first_submission, console=console)


async def right_to_read(cluster: Cluster, namespace: str, secret: str) -> str:
    try:
        await Secrets(cluster.client).read(namespace, secret)
    except Forbidden:
        return f"needs get on Secret {secret}"
    except NotFound:
        return ""
    return ""
