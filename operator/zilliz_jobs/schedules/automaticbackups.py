"""Tells of schedules whose backups are due when the cloud backs up the same cluster by itself.

It is advice: the reads let all others go first, are few, and what cannot be read is told to nobody.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from zilliz_jobs.accounts.connections import Connections
from zilliz_jobs.api.backupjob import BACKUP_JOB
from zilliz_jobs.api.model import format_time
from zilliz_jobs.api.parse import SpecError
from zilliz_jobs.cloud.errors import CloudError
from zilliz_jobs.control.objects import Body, Key, connection_key, key_of
from zilliz_jobs.kube.events import EventPoster
from zilliz_jobs.schedules.backupwindow import BackupWindow, warning, window_of
from zilliz_jobs.schedules.duetimes import DueTimes, InvalidScheduleError, parse
from zilliz_jobs.schedules.manifest import schedule_of
from zilliz_jobs.schedules.reasons import ScheduleReason
from zilliz_jobs.schedules.schedule import Schedule

LONGEST_SECONDS = 5.0
AGAIN, SOON = timedelta(days=1), timedelta(minutes=10)
"""Until a schedule is looked at again: where all was read, and where something could not be."""
SHARED = timedelta(minutes=10)
"""How long the policy of a cluster is known, for other schedules of it."""

log = logging.getLogger(__name__)

Place = tuple[Key, str]
"""A cluster, as one connection sees it."""


class AutomaticBackups:
    """`now`: the API server's time."""

    def __init__(self, connections: Connections, events: EventPoster, now: Callable[[], datetime]) -> None:
        self._connections, self._events, self._now = connections, events, now
        self._again: dict[str, tuple[int, datetime]] = {}
        self._windows: dict[Place, tuple[datetime, BackupWindow | None]] = {}

    def forget(self, uid: str) -> None:
        """The schedule is gone."""
        self._again.pop(uid, None)

    async def look(self, body: Body) -> None:
        """Post one event where the schedule's backups meet automatic ones; once for each version of the schedule and
        each policy. At most one look a day, and as many reads as there are clusters. Raises nothing."""
        now, meta = self._now(), body["metadata"]
        generation = meta.get("generation") or 1
        known = self._again.get(meta["uid"])
        if known is not None and known[0] == generation and now < known[1]:
            return
        self._again[meta["uid"]] = (generation, now + AGAIN)  # suspend and all else of it has a new generation
        try:
            schedule = schedule_of(body, now)
            times = parse(schedule.expressions, schedule.time_zone)
        except (SpecError, InvalidScheduleError):
            return
        places = places_of(schedule, meta["namespace"])
        if schedule.suspend or schedule.deleting or not places:
            return
        self._again[meta["uid"]] = (generation, now + SOON)
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                met = await self._met(places, times, now)
        except (CloudError, TimeoutError) as error:
            log.debug("%s: automatic backups are not known: %s", key_of(body), error)
            return
        if met is not None:
            self._again[meta["uid"]] = (generation, now + AGAIN)
            self._tell(body, met)

    async def _met(
        self, places: dict[Place, str], times: DueTimes, now: datetime
    ) -> list[tuple[str, BackupWindow, str]] | None:
        """The clusters whose windows are met; None where a connection cannot be used yet."""
        met = []
        for (key, cluster_id), entry in places.items():
            known = self._windows.get((key, cluster_id))
            if known is None or now - known[0] >= SHARED:
                account = await self._connections.account(key)
                if account is None:
                    return None
                policy = await account.low_priority.session.backups.policy(cluster_id)
                self._windows = {place: one for place, one in self._windows.items() if now - one[0] < SHARED}
                known = self._windows[key, cluster_id] = (now, window_of(policy))
            if (window := known[1]) is not None and (due := window.first_due_within(times, now)) is not None:
                met.append((cluster_id, window, f"{entry} is due then, next at {format_time(due)}"))
        return met

    def _tell(self, body: Body, met: list[tuple[str, BackupWindow, str]]) -> None:
        if not met:
            return
        text = "; ".join(warning(*one) for one in met)
        version = "; ".join(f"{cluster_id} {window}" for cluster_id, window, _ in met)
        once_per = f"{body['metadata'].get('generation') or 1} {version}"
        self._events.post(
            body,
            "Warning",
            str(ScheduleReason.AUTOMATIC_BACKUP),
            text,
            once_per=once_per,
            logged=True,
        )
        log.warning("%s: %s: %s", key_of(body), ScheduleReason.AUTOMATIC_BACKUP, text)


def places_of(schedule: Schedule, namespace: str) -> dict[Place, str]:
    """The clusters that it backs up, each with the job that does. Pure."""
    found: dict[Place, str] = {}
    for template in schedule.templates:
        cluster_id = template.spec.get("clusterId")
        if template.kind == BACKUP_JOB.kind and isinstance(cluster_id, str):
            body = {"metadata": {"namespace": namespace}, "spec": dict(template.spec)}
            found.setdefault((connection_key(body), cluster_id), template.name)
    return found
