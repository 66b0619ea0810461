"""The operator's story: log in, start the engine, hand every event of our kinds to it, drain on the way out.

The only file with kopf's decorators. One kopf operator starts and ends the process and answers the probes. Each kind
has one of its own beside it, whose handler sees the events, so that a kind whose CRD is not there, or whose watch
fails, holds up no other and ends nothing (kopf ends an operator then); `control.watches` begins it again. Only
`on.event` is used: it needs no patch, no annotation and no finalizer of kopf's own; all state is in the objects'
status, and all timing in the engine's queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import uuid
from asyncio.sslproto import SSLProtocol
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import Any

import kopf

from zilliz_jobs import ending
from zilliz_jobs.api.model import GROUP, VERSION
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.control.kindstream import KindStream
from zilliz_jobs.control.leaderelection import Alone, Elector, Leadership, Pace
from zilliz_jobs.control.shard import EVERYTHING, Shard
from zilliz_jobs.control.signs import Open, Sign
from zilliz_jobs.control.watches import Watches
from zilliz_jobs.core.backoff import exponential
from zilliz_jobs.engine.runtime import Engine
from zilliz_jobs.kopfsettings import WATCH_SECONDS, configure
from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.kube.errors import KubeError
from zilliz_jobs.kube.leases import Leases
from zilliz_jobs.settings import Settings
from zilliz_jobs.telemetry.logs import TOLD_ELSEWHERE

START_AGAIN_SECONDS = 5.0  # at most, between two tries to start
BEGIN_SECONDS = 30.0  # for kopf to log in, to find a kind, and to begin its list
BEGIN_AT_ONCE = 10  # kinds and namespaces: each asks the API server for all the kinds that it serves
LOOK_SECONDS = 2.0  # for kopf to find a kind whose end has come already
TLS_BUFFER_BYTES = 32 * 1024  # of each encrypted connection

log = logging.getLogger(__name__)


def make_registry(settings: Settings, own_signals: Callable[[], None] = lambda: None) -> kopf.OperatorRegistry:
    """Of the operator of a process; one of its own for each, so that several can run in one process (the tests do).
    `own_signals` takes the process's signals back, which each kopf operator takes at its start."""
    registry = kopf.OperatorRegistry()

    @kopf.on.startup(registry=registry)
    async def start(settings: kopf.OperatorSettings, memo: kopf.Memo, retry: int, **_: Any) -> None:
        configure(settings)
        client = await _connect(options)
        engine = Engine(options, client, _leadership(options, client), lease_of=_lease_of(options, client))
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
            _streams(client, engine.objects.newest_version, own_signals, engine.shard),
            engine.feed,
            engine.objects.newest_version,
            limit=options.watch_limit,
            silence=client.contact.longest_silence,
        )
        memo.watches.start()
        log.info("the operator runs on %s", client.server)

    kopf.on.login(registry=registry)(_log_in)

    @kopf.on.probe(registry=registry, id="engine")
    async def probe(memo: kopf.Memo, **_: Any) -> str:
        if not memo.engine.alive or not memo.watches.alive:
            raise kopf.PermanentError("a task of the engine has ended")  # others are retried in silence
        if silent := memo.engine.watch_health.silent:
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


def make_kind_registry(resource: Resource) -> kopf.OperatorRegistry:
    """Of the operator of one kind, whose memo has the `client` and the `stream`."""
    registry = kopf.OperatorRegistry()
    kopf.on.login(registry=registry)(_log_in)

    @kopf.on.event(GROUP, VERSION, resource.plural, registry=registry, id=f"see-{resource.plural}")
    async def see(event: kopf.RawEvent, memo: kopf.Memo, **_: Any) -> None:
        memo.stream.told(dict(event["object"]), gone=event["type"] == "DELETED")

    return registry


async def _log_in(memo: kopf.Memo, **_: Any) -> kopf.AiohttpSession:
    known = await memo.client.credentials(fresh=memo.get("logged_in", False))
    memo.logged_in = True
    session = memo.client.open_session(known, memo.get("stream"))
    return kopf.AiohttpSession(server=known.server, default_namespace=known.namespace, aiohttp_session=session)


def _streams(
    client: KubeClient,
    newest: Callable[[Resource, str | None], Awaitable[int]],
    own_signals: Callable[[], None],
    shard: Shard = EVERYTHING,
) -> Open:
    """What a kopf operator of one kind and namespace sees. `newest` raises NotServed for a kind that is not served,
    which kopf would wait for without an end."""

    beginning = asyncio.Semaphore(BEGIN_AT_ONCE)

    async def stream(resource: Resource, namespace: str | None) -> AsyncGenerator[Sign, None]:
        await newest(resource, namespace)
        seen = KindStream(resource.plural, 0.95 * WATCH_SECONDS)
        await beginning.acquire()
        selector = str(shard.selector) if shard.filters(resource.kind) else ""
        spawning = asyncio.create_task(_spawn(resource, namespace, client, seen, own_signals, selector))
        try:
            try:
                for task in await asyncio.shield(spawning):
                    task.add_done_callback(lambda task: seen.ends(_why(task)))
                seen.must_begin(BEGIN_SECONDS)
                await seen.begun.wait()
            finally:
                beginning.release()
            async for sign in seen.signs():
                yield sign
        except Exception:
            await newest(resource, namespace)  # tells best why, where it can
            raise
        finally:
            await _end_kind(await asyncio.shield(spawning), seen)

    return stream


