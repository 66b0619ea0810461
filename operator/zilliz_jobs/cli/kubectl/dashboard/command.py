"""`kubectl zilliz dashboard`: serves the page until the command is ended."""

from __future__ import annotations

import asyncio
import os
import sys
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from zilliz_jobs.cli.kubectl.arguments import Where
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.dashboard.board import LISTED, Board
from zilliz_jobs.cli.kubectl.dashboard.browsing import has_browser
from zilliz_jobs.cli.kubectl.dashboard.feed import Feed
from zilliz_jobs.cli.kubectl.dashboard.guard import TOKEN_PARAMETER, Guard
from zilliz_jobs.cli.kubectl.dashboard.live import LiveObjects
from zilliz_jobs.cli.kubectl.dashboard.scope import scope_of
from zilliz_jobs.cli.kubectl.dashboard.server import Page
from zilliz_jobs.cli.kubectl.exitcodes import CommandError, ExitCode
from zilliz_jobs.cli.kubectl.following import Watched
from zilliz_jobs.cli.kubectl.kindnames import reference
from zilliz_jobs.cli.kubectl.screen import Screen
from zilliz_jobs.kube.reviews import AccessReviews

HOST = "127.0.0.1"
SHUTDOWN_SECONDS = 1.0


@dataclass(frozen=True)
class Wanted:
    """`port`: 0 for a free one. `job`: the one that is opened, as KIND/NAME or NAME; "" for the list. `browser`:
    whether to open one."""

    port: int = 0
    job: str = ""
    browser: bool = True


@dataclass
class Serving:
    """A page that is served. `port`: where it listens. `at`: the address within it that is opened."""

    guard: Guard
    port: int
    at: str

    def address(self) -> str:
        """That opens the page, once."""
        return f"http://{HOST}:{self.port}{self.at}?{TOKEN_PARAMETER}={self.guard.fresh_token()}"


async def serve(where: Where, wanted: Wanted, screen: Screen) -> ExitCode:
    """It never ends by itself."""
    async with Cluster.open(where) as cluster, serving(cluster, wanted, screen) as page:
        address = page.address()
        _say(screen, "The job centre is served to you alone, until you press Ctrl-C:")
        _say(screen, f"  {address}")
        if wanted.browser and not await asyncio.to_thread(_opened, address):
            _say(screen, "No browser can be started here; open the address in one.")
        await asyncio.Event().wait()
    return ExitCode.DONE


def _opened(address: str) -> bool:
    return has_browser(sys.platform, os.environ) and webbrowser.open(address)


def _say(screen: Screen, line: str) -> None:
    """At once, also into a pipe: the command does not end, and somebody waits for the address. It is not folded on a
    narrow terminal, which would break the address in two."""
    screen.raw(line)
    screen.console.file.flush()


@asynccontextmanager
async def serving(cluster: Cluster, wanted: Wanted, screen: Screen) -> AsyncIterator[Serving]:
    """Raises CommandError where the port is taken, or the API server cannot be asked."""
    at = await _address(cluster, wanted.job) if wanted.job else "/"
    async with watching(cluster) as (board, feed):
        guard = Guard(wanted.port)
        page = Serving(guard, wanted.port, at)

        def opened() -> None:
            _say(screen, f"Opened. For another browser: {page.address()}")

        runner = web.AppRunner(
            Page(cluster, board, feed, guard, opened).application(),
            access_log=None,
            shutdown_timeout=SHUTDOWN_SECONDS,
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, HOST, wanted.port)
            try:
                await site.start()
            except OSError as error:
                raise CommandError(
                    f"cannot listen on port {wanted.port} of this machine: {error.strerror}"
                ) from error
            page.port = guard.port = int(runner.addresses[0][1])
            yield page
        finally:
            await runner.cleanup()


@asynccontextmanager
async def watching(cluster: Cluster) -> AsyncIterator[tuple[Board, Feed]]:
    """All that the page shows, kept up to date meanwhile. Raises CommandError."""
    scope, board = await scope_of(cluster, AccessReviews(cluster.client)), Board()
    watched = [Watched(resource, namespace) for namespace in scope.namespaces for resource in LISTED]
    async with LiveObjects(cluster, watched, board) as live:
        board.of(live)
        yield board, Feed(board, live, scope)


async def _address(cluster: Cluster, name: str) -> str:
    """Of one job within the page. Raises CommandError where there is none of the name."""
    return (await cluster.job(reference(name))).address
