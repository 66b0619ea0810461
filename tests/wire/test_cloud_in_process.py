"""The simulated cloud without sockets is the one with sockets: most tests of the operator rest on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from tests.support.cloudwire import CloudWire

from zilliz_jobs.cloud.errors import CloudError, FenceClosed
from zilliz_jobs.cloud.limiter import Limiter
from zilliz_jobs.cloud.session import CloudSession
from zilliz_jobs.cloud.transport import Method, Timeouts
from zilliz_local.cloud import KEY, MOVIES, PROJECT, CloudSimulator, ManualClock
from zilliz_local.cloud.oddities.wires import WIRES

IMPORTS = "/v2/vectordb/jobs/import/create"
FILMS: dict[str, Any] = {
    "clusterId": MOVIES,
    "collectionName": "films",
    "objectUrls": [["s3://demo-data/films/part-1.parquet"]],
}
LIST: dict[str, Any] = {"clusterId": MOVIES}
Before = Callable[[CloudSimulator], object]


def nothing(_cloud: CloudSimulator) -> None:
    pass


def closed() -> None:
    raise FenceClosed("too late")


class SecondTimeClosed:
    """Open until the first byte of the request is about to leave."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> None:
        self.asked += 1
        if self.asked > 1:
            closed()


@dataclass(frozen=True)
class Ask:
    """One request, what is set before it, and what happens while it is on its way."""

    method: Method
    path: str
    body: dict[str, Any] | None = None
    params: dict[str, str | int | None] | None = None
    ids: dict[str, str] | None = None
    effect: bool = False
    before: Before = nothing
    meanwhile: Before | None = None
    key: str = KEY
    fence: Callable[[], Callable[[], None]] = lambda: lambda: None
    seconds: float = 5.0


LISTS = Ask("POST", "/v2/vectordb/jobs/import/list", LIST)
SENT = Ask("POST", IMPORTS, FILMS, effect=True)


def faulty(ask: Ask, action: Any, **more: Any) -> Ask:
    return Ask(**vars(ask) | {"before": lambda cloud: cloud.fault("import.*", action, times=1, **more)})


def odd(name: str) -> Ask:
    def before(cloud: CloudSimulator) -> None:
        cloud.act_as("console", "POST", IMPORTS, FILMS)
        cloud.odd("import.*", name)

    return Ask(**vars(LISTS) | {"before": before})


FAULTS: dict[str, dict[str, Any]] = {
    "latency": {"seconds": 0.05},
    "status": {"status": 503, "retry_after": 3, "body": {"why": "maintenance"}},
    "echo": {},
    "rate_limit": {"retry_after": 7},
    "drop_before": {},
    "delay_effect": {"seconds": 0},
    "latency_after": {"seconds": 0.05},
    "drop_after": {},
    "status_after": {"status": 504},
    "garbage_after": {},
    "malformed_json": {},
    "unknown_status": {"word": "HIBERNATING"},
    "omit_job_id": {},
    "skew_date": {"seconds": 7200},
}

