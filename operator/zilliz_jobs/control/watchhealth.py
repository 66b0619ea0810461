"""Whether the watches still deliver: what the operator writes must come back through the watch of its kind.

A watch can stop delivering, for example because of a proxy, and nothing fails: the operator just hears of no change
any more. Versions of one API server grow over all its objects, so any later event proves that the watch came that
far.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from zilliz_jobs.control.clock import steady
from zilliz_jobs.control.joblistener import JobListener
from zilliz_jobs.control.objects import Body
from zilliz_jobs.control.shard import EVERYTHING, Shard

Watch = tuple[str, str]
"""Kind and namespace; the latter is empty where one watch covers all namespaces."""


class WatchHealth(JobListener):
    """Costs no request. `limit`: seconds in which a write must come back; `namespaces`: those with a watch each;
    empty: one watch covers all."""

    def __init__(
        self,
        limit: float,
        namespaces: Sequence[str] = (),
        clock: Callable[[], float] = steady,
        *,
        shard: Shard = EVERYTHING,
    ) -> None:
        """`shard`: of the objects that the watches show; a write to any other one does not come back."""
        self._limit, self._namespaces, self._clock, self._shard = limit, frozenset(namespaces), clock, shard
        self._heard: dict[Watch, int] = {}
        self._awaited: dict[Watch, tuple[int, float]] = {}

    def wrote(self, body: Body) -> None:
        """The API server stored this write of the operator. The oldest write that has not come back counts."""
        if self._shard.filters(body["kind"]) and not self._shard.selects(body):
            return
        watch, version = self._watch(body), _version(body)
        if version > self._heard.get(watch, 0):
            self._awaited.setdefault(watch, (version, self._clock()))

    async def on_stored(self, body: Body) -> None:
        self.wrote(body)

    def heard(self, body: Body) -> None:
        """A watch reported this object."""
        watch, version = self._watch(body), _version(body)
        self._heard[watch] = max(version, self._heard.get(watch, 0))
        if self._awaited.get(watch, (version + 1, 0.0))[0] <= version:
            del self._awaited[watch]

    def renew(self) -> None:
        """The history of the cluster went back: no version that was known counts."""
        self._heard.clear()
        self._awaited.clear()

    @property
    def silent(self) -> list[str]:
        """The watches through which a write has not come back within `limit`, for people."""
        late = self._clock() - self._limit
        return [
            f"{kind} in {namespace}" if namespace else kind
            for (kind, namespace), (_, since) in sorted(self._awaited.items())
            if since < late
        ]

    @property
    def waiting(self) -> dict[str, float]:
        """For how many seconds the oldest write of each kind has not come back; kinds without one are left out. Any
        thread may ask."""
        now, longest = self._clock(), dict[str, float]()
        for (kind, _), (_, since) in self._awaited.copy().items():
            longest[kind] = max(now - since, longest.get(kind, 0.0))
        return longest

    def _watch(self, body: Body) -> Watch:
        namespace = body["metadata"].get("namespace") or ""
        return body["kind"], namespace if namespace in self._namespaces else ""


def _version(body: Body) -> int:
    """Opaque by contract, a number in fact; where it is none, nothing is awaited."""
    with contextlib.suppress(TypeError, ValueError):
        return int(body["metadata"].get("resourceVersion") or 0)
    return 0
