"""`python -m zilliz_local.cloud`: the simulator as a process."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from .demo_world import KEY
from .simulator import CloudSimulator


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the flags and serve until SIGTERM or SIGINT."""
    options = _parser().parse_args(arguments)
    if options.verbose:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    asyncio.run(_serve(options))
    return 0


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    cloud = CloudSimulator(
        host=options.host, port=options.port, speed=options.speed, keys=tuple(options.key or [KEY]), seed=options.seed
    )
    async with cloud:
        if options.url_file is not None:
            _write_whole(options.url_file, cloud.url)
        sys.stdout.write(f"Zilliz Cloud simulator listening on {cloud.url} (admin: {cloud.url}/_sim)\n")
        sys.stdout.flush()
        await stop.wait()


def _write_whole(path: Path, text: str) -> None:
    """Nobody ever reads half a URL."""
    draft = path.with_name(path.name + ".tmp")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m zilliz_local.cloud", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--speed", type=float, default=1.0, help="simulated seconds per real second")
    parser.add_argument("--key", action="append", help=f"a valid API key; may be repeated (default {KEY})")
    parser.add_argument("--url-file", type=Path, help="write the base URL here once listening")
    parser.add_argument("--seed", type=int, default=None, help="makes ids and chances repeatable")
    parser.add_argument("--verbose", action="store_true", help="log every request")
    return parser


if __name__ == "__main__":
    sys.exit(main())
