"""Every metric that there is: name, type, labels, meaning. Names are stable once released.

Labels have few values: none grows with the number of objects but `target` and `connection`, which are limited. No
label is called as one that a scrape adds (namespace, pod, job, endpoint, ...), which Prometheus would rename.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Type = Literal["counter", "gauge", "histogram"]

SHORT = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LONG = (10.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 10800.0, 21600.0, 43200.0, 86400.0, 259200.0)


@dataclass(frozen=True)
class Family:
    """`by_leader`: only the process that works has samples of it, so that a sum over all replicas is right."""

    name: str
    type: Type
    help: str
    labels: tuple[str, ...] = ()
    by_leader: bool = False
    buckets: tuple[float, ...] = ()


OBJECTS = Family(
    "zilliz_jobs_objects",
    "gauge",
    "Job objects by the state that they show now, finished ones too. Each kind and state is there, if with 0.",
    ("kind", "state"),
    by_leader=True,
)
UNFINISHED = Family(
    "zilliz_jobs_unfinished_objects",
    "gauge",
    "Job objects that have not ended, by state and by the reason that they show.",
    ("kind", "state", "reason"),
    by_leader=True,
)
OLDEST = Family(
    "zilliz_jobs_oldest_unfinished_timestamp_seconds",
    "gauge",
    "Since when the one that is longest in its state is in it: Pending since it was made, released or retried, "
    "InProgress since the cloud started it. time() minus this is the longest time in state.",
    ("kind", "state", "reason"),
    by_leader=True,
)
LAST_SUCCESS = Family(
    "zilliz_jobs_last_success_timestamp_seconds",
    "gauge",
    "When a job of this kind on this target (status.target) last ended well. Kept while an object of the target is "
    "there; 2,000 targets at most, all others count as target other of object_namespace other.",
    ("kind", "object_namespace", "target"),
    by_leader=True,
)
HIDDEN_TARGETS = Family(
    "zilliz_jobs_last_success_hidden_targets",
    "gauge",
    "Targets without a series of their own in zilliz_jobs_last_success_timestamp_seconds: there are too many.",
    by_leader=True,
)
STATE_SECONDS = Family(
    "zilliz_jobs_state_duration_seconds",
    "histogram",
    "How long jobs were Pending or InProgress, counted when they left that state.",
    ("kind", "state"),
    buckets=LONG,
)
FINISHED = Family("zilliz_jobs_finished_total", "counter", "Jobs that ended, by state.", ("kind", "state"))
DELETED = Family(
    "zilliz_jobs_deleted_total",
    "counter",
    "Objects that are gone, by what became of their job in the cloud: ended, not_submitted, canceled, left_running, "
    "left_behind (something that was made on the way), unknown, no_job (a kind without one).",
    ("kind", "outcome"),
)
SUBMISSIONS = Family(
    "zilliz_jobs_submissions_total",
    "counter",
    "Submissions by answer: Accepted, Refused by the cloud, NotSent, or EffectUnknown where the answer was lost.",
    ("kind", "answer"),
)
REQUESTS = Family(
    "zilliz_jobs_requests_total",
    "counter",
    "What became of requests by annotation: cancel, retry, resolve; outcomes as in the status.",
    ("kind", "request", "outcome"),
)
RETRIES = Family(
    "zilliz_jobs_retries_total",
    "counter",
    "Attempts after the first, by who asked for them: policy, person, or elsewhere (in the cloud).",
    ("kind", "by"),
)
CLOUD_REQUESTS = Family(
    "zilliz_jobs_cloud_requests_total",
    "counter",
    "Requests to the cloud by route (method and path template), by outcome (ok, refused, not_found, unauthorised, "
    "forbidden, throttled, unavailable, unreadable) and by code: 200 for a success, else the cloud's own code or "
    "that of HTTP, none without an answer.",
    ("route", "outcome", "code"),
)
CLOUD_SECONDS = Family(
    "zilliz_jobs_cloud_request_duration_seconds",
    "histogram",
    "From the first byte of a request to the last one of its answer.",
    ("route",),
    buckets=SHORT,
)
LIMITER_WAIT = Family(
    "zilliz_jobs_limiter_wait_seconds",
    "histogram",
    "How long requests waited for their turn in the budget of their key: effect, need (a read that something waits "
    "for) or poll.",
    ("rank",),
    buckets=SHORT,
)
LIMITER_REFUSALS = Family(
    "zilliz_jobs_limiter_refusals_total",
    "counter",
    "Requests that were not sent, since their turn would have come too late; they are tried again.",
    ("rank",),
)
QUEUE_DEPTH = Family(
    "zilliz_jobs_queue_depth", "gauge", "Objects that wait for a pass, due or later.", by_leader=True
)
QUEUE_READY = Family(
    "zilliz_jobs_queue_ready", "gauge", "Objects whose pass is due and has not begun.", by_leader=True
)
QUEUE_OLDEST = Family(
    "zilliz_jobs_queue_oldest_seconds", "gauge", "For how long the longest waiting pass is due.", by_leader=True
)
PASSES = Family(
    "zilliz_jobs_passes_total",
    "counter",
    "Passes over an object: learnt, fruitless, or hung (broken off after 15 minutes).",
    ("kind", "outcome"),
)
STATUS_WRITES = Family(
    "zilliz_jobs_status_writes_total",
    "counter",
    "Status writes by weight; refused ones count too.",
    ("kind", "outcome"),
)
WATCH_SILENT = Family(
    "zilliz_jobs_watch_silent_seconds",
    "gauge",
    "For how long a write of this operator has not come back through the watch of its kind; 0 when all have.",
    ("kind",),
)
KIND_WATCHED = Family(
    "zilliz_jobs_kind_watched",
    "gauge",
    "1 while the objects of the kind are watched, in all namespaces of the operator; 0 while its CRD is not "
    "installed or its watch fails.",
    ("kind",),
)
SWEPT = Family(
    "zilliz_jobs_swept_total",
    "counter",
    "Unfinished objects that had no time for their next look, found by the sweep every minute and woken. There "
    "should be none.",
    ("kind",),
)
LEADER = Family("zilliz_jobs_leader", "gauge", "1 while this process leads and works, else 0.")
CLOCK_SKEW = Family(
    "zilliz_jobs_clock_skew_seconds",
    "gauge",
    "By how much the clock of the operator's machine is ahead of the API server's (below 0: behind), by the last "
    "answers; 0 before the first one. Nothing is decided by the machine's clock.",
)
CRD_OUTDATED = Family(
    "zilliz_jobs_crd_outdated",
    "gauge",
    "1 while the installed CRD lacks fields that this operator writes.",
    ("kind",),
)
CONNECTION_READY = Family(
    "zilliz_jobs_connection_ready",
    "gauge",
    "1 when the cloud accepts the key of the ZillizConnection, else 0. Those that were never checked are left out, "
    "and so are ready ones beyond 1,000.",
    ("object_namespace", "connection"),
    by_leader=True,
)
NO_SUCH_SHARD = Family(
    "zilliz_jobs_no_such_shard_objects",
    "gauge",
    "Objects whose label jobs.zilliz.com/shard names a shard that no operator has, so that nothing is done for them. "
    "Told by the default shard, where there are shards.",
    ("kind",),
    by_leader=True,
)

SCHEDULE_LAST_SUCCESS = Family(
    "zilliz_jobs_schedule_last_success_timestamp_seconds",
    "gauge",
    "When a run of this JobSchedule last ended well; none before the first. time() minus this is the time since the "
    "last success. Of 2,000 schedules at most, as the next two are.",
    ("object_namespace", "schedule"),
    by_leader=True,
)
SCHEDULE_NEXT = Family(
    "zilliz_jobs_schedule_next_timestamp_seconds",
    "gauge",
    "When the next run of this JobSchedule is due; none while it is suspended or cannot be understood.",
    ("object_namespace", "schedule"),
    by_leader=True,
)
SCHEDULE_FAILED = Family(
    "zilliz_jobs_schedule_failed",
    "gauge",
    "1 while the last run of this JobSchedule that ended did not end well, else 0.",
    ("object_namespace", "schedule"),
    by_leader=True,
)
SCHEDULE_RUNS = Family(
    "zilliz_jobs_schedule_runs_total",
    "counter",
    "Runs of JobSchedules: started, succeeded, failed, and due times that were missed.",
    ("outcome",),
)

BACKUP_DELETIONS = Family(
    "zilliz_jobs_backup_deletions_total",
    "counter",
    "Deletions of backups by keepBackups and backupTTLSeconds: gone (proven), stays (refused, or something reads "
    "it), and unclear (asked again).",
    ("outcome",),
)

LIVE = (
    OBJECTS,
    UNFINISHED,
    OLDEST,
    LAST_SUCCESS,
    HIDDEN_TARGETS,
    QUEUE_DEPTH,
    QUEUE_READY,
    QUEUE_OLDEST,
    WATCH_SILENT,
    KIND_WATCHED,
    LEADER,
    CLOCK_SKEW,
    CONNECTION_READY,
    SCHEDULE_LAST_SUCCESS,
    SCHEDULE_NEXT,
    SCHEDULE_FAILED,
    NO_SUCH_SHARD,
)
"""Read when they are asked for; the others are counted where they happen."""

FAMILIES = (
    *LIVE[:5],
    FINISHED,
    DELETED,
    STATE_SECONDS,
    SUBMISSIONS,
    REQUESTS,
    RETRIES,
    CLOUD_REQUESTS,
    CLOUD_SECONDS,
    LIMITER_WAIT,
    LIMITER_REFUSALS,
    *LIVE[5:8],
    PASSES,
    STATUS_WRITES,
    SWEPT,
    *LIVE[8:],
    CRD_OUTDATED,
    SCHEDULE_RUNS,
    BACKUP_DELETIONS,
)
