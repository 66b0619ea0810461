"""What an operator took of the machine and of the two servers between two moments."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tools.bench.machine import Use
from tools.bench.stage import Operator, Stage


def per(counts: Counter[str], divisor: float) -> dict[str, float]:
    return {name: round(count / divisor, 4) for name, count in sorted(counts.items())}


@dataclass(frozen=True)
class Window:
    """`await Window.open(...)`, then `await window.close()` for the figures."""

    stage: Stage
    operator: Operator
    cloud: Counter[str]
    kube: Counter[str]
    use: Use
    at: float

    @classmethod
    async def open(cls, stage: Stage, operator: Operator) -> Window:
        cloud, kube = await stage.cloud.calls(), await stage.kube.calls_of_others()
        return cls(stage, operator, cloud, kube, operator.use(), asyncio.get_running_loop().time())

    async def close(self) -> dict[str, Any]:
        seconds, use = asyncio.get_running_loop().time() - self.at, self.operator.use()
        cloud, kube = await self.stage.cloud.calls(), await self.stage.kube.calls_of_others()
        cloud.subtract(self.cloud)
        kube.subtract(self.kube)
        throttled = cloud.pop("HTTP 429", 0)
        return {
            "seconds": round(seconds, 3),
            "cpuSeconds": round(use.cpu_seconds - self.use.cpu_seconds, 2),
            "cpuShare": round((use.cpu_seconds - self.use.cpu_seconds) / seconds, 4),
            "rssMiB": round(use.rss_mib, 1),
            "peakMiB": round(use.peak_mib, 1),
            "throttled": throttled,
            "cloudCalls": {name: count for name, count in sorted(cloud.items()) if count},
            "kubeCalls": {name: count for name, count in sorted(kube.items()) if count},
        }


def quiet_since(samples: Sequence[tuple[float, float]], *, window: float, share: float) -> float | None:
    """Pure. The first moment after which a process takes less than `share` of a core for `window` seconds.

    `samples`: (time, processor seconds so far), in order. None: it never was quiet for so long.
    """
    end = 0
    for time, used in samples:
        while end < len(samples) and samples[end][0] < time + window:
            end += 1
        if end == len(samples):
            return None
        if samples[end][1] - used < share * (samples[end][0] - time):
            return time
    return None
