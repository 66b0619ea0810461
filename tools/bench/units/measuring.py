"""(u) What one unit of the operator's work takes, in processor time, instructions and requests."""

from __future__ import annotations

import logging
from typing import Any

from tools.bench.teller import Teller
from tools.bench.units import instructions, life, work
from tools.bench.units.inside import inside
from tools.bench.units.meter import ROUNDS, Meters


async def measure(scale: float, teller: Teller, *, real: bool = True) -> dict[str, Any]:
    """A smaller scale has fewer rounds. The servers are stand-ins, whether or not a `real` one is at hand."""
    del real
    log = logging.getLogger("zilliz_jobs")
    level = log.level
    log.setLevel(logging.ERROR)  # each pass that writes would say so
    try:
        async with inside() as on:
            teller.say("the life of one import")
            lived, form = await life.measure(on)
            teller.say("the imports of one page, unit by unit")
            units = await work.measure(on, form, Meters(on, max(1, round(ROUNDS * min(scale, 1.0)))))
    finally:
        log.setLevel(level)
    if scale < 1:
        teller.say("instructions are not counted at a smaller scale")
    elif instructions.can_count():
        teller.say("the same once more, to count instructions")
        for name, millions in (await instructions.count()).items():
            units[name]["instructions"] = millions
    else:
        teller.say("instructions are not counted: Valgrind is not installed")
    return {"units": units, "life": lived, "kubernetes": "a stand-in"}
