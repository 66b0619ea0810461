"""Makes the parts of schedules and connects them to the rest of the engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from zilliz_jobs.accounts.connections import Connections
from zilliz_jobs.control.clock import ServerClock
from zilliz_jobs.control.objectaccess import ObjectAccess
from zilliz_jobs.control.objects import Key
from zilliz_jobs.control.workqueue import WorkQueue
from zilliz_jobs.jobs.backupdeletion import BackupDeletion
from zilliz_jobs.jobs.backupmarks import BackupMarks
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.schedules.automaticbackups import AutomaticBackups
from zilliz_jobs.schedules.backupwriter import BackupWriter
from zilliz_jobs.schedules.children import Children
from zilliz_jobs.schedules.childwriter import ChildWriter, JobObjects
from zilliz_jobs.schedules.controller import JobScheduleController
from zilliz_jobs.schedules.gating import ScheduledRuns
from zilliz_jobs.schedules.reconciler import ScheduleReconciler
from zilliz_jobs.schedules.statuswriter import ScheduleStatusWriter


class ScheduleParts:
    """`children` listens to the job objects, `runs` gates their submissions, `controller` is that of JobSchedules.
    `synced`: returns when every job object was listed once."""

    def __init__(
        self,
        kinds: Mapping[str, AnyKind],
        connections: Connections,
        jobs: JobObjects,
        access: ObjectAccess,
        queue: WorkQueue[Key],
        clock: ServerClock,
        synced: Callable[[], Awaitable[None]],
        deletion: BackupDeletion,
    ) -> None:
        self.children = Children(kinds, connections.link, deletion.use)
        resources = {name: kind.resource for name, kind in kinds.items()}
        self.runs = ScheduledRuns(access.objects, self.children)
        reconciler = ScheduleReconciler(
            self.children,
            ChildWriter(access.objects, resources, self.children, jobs, access.shard),
            ScheduleStatusWriter(access, clock.now),
            access.crds,
            clock,
            synced,
            BackupWriter(deletion, BackupMarks(access), clock.now),
        )
        self.controller = JobScheduleController(
            reconciler, queue, AutomaticBackups(connections, access.events, clock.now)
        )
        self.children.changed = self.controller.wake
