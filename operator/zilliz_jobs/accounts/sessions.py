"""The sessions with the cloud, shared by connections with the same API key, endpoint, console path and region.

All sessions of one key and endpoint share one budget: the smallest `requestsPerSecond` of their connections. A
session that is not used any more, after a rotation for example, is closed when its last requests must have ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from zilliz_jobs.api.connection import DEFAULT_CONSOLE_PATH, ZillizConnectionSpec
from zilliz_jobs.cloud.limiter import Limiter
from zilliz_jobs.cloud.session import CloudSession, fingerprint

RETIRED_SECONDS = 120.0  # longer than any request in flight takes

_Key = tuple[str, str, str | None, str | None]


class Sessions:
    """`clock`: seconds that never go back."""

    def __init__(self, clock: Callable[[], float], make_session: Callable[..., CloudSession] = CloudSession) -> None:
        self._clock, self._make_session = clock, make_session
        self._open: dict[_Key, CloudSession] = {}
        self._unused: dict[_Key, float] = {}
        self._limiters: dict[tuple[str, str], Limiter] = {}

    def __len__(self) -> int:
        return len(self._open)

    def session(
        self, spec: ZillizConnectionSpec, endpoint: str, key: str, *, rates: Iterable[int] = ()
    ) -> CloudSession:
        """The session for this key, opened where there is none yet. `rates`: the budgets, in requests per second, of
        other connections with the key. Raises Unauthorised for a text that cannot be a key.
        """
        pair = (endpoint, fingerprint(key))
        console = spec.console_api
        path = (console.base_path or DEFAULT_CONSOLE_PATH) if console and console.enabled else None
        wanted = (*pair, path, spec.region_id)
        limiter = self._limiters.get(pair) or Limiter(spec.requests_per_second)
        if wanted not in self._open:
            self._open[wanted] = self._make_session(
                endpoint, key, console_path=path, v1_region=spec.region_id, limiter=limiter
            )
        self._limiters[pair] = limiter
        limiter.set_rate(min([spec.requests_per_second, *rates]))
        return self._open[wanted]

    async def close_unused(self, used: Iterable[CloudSession]) -> None:
        """Close the sessions that were not among `used` for more than `RETIRED_SECONDS`."""
        now, in_use = self._clock(), {id(session) for session in used}
        for key, session in list(self._open.items()):
            if id(session) in in_use:
                self._unused.pop(key, None)
            elif now - self._unused.setdefault(key, now) > RETIRED_SECONDS:
                del self._open[key], self._unused[key]
                await session.close()
        live = {key[:2] for key in self._open}
        self._limiters = {pair: limiter for pair, limiter in self._limiters.items() if pair in live}

    async def close(self) -> None:
        """Close all. For the end of the process."""
        for session in self._open.values():
            await session.close()
