"""The operator's story: log in, start the engine, hand every event of our kinds to it, drain on the way out.

The only file with kopf in it. kopf starts and ends the process, logs in, answers the probes, and makes the streams of
events: a list, then a watch, over lost connections. No handler of objects is registered: each stream is one of
`engine.watching`, so that a kind whose CRD is not there, or whose watch fails, holds up no other and ends nothing
(kopf would end the operator). No patch, annotation or finalizer of kopf's own is needed; all state is in the objects'
status, and all timing in the engine's queue.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import uuid
from collections.abc import AsyncGenerator
from typing import Any

import kopf
from kopf._cogs.clients import errors as kopf_errors
from kopf._cogs.clients.watching import Bookmark, infinite_watch
from kopf._cogs.structs import references

from zilliz_jobs import ending
from zilliz_jobs.api.model import GROUP, VERSION
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.core.backoff import exponential
from zilliz_jobs.engine.leadership import Alone, Elector, Leadership, Pace
from zilliz_jobs.engine.runtime import Engine
from zilliz_jobs.engine.watching import Listed, Mark, Open, Sign, Told, Watches
from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.kube.errors import KubeError, NotServed
from zilliz_jobs.kube.leases import Leases
from zilliz_jobs.kube.session import open_session
from zilliz_jobs.settings import Settings

START_AGAIN_SECONDS = 5.0  # at most, between two tries to start

log = logging.getLogger(__name__)


def make_registry(settings: Settings) -> kopf.OperatorRegistry:
    """A registry of its own for every operator, so that several can run in one process (the tests do)."""
    registry = kopf.OperatorRegistry()

    @kopf.on.startup(registry=registry)
    async def start(settings: kopf.OperatorSettings, memo: kopf.Memo, retry: int, **_: Any) -> None:
        _configure(settings)
        client = await _connect(options)
        engine = Engine(options, client, _leadership(options, client))
        try:
            if options.metrics_port:
                engine.metrics.serve(options.metrics_port)
            await engine.start()
        except OSError as error:
            await client.close()
            raise kopf.PermanentError(f"cannot serve metrics on port {options.metrics_port}: {error}") from None
        except KubeError as error:
            await asyncio.to_thread(engine.metrics.close)
            await client.close()
            raise kopf.TemporaryError(
                str(error), delay=exponential(retry, base=0.5, cap=START_AGAIN_SECONDS, jitter=1.0)
            ) from None
        memo.client, memo.engine = client, engine
        memo.watches = engine.watches = Watches(
            RESOURCES,
            [*options.namespaces] or [None],
            _streams(settings),
            engine.feed,
            engine.objects.newest_version,
            limit=options.watch_limit,
        )
        memo.watches.start()
        log.info("the operator runs on %s", client.server)

    @kopf.on.login(registry=registry)
    async def log_in(memo: kopf.Memo, **_: Any) -> kopf.AiohttpSession:
        known = await memo.client.credentials(fresh=memo.get("logged_in", False))
        memo.logged_in = True
        return kopf.AiohttpSession(
            server=known.server, default_namespace=known.namespace, aiohttp_session=open_session(known)
        )

    @kopf.on.probe(registry=registry, id="engine")
    async def probe(memo: kopf.Memo, **_: Any) -> str:
        if not memo.engine.alive or not memo.watches.alive:
            raise kopf.PermanentError("a task of the engine has ended")  # others are retried in silence
        if silent := memo.engine.echoes.silent:
            raise kopf.PermanentError(f"the watches tell nothing any more: {', '.join(silent)}")
        return "alive"

    @kopf.on.probe(registry=registry, id="watches")
    async def tell_watches(memo: kopf.Memo, **_: Any) -> str:
        return str(memo.watches.told)

    @kopf.on.probe(registry=registry, id="leader")
    async def tell_leader(memo: kopf.Memo, **_: Any) -> str:
        return str(memo.engine.leadership.leader)

    @kopf.on.cleanup(registry=registry)
    async def drain(memo: kopf.Memo, **_: Any) -> None:
        if "watches" in memo:
            await memo.watches.close()
        if "engine" in memo:
            await memo.engine.stop()
            await asyncio.to_thread(memo.engine.metrics.close)
        if "client" in memo:
            await memo.client.close()

    options = settings
    return registry


def _streams(settings: kopf.OperatorSettings) -> Open:
    """kopf's own list and watch of one kind, in the engine's words."""

    async def stream(resource: Resource, namespace: str | None) -> AsyncGenerator[Sign, None]:
        where = references.Resource(GROUP, VERSION, resource.plural, kind=resource.kind, namespaced=True)
        at = None if namespace is None else references.NamespaceName(namespace)
        try:
            async for raw in infinite_watch(settings=settings, resource=where, namespace=at):
                if isinstance(raw, Bookmark):
                    yield Listed()
                    continue
                body: dict[str, Any] = dict(raw["object"])
                if raw["type"] == "BOOKMARK":
                    yield Mark(int(body["metadata"].get("resourceVersion") or 0))
                else:
                    yield Told(body, gone=raw["type"] == "DELETED", listed=raw["type"] is None)
        except kopf_errors.APINotFoundError:
            raise NotServed(f"the API server does not serve {resource.kind}", status=404) from None

    return stream


def _configure(settings: kopf.OperatorSettings) -> None:
    settings.posting.enabled = False  # the engine posts its own events, each once
    settings.scanning.disabled = True  # no rights on CRDs and namespaces needed
    settings.watching.server_timeout = 240
    settings.watching.client_timeout = 250
    settings.watching.connect_timeout = 10
    settings.watching.inactivity_timeout = 70  # bookmarks come every minute; a silent watch is opened anew
    settings.watching.chunk_size = 500  # objects; else the first list of a big cluster is one answer of 100 MB
    settings.networking.request_timeout = 15
    settings.persistence.finalizer = f"{GROUP}/kopf"  # never set: on.event needs none
    settings.persistence.diffbase_storage = _NoDiffs()
    settings.persistence.progress_storage = _NoProgress()


class _NoDiffs(kopf.DiffBaseStorage):
    """`on.event` asks for no differences; to work them out is most of what the first list of a cluster costs."""

    def build(self, *, body: kopf.Body, extra_fields: Any = None) -> kopf.BodyEssence:
        return kopf.BodyEssence()

    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        """Nothing is kept."""


class _NoProgress(kopf.ProgressStorage):
    """No handler has progress that must outlive the process."""

    def fetch(self, *, key: Any, body: kopf.Body) -> None:
        return None

    def store(self, *, key: Any, record: Any, body: kopf.Body, patch: kopf.Patch) -> None:
        """Nothing is kept."""

    def purge(self, *, key: Any, body: kopf.Body, patch: kopf.Patch) -> None:
        """Nothing is kept."""

    def touch(self, *, body: kopf.Body, patch: kopf.Patch, value: str | None) -> None:
        """Nothing is kept."""

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        return essence


def _leadership(settings: Settings, client: KubeClient) -> Leadership:
    """The election that is wanted; in a pod there is one unless told otherwise."""
    if not (client.in_cluster if settings.leader_elect is None else settings.leader_elect):
        return Alone()
    pace = Pace(settings.lease_duration, settings.lease_renew_deadline, settings.lease_retry_period)
    namespace = settings.lease_namespace or client.namespace
    leases = Leases(client, namespace, settings.lease_name, timeout=pace.deadline / 2)
    identity = f"{socket.gethostname()}_{uuid.uuid4().hex[:8]}"
    log.info("%s stands for the Lease %s/%s", identity, namespace, settings.lease_name)
    return Elector(leases, identity, pace)


async def _connect(settings: Settings) -> KubeClient:
    return await KubeClient.connect(
        kubeconfig=settings.kubeconfig, context=settings.context, trust_env=settings.trust_env
    )


async def _check(settings: Settings) -> None:
    client = await _connect(settings)
    await client.close()


def _calm_the_collector() -> None:
    """What was imported stays, and so does most of what the first list of a big cluster brings. With Python's
    own thresholds all of it is walked again and again, which is a third of the time that a restart takes."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 50, 1_000)


def run(settings: Settings) -> None:
    """Run the operator until SIGTERM or SIGINT. Raises KubeError when there is no usable configuration."""
    asyncio.run(_check(settings))
    _calm_the_collector()
    asyncio.run(_operate(settings))


async def _operate(settings: Settings) -> None:
    """What `kopf.operator` does, with an end that surely comes."""
    before = asyncio.all_tasks()
    tasks = await kopf.spawn_tasks(
        registry=make_registry(settings),
        standalone=True,
        clusterwide=not settings.namespaces,
        namespaces=settings.namespaces,
        liveness_endpoint=f"http://0.0.0.0:{settings.health_port}/healthz" if settings.health_port else None,
    )
    guard = asyncio.create_task(ending.guard(tasks), name="guard of the end")
    await kopf.run_tasks(tasks, ignored={*before, guard})
