"""Objects whose label names a shard that no operator has: nobody watches them, so the default shard tells of them.

It knows the names of all shards by a setting, and lists only what has another one, which is nothing as a rule.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.control.leaderelection import Leadership
from zilliz_jobs.control.objects import Body
from zilliz_jobs.control.shard import DEFAULT_SHARD, SHARD_LABEL, labels_of
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kube.errors import KubeError, NotServed
from zilliz_jobs.kube.events import EventPoster
from zilliz_jobs.kube.objects import Objects
from zilliz_jobs.telemetry import catalogue
from zilliz_jobs.telemetry.live import Reading

LOOK_SECONDS = 60.0
MAX_TOLD = 200  # of each kind at each look, so that a wrong label on a whole namespace is no flood of events
REMIND_SECONDS = 3600.0

log = logging.getLogger(__name__)


class Strays:
    """`shards`: the names of all shards but the default one; none: nobody has said, and nothing is looked for."""

    def __init__(
        self,
        shards: Sequence[str],
        objects: Objects,
        events: EventPoster,
        leadership: Leadership,
        namespaces: Sequence[str | None],
    ) -> None:
        self._shards = sorted(shards)
        self._selector = f"{SHARD_LABEL},{SHARD_LABEL} notin ({','.join(self._shards)})"
        self._objects, self._events = objects, events
        self._leadership, self._namespaces = leadership, namespaces
        self._counts: dict[str, int] = {}

    async def run(self) -> None:
        """Look for them every minute while this process leads, for ever."""
        while self._shards:
            await self._leadership.until_works()
            try:
                await self.look()
            except KubeError as error:
                log.warning("cannot look for objects of no shard: %s", error)
            await asyncio.sleep(LOOK_SECONDS)
        await asyncio.Event().wait()

    async def look(self) -> None:
        """List them once, and tell of each by an event, once an hour. Raises KubeError."""
        hour = int(asyncio.get_running_loop().time() // REMIND_SECONDS)
        for resource in RESOURCES:
            count = 0
            try:
                for namespace in self._namespaces:
                    async for body in self._objects.list_all(resource, namespace, selector=self._selector):
                        count += 1
                        if count <= MAX_TOLD:
                            self._tell({**body, "kind": resource.kind}, hour)
            except NotServed:
                pass  # what is not served has no objects that could be told of
            if count and not self._counts.get(resource.kind):
                log.warning("%d %s have a label %s that no operator works on", count, resource.plural, SHARD_LABEL)
            self._counts[resource.kind] = count

    def read(self) -> Reading:
        """The samples of the gauge; none while another process leads. May be called by any thread."""
        counts = self._counts.copy() if self._leadership.works else {}
        return {catalogue.NO_SUCH_SHARD: [((kind,), float(count)) for kind, count in counts.items()]}

    def _tell(self, body: Body, hour: int) -> None:
        known = ", ".join([*self._shards, f"or no label for the {DEFAULT_SHARD} shard"])
        message = (
            f"no operator works on objects with {SHARD_LABEL}={labels_of(body).get(SHARD_LABEL)}, so nothing is done "
            f"for this one; there are {known}"
        )
        self._events.post(body, "Warning", str(Reason.NO_SUCH_SHARD), message, once_per=f"{message} {hour}")
