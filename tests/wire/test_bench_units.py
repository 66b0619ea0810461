"""Every unit of the bench is done by the operator, with the requests that it takes. Counts are tested, no times."""

from __future__ import annotations

import io

from rich.console import Console
from tools.bench.teller import Teller
from tools.bench.units.measuring import measure
from tools.bench.units.work import TITLES


async def test_every_unit_takes_the_requests_that_it_should() -> None:
    """One page is one call and no write; what is known already costs no write at all."""
    found = await measure(0.1, Teller(Console(file=io.StringIO())))
    units, life = found["units"], found["life"]
    assert list(units) == list(TITLES)
    assert all(one["ms"] > 0 for one in units.values())
    calls = {name: (one["cloudCalls"], one["kubeCalls"]) for name, one in units.items() if name[:6] != "center"}
    assert calls == {
        "floorPage": (1, 0),
        "floorWrite": (0, 1),
        "pageOfStrangers": (1, 0),
        "pageNew": (1, 0),
        "pageKnown": (1, 0),
        "readKnown": (1, 0),
        "passNothing": (0, 0),
        "passState": (0, 1),
        "passProgress": (0, 1),
        "passEnd": (0, 2),
        "echo": (0, 0),
        "strangersChange": (0, 0),
        "search": (0, 0),
        "plan": (0, 0),
    }
    assert units["centerNew"]["kubeCalls"] >= 2 * 99, "each row is made and then filled"
    assert units["centerKnown"]["kubeCalls"] <= 1, "rows that are known are not written"
    assert life["writes"] == {"submitted": 2, "begun": 1, "further": 1, "over": 1}
    assert (life["reads"], life["writesBesidesProgress"], life["cloudCalls"], life["kubeCalls"]) == (3, 4, 6, 9)
