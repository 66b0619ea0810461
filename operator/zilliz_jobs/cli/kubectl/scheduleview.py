"""One JobSchedule as people read it. Lenient: people can edit every part of an object."""

from __future__ import annotations

from dataclasses import dataclass

from zilliz_jobs.api.jobschedule import JOB_SCHEDULE, JobScheduleStatus
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.api.scheduledjob import TEMPLATES
from zilliz_jobs.cli.kubectl.objectview import ObjectView, objects_in
from zilliz_jobs.control.objects import Body
from zilliz_jobs.core.foreigntext import shown
from zilliz_jobs.schedules.reasons import ScheduleReason
from zilliz_jobs.schedules.record import Record
from zilliz_jobs.schedules.stored import record_of, stored_status


@dataclass(frozen=True)
class ScheduleView(ObjectView):
    body: Body

    @property
    def resource(self) -> Resource:
        return JOB_SCHEDULE

    @property
    def status(self) -> JobScheduleStatus:
        return stored_status(self.body)

    @property
    def record(self) -> Record:
        return record_of(self.status)

    @property
    def is_suspended(self) -> bool:
        return self.spec.get("suspend") is True

    @property
    def keep_backups(self) -> int | None:
        """How many of the newest backups stay; None where none is deleted."""
        keep = self.spec.get("keepBackups")
        return keep if isinstance(keep, int) else None

    @property
    def is_unseen(self) -> bool:
        """No operator has ever written its status."""
        return self.status.observed_generation is None

    @property
    def times(self) -> str:
        """When it is due, and in which zone."""
        given = self.spec.get("schedules")
        expressions = [shown(str(one)) for one in given] if isinstance(given, list) else []
        return f"{', '.join(expressions) or '-'} ({shown(str(self.spec.get('timeZone') or 'UTC'))})"

    @property
    def entries(self) -> list[str]:
        """Its jobs, each with its kind, and what it follows."""
        found = []
        for entry in objects_in(self.spec.get("jobs")):
            kind = next((TEMPLATES[field].kind for field in entry if field in TEMPLATES), "?")
            after = entry.get("after")
            follows = f", after {', '.join(map(str, after))}" if isinstance(after, list) and after else ""
            found.append(shown(f"{entry.get('name')} ({kind}{follows})"))
        return found

    @property
    def conditions(self) -> list[Body]:
        return self.rows("conditions")

    @property
    def state(self) -> str:
        """One word for it."""
        ready = self.condition("Ready")
        if ready.get("status") == "False":
            return shown(str(ready.get("reason") or "NotReady"))
        if self.is_suspended:
            return ScheduleReason.SUSPENDED
        return "Ready" if ready.get("status") == "True" else "new"
