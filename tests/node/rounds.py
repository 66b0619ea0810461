"""Which alerts are caused at the same time, since their causes do not disturb one another, and in which order."""

from __future__ import annotations

from tests.node import operatortroubles as ours
from tests.node import troubles
from tests.node.alertstage import Trouble

Step = dict[str, Trouble]
"""By alert. The causes of all steps come first, in this order. Then, step by step, each alert is seen to fire, the
commands of its runbook are run, and it is cured: a cure can be what lets the alerts of the next step fire."""
ROUNDS: tuple[tuple[Step, ...], ...] = (
    (
        {
            "ZillizJobsClockOff": ours.clock_off,
            "ZillizJobsSwept": ours.swept,
            "ZillizJobsPassHung": ours.pass_hung,
        },
    ),
    (
        {"ZillizJobsNoLeader": ours.no_leader},
        {"ZillizJobsBackupTooOld": troubles.backup_too_old},
    ),
    ({"ZillizJobsTargetsHidden": troubles.targets_hidden},),
    ({"ZillizJobsBudgetShort": troubles.budget_short},),
    (
        {
            "ZillizJobsSubmissionUnknown": troubles.submission_unknown,
            "ZillizJobsJobWaiting": troubles.job_waiting,
            "ZillizJobsJobFailed": troubles.job_failed,
        },
    ),
    (
        {
            "ZillizJobsCloudUnreadable": troubles.cloud_unreadable,
            "ZillizJobsCloudRateLimited": troubles.cloud_rate_limited,
        },
    ),
    ({"ZillizJobsTwoLeaders": ours.two_leaders},),
    ({"ZillizJobsQueueStuck": ours.queue_stuck},),
    ({"ZillizJobsWatchStale": ours.watch_stale},),
    (
        {"ZillizJobsScheduleLate": troubles.schedule_late},
        {"ZillizJobsCRDOutdated": ours.crd_outdated, "ZillizJobsKindNotWatched": ours.kind_not_watched},
    ),
    (
        {
            "ZillizJobsScheduleMissed": troubles.schedule_missed,
            "ZillizJobsJobStuck": troubles.job_stuck,
            "ZillizJobsScheduleFailed": troubles.schedule_failed,
            "ZillizJobsConnectionNotReady": troubles.connection_not_ready,
        },
    ),
    ({"ZillizJobsCloudErrors": troubles.cloud_errors},),
    ({"ZillizJobsBackupNotDeleted": troubles.backup_not_deleted},),
)
