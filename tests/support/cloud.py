"""The simulated cloud of one test, in a thread with an event loop, so that plain tests can use it.

Each test has its own, with its own key, cluster and ids: the operator of a module may still follow what an earlier
test left behind.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from zilliz_local.cloud import PROJECT, CloudSimulator
from zilliz_local.cloud.clusters import ClusterFields
from zilliz_local.cloud.ledger import Entry

CANARY = "canary"  # is in every API key, and must be in nothing that anybody can read
SPEED = 10.0
FILMS = "s3://demo-data/films/part-1.parquet"
BROKEN = "s3://demo-data/broken/films.parquet"
COLLECTIONS = ["films", "actors", "reviews"]

T = TypeVar("T")


class LoopThread:
    """An event loop that runs in a thread until it is closed."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="simulators")
        self._thread.start()

    def close(self) -> None:
        self.run(self._end_all)  # requests that are held back for longer than their test took
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    async def _end_all(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def run(self, work: Callable[[], Any]) -> Any:
        """What `work` returns there, awaited if it must be."""

        async def there() -> Any:
            found = work()
            return await found if asyncio.iscoroutine(found) else found

        return asyncio.run_coroutine_threadsafe(there(), self.loop).result(timeout=30)


class Cloud:
    """A running `CloudSimulator`, asked and changed from the test's thread."""

    def __init__(self, thread: LoopThread, host: str = "127.0.0.1") -> None:
        self.key = f"{CANARY}-{secrets.token_hex(8)}"
        self.cluster = f"in01-{secrets.token_hex(7)}"
        self._thread = thread
        self._sim = CloudSimulator(keys=(self.key,), seed=None, speed=SPEED, host=host)
        self._sim.world.put_cluster(self.cluster, movies())
        thread.run(self._sim.start)
        self.url = self._sim.url

    def close(self) -> None:
        self._thread.run(self._sim.stop)

    def ask(self, question: Callable[[CloudSimulator], T]) -> T:
        """Look at the simulator, or change it, in its own thread."""
        found: T = self._thread.run(lambda: question(self._sim))
        return found

    def fault(self, route: str, action: Any, times: int | None = 1, **more: Any) -> str:
        """The id of the new rule."""
        return self.ask(lambda sim: sim.fault(route, action, times=times, **more).id)

    def lift(self, rule: str) -> None:
        self.ask(lambda sim: sim.faults.remove(rule))

    def next_job(self, job_type: str, **wishes: Any) -> None:
        self.ask(lambda sim: sim.next_job(job_type, **wishes))

    def slow(self) -> None:
        """From now on jobs run for as long as any test lasts."""
        for job_type in ("BACKUP", "IMPORT"):
            self.next_job(job_type, run_seconds=10_000, times=100)

    def effects(self, kind: str = "submit", client: str = "api") -> list[Entry]:
        """What the operator (or another client) really brought about."""
        return self.ask(lambda sim: sim.ledger.effects(kind=kind, client=client))  # type: ignore[arg-type]

    def requests(self, kind: str = "submit") -> list[Entry]:
        return self.ask(lambda sim: sim.ledger.requests(kind=kind))

    def job_status(self, job_id: str) -> str:
        """The cloud's own word for the state of a job."""
        return self.ask(lambda sim: sim.look(job_id).status)

    def twice(self) -> dict[str, int]:
        """Tokens that had more than one effect: there must never be any."""
        return {t: n for t, n in self.ask(lambda sim: sim.ledger.effects_per_token()).items() if n > 1}


@contextmanager
def fresh_cloud(thread: LoopThread, host: str = "127.0.0.1") -> Iterator[Cloud]:
    """A cloud for one test alone. Whatever the test is about: nothing may have been submitted twice in it."""
    cloud = Cloud(thread, host)
    yield cloud
    twice = cloud.twice()
    cloud.close()
    assert not twice, f"submissions with more than one effect: {twice}"


def movies() -> ClusterFields:
    return ClusterFields(cluster_name="movies", project_id=PROJECT, collections={"default": COLLECTIONS})
