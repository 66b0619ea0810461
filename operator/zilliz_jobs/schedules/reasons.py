"""The reasons of schedules and of their runs, each with the sentence that a user reads about it."""

from __future__ import annotations

from zilliz_jobs.core.reasonword import ReasonWord


class ScheduleReason(ReasonWord):
    """See `ReasonWord`."""

    # the schedule
    SCHEDULED = "Scheduled", "The schedule makes its runs at their due times."
    SUSPENDED = "Suspended", "spec.suspend is true; no run is made by cron until it is false."
    NOT_SUSPENDED = "NotSuspended", "Nothing holds the runs back."
    INVALID_SCHEDULE = "InvalidSchedule", "The due times cannot be told; correct spec.schedules or spec.timeZone."
    CLOCK_SKEW = (
        "ClockSkew",
        "The operator's clock and the API server's are more than 60 s apart, so no run is made; set their clocks.",
    )
    NEVER_RUN = "NeverRun", "No run has ended yet."
    LAST_SCHEDULE_IN_FUTURE = (
        "LastScheduleInFuture",
        "status.lastScheduleTime was in the future: a clock was set back, or the status edited. It was set to now.",
    )
    # a run
    RUN_STARTED = "RunStarted", "A run was started."
    RUN_SUCCEEDED = "RunSucceeded", "All jobs of the run were successful."
    RUN_FAILED = "RunFailed", "A job of the run was not successful."
    RUN_MISSED = "RunMissed", "A due time passed without a run, and will have none."
    REPLACED = "Replaced", "The run was cancelled for a newer one (concurrencyPolicy Replace)."
    TEMPLATE_CHANGED = (
        "TemplateChanged",
        "The schedule was edited before all objects of the run were made; the missing ones are not made.",
    )
    NAME_TAKEN = "NameTaken", "An object of that name exists and is not this schedule's; delete or rename it."
    CRD_OUTDATED = "CRDOutdated", "The installed CRDs are older than the operator; apply the CRDs of its release."
    KUBERNETES_REFUSED = "KubernetesRefused", "Kubernetes refuses an object of the run; the message is its own."
    OBJECT_DELETED = "ObjectDeleted", "Somebody deleted an object of the run, or its ownerReference, before its end."
    DEADLINE_EXCEEDED = "DeadlineExceeded", "The run could not begin within startingDeadlineSeconds."
    AUTOMATIC_BACKUP = (
        "AutomaticBackup",
        "A backup of the schedule is due when the cloud backs up the same cluster by itself, and may wait for that.",
    )
    # a job of a run
    NOT_RECORDED = "NotRecorded", "The object is not in its run's record yet; nothing is submitted before."
    WAITING_FOR = "WaitingFor", "Other jobs of the run must be Successful first."
    RUN_OVER = "RunOver", "The run of the object is not open in its schedule's status; nothing is submitted."
    # the backups of runs
    BACKUP_DELETED = "BackupDeleted", "A backup beyond keepBackups was deleted."
    BACKUP_NOT_DELETED = "BackupNotDeleted", "A backup beyond keepBackups is still there; the message says why."
    BACKUP_IN_USE = "BackupInUse", "Something reads the backup, or waits for it, so it is not deleted yet."
    BACKUP_LOST = "BackupLost", "A backup that was to be kept is gone; the schedule did not delete it."
    BACKUP_NOT_PROVEN = (
        "BackupNotProven",
        "The backup of a run is not proven to be its own; it does not count, and is never deleted.",
    )
    BACKUPS_COUNTED = "BackupsCounted", "The newest backups are kept, and older ones are deleted."
    BACKUPS_LEFT = "BackupsLeft", "The schedule has no such job any more; its backups stay. Delete them by hand."
    BACKUPS_NOT_TRACKED = (
        "BackupsNotTracked",
        "status.backups has room for 200, which keepBackups and the jobs exceed; no backup is deleted.",
    )
    # a run on request
    RUN_REQUESTED = "RunRequested", "The run starts as soon as it may."
    RUN_MADE = "RunMade", "The run was made."
    TOKEN_USED = "TokenUsed", "There was a run for this token; ask with a new one."
    TOKEN_TOO_LONG = "TokenTooLong", "A request token may have 256 characters."
