"""`python -m zilliz_local.kube`: serve until SIGTERM or SIGINT."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from zilliz_local.kube.api import KubeApi
from zilliz_local.kube.kubeconfig import write_whole

LACKS = (
    "a local stand-in, not a cluster: no CEL rules, no RBAC, no server-side apply, no controllers "
    "(but deletion of namespaces, CRDs and dependents); nothing is kept when it ends"
)


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m zilliz_local.kube", description=f"A small Kubernetes API: {LACKS}."
    )
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free port")
    parser.add_argument("--kubeconfig", type=Path, help="written once it listens, removed at the end")
    parser.add_argument("--url-file", type=Path, help="the URL alone, written once it listens, removed at the end")
    parser.add_argument(
        "--crds", type=Path, action="append", default=[], help="YAML file or directory; may be repeated"
    )
    parser.add_argument("--token", help="ask for this bearer token")
    parser.add_argument("--history", type=int, default=20_000, help="watch events kept per resource")
    parser.add_argument("--bookmark-seconds", type=float, default=30.0, help="pause between bookmarks")
    return parser.parse_args(arguments)


async def serve(chosen: argparse.Namespace) -> None:
    kube = KubeApi(
        chosen.crds,
        host=chosen.host,
        port=chosen.port,
        token=chosen.token,
        history=chosen.history,
        bookmark_seconds=chosen.bookmark_seconds,
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    written: list[Path] = []
    async with kube:
        try:
            if chosen.kubeconfig:
                kube.write_kubeconfig(chosen.kubeconfig)
                written.append(chosen.kubeconfig)
            if chosen.url_file:
                write_whole(chosen.url_file, f"{kube.url}\n")
                written.append(chosen.url_file)
            sys.stdout.write(f"{kube.url}\n")
            sys.stdout.flush()
            sys.stderr.write(f"{LACKS}\n")
            await stopping.wait()
        finally:
            for path in written:
                path.unlink(missing_ok=True)


def main() -> None:
    try:
        asyncio.run(serve(options()))
    except (OSError, ValueError) as error:
        sys.exit(f"cannot start: {error}")


if __name__ == "__main__":
    main()
