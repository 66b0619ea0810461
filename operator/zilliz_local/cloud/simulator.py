"""`CloudSimulator`: the cloud in one `async with`, and the admin operations as plain methods.

async with CloudSimulator(clock=ManualClock()) as cloud:
    ...                       # point a client at cloud.url
    cloud.advance(30)         # half a minute goes by at once
    assert len(cloud.ledger.effects(kind="submit")) == 1
"""

import asyncio
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from aiohttp import web

from zilliz_local.ending import end

from .behaviour import Behaviour, Durations, NextJob
from .clock import Clock
from .demo_world import KEY, demo_world
from .desk import act_as
from .door import Door
from .exports import Export
from .faults import Action, FaultBook, FaultRule
from .jobs import Job, JobTable
from .ledger import Client, Ledger
from .objects import ObjectStorage, StoredObject
from .rivals import Ambush
from .server import Server
from .stats import Stats
from .timeline import JobView, view
from .world import World

INSIDE = "http://cloud.test"
"""The address of a cloud that does not listen, for clients that come by its door."""

Model = TypeVar("Model", Behaviour, Durations)


class CloudSimulator:
    """A Zilliz Cloud on a local port. Everything but the network also works before it is started; `door` is the way
    in without a network."""

    def __init__(
        self,
        world: World | None = None,
        *,
        clock: Clock | None = None,
        speed: float = 1.0,
        keys: tuple[str, ...] = (KEY,),
        seed: int | None = 1,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.world = world or World(demo_world(keys), clock=clock or Clock(speed), seed=seed)
        self.host = host
        self.port = port
        self._server = Server(self.world)
        self.door = Door(self._server)
        self._runner: web.AppRunner | None = None

    # --- life

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; afterwards `url` is known."""
        self.door.shut = False
        self._runner = web.AppRunner(self._server.application(), access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        loop = asyncio.get_running_loop()
        self.world.drop_connections = lambda: loop.call_later(0.05, self.drop_connections)

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        await self.door.close()
        if self._runner is not None:
            self.drop_connections()
            await end(self._runner)
            self._runner = None

    @property
    def url(self) -> str:
        """Base URL: v1, v2, /console/v1 and /_sim are below it."""
        if not self.port:
            return INSIDE
        return f"http://{self.host}:{self.port}"

    def drop_connections(self) -> None:
        """Close every open connection at once, idle ones included."""
        self.door.cut()
        server = self._runner.server if self._runner else None
        for connection in list(server.connections) if server else []:
            if connection.transport is not None:
                connection.transport.abort()

    # --- looking: all of these first let due things happen

    @property
    def ledger(self) -> Ledger:
        """What was tried and what really happened."""
        return self._present.ledger

    @property
    def jobs(self) -> JobTable:
        """Every job."""
        return self._present.jobs

    def look(self, job_id: str) -> JobView:
        """A job's present state."""
        return view(self._present.job(job_id), self.world.now)

    @property
    def stats(self) -> Stats:
        """Counts of requests."""
        return self.world.stats

    @property
    def clock(self) -> Clock:
        """The simulated clock."""
        return self.world.clock

    @property
    def objects(self) -> ObjectStorage:
        """Object storage and volumes."""
        return self.world.objects

    @property
    def exports(self) -> list[Export]:
        """What exports have written, oldest first."""
        return self._present.exports

    @property
    def faults(self) -> FaultBook:
        """Fault rules; `fault(...)` adds one."""
        return self.world.faults

    @property
    def _present(self) -> World:
        self.world.catch_up()
        return self.world

    # --- interfering: the same as the admin API

    def advance(self, seconds: float) -> None:
        """Let simulated time go by at once."""
        self.world.clock.advance(seconds)
        self.world.catch_up()

    def behave(self, **changes: Any) -> Behaviour:
        """Change switches: `behave(list_lag_seconds=5)`."""
        self.world.behaviour = _changed(self.world.behaviour, changes)
        return self.world.behaviour

    def pace(self, **changes: Any) -> Durations:
        """Change how long things take: `pace(backup=Duration(run_seconds=60), cancel_seconds=2)`."""
        self.world.durations = _changed(self.world.durations, changes)
        return self.world.durations

    def next_job(self, job_type: str, **wishes: Any) -> None:
        """Make the next job of a type special: `next_job("BACKUP", run_seconds=300, failure="disk full")`."""
        self.world.next_job(NextJob(type=job_type, **wishes))

    def fault(self, match: str, action: Action, **more: Any) -> FaultRule:
        """Put a fault rule in force: `fault("import.create", "drop_after", times=1)`."""
        return self.world.faults.add(FaultRule(match=match, action=action, **more))

    def odd(self, match: str, *names: str, **more: Any) -> None:
        """Let an endpoint give odd answers from now on: `odd("import.list", "rows_twice", probability=0.5)`."""
        for name in names:
            self.fault(match, "odd", oddity=name, **more)

    def put_object(self, url: str, **fields: Any) -> None:
        """Create an object: `put_object("s3://b/a.parquet", rows=10, problem=None)`."""
        self.world.objects.put(url, StoredObject(**fields))

    def rival_on(
        self, route: str, *, when: Literal["before", "after"] = "after", client: Client = "rival", times: int = 1
    ) -> None:
        """When a submission to this route comes, another client does the same just before or after it."""
        self.world.rivals.lay(Ambush(route=route, when=when, client=client, times=times))

    def act_as(
        self, client: Client, method: str, path: str, body: dict[str, object] | None = None
    ) -> dict[str, object]:
        """Another client does something right now; returns the body of its answer."""
        return act_as(self.world, method, path, body or {}, client)

    def autoscale(self, cluster_id: str, **sizes: int) -> dict[str, object]:
        """The cloud itself begins to scale: `autoscale(MOVIES, cuSize=4)`; returns the body of the answer."""
        return act_as(self.world, "POST", f"/v2/clusters/{cluster_id}/modify", dict(sizes), "autoscaler")

    def force(self, job_id: str, status: str | None, *, reason: str = "", progress: int | None = None) -> None:
        """Impose a job state until the next call; None lets the job go its own way again."""
        self.world.force(job_id, status, reason=reason, progress=progress)

    def forget(self, job_id: str) -> Job | None:
        """Forget a job: every read answers as if it had never been."""
        return self.world.jobs.forget(job_id)

    def go_down(self, down: bool = True) -> None:
        """Begin (or end) an outage: every connection is dropped."""
        self.world.faults.down = down
        self.drop_connections()

    def reset(self) -> None:
        """Back to the first state of the world; the clock goes on."""
        self.world.reset()


def _changed(model: Model, changes: dict[str, Any]) -> Model:
    """A validated copy, so that a wrong value fails here and not in some answer."""
    return type(model).model_validate(dict(model) | changes)
