"""How a stand-in's server ends: with every connection closed, so that nothing is left for the garbage collector."""

from __future__ import annotations

import asyncio

from aiohttp import web

ACCEPTING_SECONDS = 0.01
"""For so long after the end of listening a connection may still be on its way to the server."""


async def end(runner: web.AppRunner) -> None:
    """Stop listening, and close what is open: a connection that was accepted in the last moment included, and one
    whose client does not read what it was sent."""
    server = runner.server
    connections = [*server.connections] if server is not None else []
    await runner.cleanup()
    await asyncio.sleep(ACCEPTING_SECONDS)
    if server is not None:
        connections += server.connections
        await server.shutdown(0)
    for connection in connections:
        if connection.transport is not None:
            connection.transport.abort()
    await asyncio.sleep(0)  # until each is told that its connection is lost
