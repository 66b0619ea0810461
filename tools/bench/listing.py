"""The least that a start over many objects can take: a process of its own that lists them in pages, parses each
answer, and ends.

python -m tools.bench.listing URL PATH [CA_FILE]: the token comes in by standard input; prints how many objects
there were.

It imports little, as its own start counts too.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys

import aiohttp

PAGE = 500


async def count(url: str, path: str, token: str, ca_file: str) -> int:
    """The number of objects of the list at `path`."""
    secure = ssl.create_default_context(cafile=ca_file) if ca_file else True
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    found, following = 0, ""
    async with aiohttp.ClientSession(url, headers=headers, connector=aiohttp.TCPConnector(ssl=secure)) as http:
        while True:
            async with http.get(path, params={"limit": str(PAGE), "continue": following}) as answer:
                answer.raise_for_status()
                page = json.loads(await answer.read())
            found += len(page["items"])
            following = page["metadata"].get("continue") or ""
            if not following:
                return found


if __name__ == "__main__":
    address, where, *certificate = sys.argv[1:]
    print(asyncio.run(count(address, where, sys.stdin.read().strip(), "".join(certificate))))
