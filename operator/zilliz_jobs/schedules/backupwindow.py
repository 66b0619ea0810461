"""When the cloud backs up a cluster by itself, and whether a schedule is due then. Pure.

The cloud makes one manual backup of a cluster at a time, and begins none while an automatic one runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from zilliz_jobs.cloud.backuppolicy import BackupPolicy
from zilliz_jobs.schedules.duetimes import MINUTE, DueTimes, InvalidScheduleError

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
AHEAD = timedelta(days=8)
"""How far due times are looked at: each day of the week comes once."""
_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])\s*-\s*([01][0-9]|2[0-4]):([0-5][0-9])")


@dataclass(frozen=True)
class BackupWindow:
    """`days`: those on which it begins, 0 for Monday. `begins`: minutes after midnight in UTC."""

    days: frozenset[int]
    begins: int
    minutes: int

    def __str__(self) -> str:
        named = "every day" if len(self.days) == len(DAYS) else ", ".join(DAYS[day] for day in sorted(self.days))
        return f"{named} {_clock(self.begins)}-{_clock((self.begins + self.minutes) % 1440)} UTC"

    def at(self, moment: datetime) -> bool:
        """Whether it is open at this moment."""
        return any(start <= moment < end for start, end in self._spans(moment - timedelta(days=1), moment))

    def first_due_within(self, times: DueTimes, now: datetime) -> datetime | None:
        """The first due time of the coming week that falls into it."""
        try:
            for start, end in self._spans(now - timedelta(days=1), now + AHEAD):
                if end <= now:
                    continue
                due = times.next_due(max(start - MINUTE, now))
                if start <= due < end:
                    return due
        except InvalidScheduleError:  # never due again
            return None
        return None

    def _spans(self, after: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Those that begin between the day of `after` and `until`."""
        midnight = after.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        while midnight <= until:
            if midnight.weekday() in self.days:
                start = midnight + timedelta(minutes=self.begins)
                yield start, start + timedelta(minutes=self.minutes)
            midnight += timedelta(days=1)


def window_of(policy: BackupPolicy) -> BackupWindow | None:
    """None where there are no automatic backups, or where the policy cannot be read."""
    hours = _HOURS.fullmatch(policy.start_time.strip())
    days = {int(word) - 1 for word in policy.frequency.split(",") if re.fullmatch(r"\s*[1-7]\s*", word)}
    if policy.status.upper() != "ENABLED" or hours is None or not days:
        return None
    begins = int(hours[1]) * 60 + int(hours[2])
    minutes = (int(hours[3]) * 60 + int(hours[4]) - begins) % 1440
    return BackupWindow(frozenset(days), begins, minutes) if minutes else None


def warning(cluster_id: str, window: BackupWindow, what: str) -> str:
    """The sentence about a manual backup that falls into it. `what`: `backup is due then`, say."""
    return (
        f"the cloud backs up cluster {cluster_id} by itself {window}, and {what}: "
        "while an automatic backup runs no other one begins, so the job may wait for it; choose another hour"
    )


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