async def _spawn(
    resource: Resource,
    namespace: str | None,
    client: KubeClient,
    seen: KindStream,
    own_signals: Callable[[], None],
    selector: str = "",
) -> list[asyncio.Task[Any]]:
    """`kopf.operator` is not for it: at its end it cancels all other tasks of the process."""
    settings = kopf.OperatorSettings()
    configure(settings, resource.plural, selector)
    settings.process.ultimate_exiting_timeout = None  # else the end of one kind would later kill the process
    TOLD_ELSEWHERE.set(True)
    tasks = await kopf.spawn_tasks(
        registry=make_kind_registry(resource),
        settings=settings,
        memo=kopf.Memo(client=client, stream=seen),
        standalone=True,
        clusterwide=namespace is None,
        namespaces=[] if namespace is None else [namespace],
    )
    own_signals()
    return [*tasks]


async def _end_kind(tasks: list[asyncio.Task[Any]], seen: KindStream) -> None:
    """kopf does not end the requests by which it looks for the kinds. They are waited for, then ended: else they are
    tried again and again, by a session that is closed."""
    try:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(seen.begun.wait(), LOOK_SECONDS)
    finally:
        await _end(tasks)
        await _end(seen.askers)


async def _end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    asked = [*tasks]
    for task in asked:
        task.cancel()
    await asyncio.gather(*asked, return_exceptions=True)


def _why(task: asyncio.Task[Any]) -> Exception:
    error = None if task.cancelled() else task.exception()
    return RuntimeError(f"{task.get_name()}: {error or 'it ended'}")


def _leadership(settings: Settings, client: KubeClient) -> Leadership:
    """The election that is wanted; in a pod there is one unless told otherwise."""
    if not (client.in_cluster if settings.leader_elect is None else settings.leader_elect):
        return Alone()
    pace = Pace(settings.lease_duration, settings.lease_renew_deadline, settings.lease_retry_period)
    namespace = settings.lease_namespace or client.namespace
    name = settings.shard.lease_name(settings.lease_name)
    leases = Leases(client, namespace, name, timeout=pace.deadline / 2)
    identity = f"{socket.gethostname()}_{uuid.uuid4().hex[:8]}"
    log.info("%s stands for the Lease %s/%s", identity, namespace, name)
    return Elector(leases, identity, pace, lease=f"{namespace}/{name}")


def _lease_of(settings: Settings, client: KubeClient) -> Callable[[str], Leases]:
    namespace = settings.lease_namespace or client.namespace
    return lambda name: Leases(client, namespace, name, timeout=settings.lease_renew_deadline / 2)


async def _connect(settings: Settings) -> KubeClient:
    return await KubeClient.connect(
        kubeconfig=settings.kubeconfig, context=settings.context, trust_env=settings.trust_env
    )


async def _check(settings: Settings) -> None:
    client = await _connect(settings)
    await client.close()


def _calm_the_collector() -> None:
    """What was imported stays, and so does most of what the first list of a big cluster brings. With Python's
    own thresholds all of it is walked again and again, which is a third of the time that a restart takes. What is new
    is walked early: else cycles that nobody refers to would lie in memory by the hundred thousand."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 50, 1_000)


def _spare_memory_of_connections() -> None:
    """asyncio gives each encrypted connection a buffer of 256 KiB, for as long as it lives, and the answers of an API
    server come in parts of 16 KiB."""
    SSLProtocol.max_size = TLS_BUFFER_BYTES


def run(settings: Settings) -> None:
    """Run the operator until SIGTERM or SIGINT. Raises KubeError when there is no usable configuration."""
    asyncio.run(_check(settings))
    _calm_the_collector()
    _spare_memory_of_connections()
    asyncio.run(_operate(settings))


async def _operate(settings: Settings) -> None:
    """What `kopf.operator` does, with an end that surely comes."""
    before = asyncio.all_tasks()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    ending.ignore_double_closes(loop)

    def own_signals() -> None:
        for one in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(one, stop.set)

    tasks = await kopf.spawn_tasks(
        registry=make_registry(settings, own_signals),
        standalone=True,
        clusterwide=not settings.namespaces,
        namespaces=settings.namespaces,
        liveness_endpoint=f"http://0.0.0.0:{settings.health_port}/healthz" if settings.health_port else None,
        stop_flag=stop,
    )
    own_signals()
    guard = asyncio.create_task(ending.guard(tasks), name="guard of the end")
    await kopf.run_tasks(tasks, ignored={*before, guard})
