"""Before objects are freed the operator must have stopped: one that works would hold them again, for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from zilliz_jobs.cli.standdown import FREE_SECONDS, PATIENCE_SECONDS, stand_down
from zilliz_jobs.kube.errors import KubeError, NotFound
from zilliz_jobs.kube.leases import Lease


@dataclass
class World:
    """A Deployment and a Lease, as they are at each second since somebody wanted no replicas."""

    holder: Callable[[float], str | None]
    replicas: Callable[[float], int] = lambda _: 0
    renewed: Callable[[float], int] = lambda _: 0
    namespace: str = "home"
    now: float = 0.0
    wishes: list[tuple[str, str, int]] = field(default_factory=list)

    async def scale(self, namespace: str, name: str, replicas: int) -> int:
        self.wishes.append((namespace, name, replicas))
        return self.replicas(self.now)

    async def get(self) -> Lease:
        holder = self.holder(self.now)
        if holder is None:
            raise NotFound("no Lease")
        version = f"{holder} {self.renewed(self.now) if holder else 0}"
        return Lease(holder, 15 if holder else 1, 0, version, {})

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    def end(self) -> float:
        """When it is told that nobody works."""
        work = stand_down(self, self, "operator", clock=lambda: self.now, sleep=self.sleep)  # type: ignore[arg-type]
        asyncio.run(work)
        assert set(self.wishes) == {("home", "operator", 0)}
        return self.now


@pytest.mark.parametrize(
    ("world", "least", "most"),
    [
        pytest.param(World(lambda _: None), FREE_SECONDS, FREE_SECONDS + 1, id="nobody ever led"),
        pytest.param(
            World(lambda t: "a" if t < 7 else ""), 7 + FREE_SECONDS, 12, id="the leader gives the Lease back"
        ),
        pytest.param(
            World(lambda t: "a" if t < 5 else "" if t < 7 else "b" if t < 9 else "", renewed=int),
            9 + FREE_SECONDS,
            30,
            id="another replica leads for a moment",
        ),
        pytest.param(World(lambda _: "a"), 15, 16, id="the leader was killed, and its Lease runs out"),
        pytest.param(World(lambda _: "", lambda t: 1 if t < 20 else 0), 20, 21, id="a pod is there without a Lease"),
    ],
)
def test_it_is_told_when_nobody_works_and_not_before(world: World, least: float, most: float) -> None:
    assert least <= world.end() <= most


@pytest.mark.parametrize(
    ("world", "told"),
    [
        pytest.param(World(lambda _: "laptop", renewed=int), "laptop renews its Lease", id="an operator elsewhere"),
        pytest.param(World(lambda _: "", lambda _: 2), "2 replicas are left", id="somebody scales it up again"),
    ],
)
def test_one_that_works_on_is_named_and_nothing_is_freed(world: World, told: str) -> None:
    with pytest.raises(KubeError, match=told):
        world.end()
    assert world.now < PATIENCE_SECONDS + 20
