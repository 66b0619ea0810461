"""Lets happen what the plan says, and stops it all at the end."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.support.serving import Plane
from tools.bench.cloud import Cloud
from tools.chaos.lives import Fleet
from tools.chaos.plan import Happening
from tools.chaos.proxy import Proxy
from tools.chaos.steps import AT_RANDOM
from tools.chaos.strikes import CloudStrikes, KubeStrikes
from tools.chaos.users import Users


class Storm:
    def __init__(
        self,
        plane: Plane,
        to_kube: list[Proxy],
        kube: KubeStrikes,
        cloud: Cloud,
        hangs: CloudStrikes,
        fleet: Fleet,
        served: Counter[str],
        users: Users,
    ) -> None:
        self.unsprung: Counter[str] = Counter()
        self._restarting, self._users = asyncio.Lock(), users
        self._plane, self._to_kube, self._kube = plane, to_kube, kube
        self._cloud, self._hangs, self._fleet, self._served = cloud, hangs, fleet, served

    async def strike(self, one: Happening) -> None:
        match one.what:
            case "kill":
                self._fleet.kill(AT_RANDOM)
            case "pause":
                self._served["operator stopped for a while"] += await self._fleet.sleep(one.seconds)
            case "api-restart":
                async with self._restarting:
                    await self._restart(one.seconds)
                self._served["API server restarts"] += 1
            case "spare":
                self._fleet.spared = True
            case "etcd-restore":
                await self._set_back(one.seconds)
            case "silence":
                for proxy in self._to_kube:
                    proxy.silence(one.seconds)
                self._served["watches silent"] += 1
            case "cut":
                for proxy in self._to_kube:
                    proxy.cut()
                self._served["watches cut"] += 1
            case "lease":
                self._kube.hold_renewals(one.seconds, one.rule["times"])
            case "kube":
                self._kube.add(one.rule)
            case "cloud":
                await self._cloud.ask("POST", "/_sim/faults", one.rule)
            case "cloud-hang":
                self._hangs.hang(one.rule["when"])
            case "cloud-restart":
                await self._cloud.ask("POST", "/_sim/restart", {"forget": False})
                self._served["cloud restarts"] += 1
            case "cloud-down":
                await self._cloud.ask("POST", "/_sim/down", {"down": True})
                await asyncio.sleep(one.seconds)
                await self._cloud.ask("POST", "/_sim/down", {"down": False})
                self._served["cloud outages"] += 1
            case _:
                raise AssertionError(one.what)

    async def _set_back(self, seconds: float) -> None:
        """What is written in these seconds was never written."""
        assert self._plane.restored is not None
        block = self._plane.restored()
        async with self._restarting:
            await self._away(block.__enter__)
        await asyncio.sleep(seconds)
        async with self._restarting:
            await self._away(lambda: block.__exit__(None, None, None))
        self._users.set_back = True
        self._served["etcd set back"] += 1

    async def _away(self, what: Callable[[], Any]) -> None:
        for proxy in self._to_kube:
            proxy.down = True
            proxy.cut()
        try:
            await asyncio.to_thread(what)
        finally:
            for proxy in self._to_kube:
                proxy.down = False

    async def _restart(self, seconds: float) -> None:
        restart = self._plane.restart
        await self._away(partial(time.sleep, seconds) if restart is None else restart)

    async def end(self) -> None:
        """Faults stop: what was not served by now never is."""
        self._kube.clear()
        self._hangs.clear()
        self.count((await self._cloud.ask("GET", "/_sim/faults"))["rules"])
        await self._cloud.ask("DELETE", "/_sim/faults")

    def count(self, rules: list[dict[str, Any]]) -> None:
        for rule in rules:
            if rule["hits"]:
                self._served[f"cloud {rule['action']}"] += rule["hits"]
