"""Instructions that a unit of work takes, as callgrind counts them: nearly the same in each run, whatever else the
machine does, and so good for small differences. Callgrind is a part of Valgrind; only Linux has it.

`count` runs this module as a process of its own, under Valgrind, which asks Valgrind by `callgrind_control` to count
while a round lasts. Only the thread of the operator counts, not that of the stand-ins.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools.bench.problem import Problem
from tools.bench.units import life, work
from tools.bench.units.inside import Inside, inside
from tools.bench.units.meter import Meter, Meters

SECONDS = 900.0
ROUNDS = 2
COSTS, RESULT = "costs", "units.json"
CONTROL = "callgrind_control"


def can_count() -> bool:
    return all(shutil.which(program) for program in ("valgrind", CONTROL))


async def count() -> dict[str, float]:
    """Millions of instructions, by unit. Takes minutes. Raises Problem where it fails."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        costs, result = Path(folder) / COSTS, Path(folder) / RESULT
        how = ["--quiet", "--tool=callgrind", "--instr-atstart=no", "--separate-threads=yes"]
        process = await asyncio.create_subprocess_exec(
            "valgrind",
            *how,
            f"--callgrind-out-file={costs}",
            sys.executable,
            "-m",
            __name__,
            folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONHASHSEED": "0"},  # the order of a set is a part of what is done
        )
        try:
            async with asyncio.timeout(SECONDS):
                said, _ = await process.communicate()
        except TimeoutError as error:
            raise Problem(f"cannot count instructions: not done in {SECONDS:g} s") from error
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode:
            raise Problem(f"cannot count instructions: {said.decode(errors='replace')[-2000:]}")
        found: dict[str, float] = json.loads(result.read_text())
        return found


class InstructionMeter(Meter):
    """`folder`: where callgrind writes; `empty`: what a round takes in which nothing is done."""

    folder = Path()
    empty = 0

    def __init__(self, inside: Inside, units: int = 1) -> None:
        super().__init__(inside, units)
        self._counts: list[float] = []

    @contextmanager
    def _measured(self, units: int) -> Iterator[None]:
        _control("--instr=on")
        try:
            yield
        finally:
            _control("--dump")
            _control("--instr=off")
        self._counts.append((self._newest() - self.empty) / units)

    def figures(self) -> dict[str, Any]:
        """Of one unit: `instructions` in millions, in the round that took least."""
        return {"instructions": round(min(self._counts) / 1e6, 4)}

    def _newest(self) -> int:
        """What the operator's thread, which is the first, took in the round that was just written."""
        files = self.folder.glob(f"{COSTS}.*-01")
        return total_of(max(files, key=lambda file: int(file.suffix[1:].partition("-")[0])).read_text())


def total_of(costs: str) -> int:
    """Pure. All instructions of what callgrind wrote."""
    for line in costs.splitlines():
        if line.startswith("totals:"):
            return int(line.split()[1])
    raise Problem("cannot count instructions: callgrind wrote no totals")


def _control(what: str) -> None:
    subprocess.run([CONTROL, what, str(os.getpid())], check=True, stdout=subprocess.DEVNULL)


async def _counted(folder: Path) -> dict[str, float]:
    InstructionMeter.folder = folder
    logging.getLogger("zilliz_jobs").setLevel(logging.ERROR)
    async with inside() as on:
        meters = Meters(on, ROUNDS, InstructionMeter)
        nothing = meters.new()
        with nothing.round():
            pass
        InstructionMeter.empty = round(nothing.figures()["instructions"] * 1e6)
        _, form = await life.measure(on)
        units = await work.measure(on, form, meters)
    return {name: figures["instructions"] for name, figures in units.items()}


if __name__ == "__main__":
    where = Path(sys.argv[1])
    where.joinpath(RESULT).write_text(json.dumps(asyncio.run(_counted(where))))
