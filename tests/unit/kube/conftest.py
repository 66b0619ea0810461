"""See below; the whole of it belongs into tests/conftest.py as soon as there is one."""

import asyncio

# looptime asks for the current event loop before each test, a plain one too, and asyncio then makes one that nobody
# closes. Once a loop was set, None included, asyncio makes none any more.
asyncio.set_event_loop(None)
