"""`make pictures`: ten minutes of life, and the dashboard as a Prometheus tells of it: docs/pictures/grafana.png.

Fails where a panel is empty or shows what is no figure, where a name is cut off, and where an age is below 0.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from contextlib import AsyncExitStack, closing
from pathlib import Path
from random import Random
from typing import Any

from tests.support.controlplane.supervise import ControlPlaneError, Reaper
from tests.support.serving import simulator, stand_in
from tools.bench.cloud import Cloud
from tools.bench.kube import Kube
from tools.bench.problem import Problem
from tools.bench.stage import all_served
from tools.bench.teller import Teller
from tools.chaos.stage import connect
from tools.pictures.board import draw
from tools.pictures.life import Life, jobs, replicas
from tools.pictures.prometheus import program, prometheus
from tools.pictures.reading import Span, faults, read

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "charts" / "zilliz-jobs-operator" / "files" / "dashboard.json"
PICTURE = ROOT / "docs" / "pictures" / "grafana.png"
TOLD = ROOT / ".venv" / "grafana.json"
MOST_BYTES = 400_000
JOBS_A_MINUTE = 14
START_SECONDS = 12.0
"""Until the operators have listed everything."""


async def live(minutes: float, teller: Teller) -> dict[str, Any]:
    """What the dashboard shows at the end."""
    program()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pictures-")))
        reaper = stack.enter_context(closing(Reaper(folder)))
        plane = stack.enter_context(stand_in(folder, reaper))
        url = stack.enter_context(simulator(folder, reaper, "--seed", "1"))
        kube = await stack.enter_async_context(Kube(plane.url, plane.token))
        cloud = await stack.enter_async_context(Cloud(url))
        await all_served(kube)
        planned = jobs(Random(1), round(JOBS_A_MINUTE * minutes))
        members = stack.enter_context(replicas(plane, folder, reaper))
        ports = {one.pod: one.metrics_port for one in members}
        told = stack.enter_context(prometheus(folder, reaper, ports))
        life = Life(kube, cloud, members, minutes * 60, teller, Random(2))
        backups = await life.furnish(planned)
        await connect(kube, url)
        await asyncio.sleep(START_SECONDS)
        start = time.time()
        teller.say(f"{len(planned)} jobs and {minutes:g} minutes begin")
        await life.live(planned, backups)
        span = Span(start, time.time())
        board = json.loads(DASHBOARD.read_text())
        panels = await asyncio.to_thread(read, board["panels"], told, span)
    return {"title": board["title"], "start": span.start, "end": span.end, "step": span.step, "panels": panels}


async def picture(options: argparse.Namespace) -> list[str]:
    """What is wrong with it, in sentences."""
    teller = Teller()
    if not options.again:
        board = await live(options.minutes, teller)
        TOLD.write_text(json.dumps(board))
    board = json.loads(TOLD.read_text())
    wrong = faults(board["panels"])
    drawn, cut = await draw(board)
    options.to.write_bytes(drawn)
    wrong += cut
    if len(drawn) > MOST_BYTES:
        wrong.append(f"the picture has {len(drawn):,} bytes, and may have {MOST_BYTES:,}")
    teller.say(f"{options.to} ({len(drawn):,} bytes)")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(prog="make pictures", description=__doc__)
    parser.add_argument(
        "--minutes", type=float, default=10.0, help="of life; the picture of the documentation shows ten"
    )
    parser.add_argument("--again", action="store_true", help="draw what the last run has told once more")
    parser.add_argument("--to", type=Path, default=PICTURE, help="the picture")
    try:
        wrong = asyncio.run(picture(parser.parse_args()))
    except (Problem, ControlPlaneError) as problem:
        wrong = [str(problem)]
    for sentence in wrong:
        print(f"pictures: {sentence}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