ASKED: dict[str, Ask] = {
    "a list": LISTS,
    "a list with a query": Ask("GET", "/v2/clusters", params={"pageSize": 1, "currentPage": 2, "none": None}),
    "one": Ask("GET", "/v2/clusters/{cluster}", ids={"cluster": MOVIES}),
    "one whose name has odd characters": Ask("GET", "/v2/clusters/{cluster}", ids={"cluster": "a b%c+d"}),
    "a word with odd characters": Ask("GET", "/v2/clusters", params={"pageSize": "a&b=c d+e%"}),
    "one that is not there": Ask("GET", "/v2/jobs/job-none"),
    "a page that is not there": Ask("GET", "/v2/nothing"),
    "the address of a data plane": Ask("GET", f"/v2/clusters/{MOVIES}"),
    "a wrong key": Ask("GET", "/v2/projects", key="wrong"),
    "an effect with a wrong key": Ask(**vars(SENT) | {"key": "wrong"}),
    "a page of the console": Ask("GET", "/console/v1/jobs", params={"projectId": PROJECT}),
    "an effect": SENT,
    "an effect that is refused": Ask("POST", IMPORTS, FILMS | {"collectionName": "none"}, effect=True),
    "an effect whose fence is closed": Ask(**vars(SENT) | {"fence": lambda: closed}),
    "an effect whose fence closes in the last moment": Ask(**vars(SENT) | {"fence": SecondTimeClosed}),
    "too many requests": Ask(**vars(LISTS) | {"before": lambda cloud: cloud.behave(requests_per_second=0.001)}),
    "an outage": Ask(**vars(LISTS) | {"before": lambda cloud: cloud.go_down()}),
    "an effect in an outage": Ask(**vars(SENT) | {"before": lambda cloud: cloud.go_down()}),
    "nobody listens": Ask(**vars(LISTS) | {"before": lambda cloud: cloud.stop()}),
    "an effect where nobody listens": Ask(**vars(SENT) | {"before": lambda cloud: cloud.stop()}),
    "a read that is cut meanwhile": Ask(
        **vars(faulty(LISTS, "latency", seconds=0.3)) | {"meanwhile": lambda cloud: cloud.drop_connections()}
    ),
    "an effect that is cut meanwhile": Ask(
        **vars(faulty(SENT, "latency", seconds=0.3)) | {"meanwhile": lambda cloud: cloud.drop_connections()}
    ),
    "a read that takes too long": Ask(**vars(faulty(LISTS, "latency", seconds=0.5)) | {"seconds": 0.2}),
    "an effect that takes too long": Ask(**vars(faulty(SENT, "latency", seconds=0.5)) | {"seconds": 0.2}),
    "a late answer to an effect": Ask(**vars(faulty(SENT, "latency_after", seconds=0.5)) | {"seconds": 0.2}),
    **{f"a read with the fault {name}": faulty(LISTS, name, **more) for name, more in FAULTS.items()},
    **{f"an effect with the fault {name}": faulty(SENT, name, **more) for name, more in FAULTS.items()},
    **{f"odd: {one.what}": odd(one.name) for one in WIRES},
}  # fmt: skip


@dataclass
class Side:
    """A cloud of its own, and how its clients reach it."""

    cloud: CloudSimulator
    wire: CloudWire | None = None
    told: dict[str, Any] = field(default_factory=dict)

    async def ask(self, asked: Ask) -> dict[str, str]:
        """All that a client learns of a request, and what it left behind."""
        session = CloudSession(
            self.cloud.url,
            asked.key,
            limiter=Limiter(1e6),
            timeouts=Timeouts(total=asked.seconds),
            wire=self.wire,
        )
        done = asked.before(self.cloud)
        if asyncio.iscoroutine(done):
            await done
        sent = asyncio.create_task(self._sent(session, asked))
        if asked.meanwhile is not None:
            while not self.cloud.stats.requests:  # noqa: ASYNC110 - the cloud tells nobody
                await asyncio.sleep(0.01)
            asked.meanwhile(self.cloud)
        answer = await sent
        if asked.seconds < 1 or asked.meanwhile is not None:
            await asyncio.sleep(0.6)  # what the cloud does for a client who has gone
        told = {
            "answer": answer,
            "time": str(session.cloud_time),
            "paused": str(round(session.limiter.paused_for)),
            "noted": str([entry.wire() for entry in self.cloud.ledger.entries]),
            "counted": str(self.cloud.stats.wire()),
        }
        await session.close()
        return {name: text.replace(self.cloud.url, "http://here") for name, text in told.items()}

    async def _sent(self, session: CloudSession, asked: Ask) -> str:
        transport, how = session.transport, (asked.method, asked.path)
        try:
            if asked.effect:
                given: Any = {"token": "t-1", "fence": asked.fence(), "ids": asked.ids, "body": asked.body}
                return repr(await transport.effect(*how, **given))
            return repr(await transport.read(*how, params=asked.params, ids=asked.ids, body=asked.body))
        except CloudError as error:
            return f"{vars(error)} {error!r}"


@pytest.fixture
async def sides() -> AsyncIterator[tuple[Side, Side]]:
    """By sockets, and without."""
    made = partial(CloudSimulator, clock=ManualClock())
    async with made() as outer:
        outer.behave(requests_per_second=0)
        inner = made(clock=ManualClock())
        inner.behave(requests_per_second=0)
        yield Side(outer), Side(inner, CloudWire(inner))
        await inner.stop()


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
async def test_the_same_request_has_the_same_answer_and_the_same_effect(sides: tuple[Side, Side], asked: Ask) -> None:
    """Else the operator would be tested against a cloud that nobody has."""
    outer, inner = await asyncio.gather(*(side.ask(asked) for side in sides))
    assert inner == outer
