"""The simulator's admin API: what happens in the cloud behind the operator's back, and the ledger of what it did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp

from zilliz_local.demo.trouble import CannotStart


class CloudAdmin:
    """Knows one simulator. Raises CannotStart when it does not answer, since then the stage is gone."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        """One call; not repeated."""
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
                session.request(method, self.url + path, json=body) as answer,
            ):
                data = await answer.json(content_type=None)
                if answer.status >= 400:
                    raise CannotStart(f"cannot prepare the simulated cloud: {method} {path}: {data}")
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise CannotStart(f"cannot reach the simulated cloud: {str(error) or type(error).__name__}") from None
        return data if isinstance(data, dict) else {}

    async def ledger(self) -> list[dict[str, Any]]:
        """Every attempt to change something, and every effect, in order."""
        return list((await self.call("GET", "/_sim/ledger")).get("entries") or [])


def job_id_of(answer: Mapping[str, Any]) -> str:
    """The id of the job that an answer in the cloud's own form names. Raises CannotStart when there is none."""
    job_id = (answer.get("data") or {}).get("jobId")
    if not job_id:
        raise CannotStart(f"cannot start a job in the simulated cloud: {answer.get('message') or answer}")
    return str(job_id)
