"""The reasons by what a person does about them; the troubleshooting page has a part for each group."""

from __future__ import annotations

from zilliz_jobs.core.reasons import Reason

NEEDS_SOMEBODY = frozenset(
    {Reason.INVALID_SPEC, Reason.SUSPENDED, Reason.HELD, Reason.CONNECTION_NOT_FOUND, Reason.CONNECTION_NOT_READY}
    | {Reason.CONNECTION_SUSPENDED, Reason.SECRET_NOT_FOUND, Reason.SECRET_NOT_LABELLED, Reason.SECRET_KEY_MISSING}
    | {Reason.SECRET_HOLDS_API_KEY, Reason.BACKUP_NOT_FOUND, Reason.NAME_TAKEN, Reason.CREDENTIALS_SECRET_TAKEN}
    | {Reason.CREDENTIALS_FORBIDDEN, Reason.CREDENTIALS_LOST, Reason.CLUSTER_NOT_FOUND, Reason.NO_PUBLIC_API}
    | {Reason.CRD_OUTDATED, Reason.KUBERNETES_REFUSED, Reason.KEY_REJECTED, Reason.PROTOCOL_MISMATCH}
    | {
        Reason.SUBMISSION_UNKNOWN,
        Reason.SUBMISSION_FAILED,
        Reason.ADOPT_TYPE_MISMATCH,
        Reason.ADOPT_NOT_FOUND,
        Reason.ALREADY_HELD,
    }
    | {Reason.UNKNOWN_CLOUD_STATUS, Reason.DEADLINE_EXCEEDED, Reason.STALLED, Reason.JOB_FAILED, Reason.REJECTED}
    | {Reason.CHANGED_ELSEWHERE, Reason.OUTCOME_UNKNOWN, Reason.JOB_LOST, Reason.NO_PERMISSION, Reason.BAD_RESOLUTION}
    | {Reason.STALE_TOKEN, Reason.TOKEN_TOO_LONG, Reason.RESUBMIT_NOT_ALLOWED, Reason.NO_SOURCE, Reason.LEFT_BEHIND}
    | {
        Reason.RECORD_UNREADABLE,
        Reason.ANSWER_NOT_STORED,
        Reason.TWO_HANDLES,
        Reason.DELETED_WHILE_RUNNING,
        Reason.NOT_A_ROW,
    }
    | {Reason.PROJECT_NOT_NAMED, Reason.PROJECT_NOT_VISIBLE, Reason.OWNED_ELSEWHERE, Reason.RETRY_UNCLEAR}
    | {Reason.INSECURE_ENDPOINT, Reason.JOB_ID_UNKNOWN, Reason.CANCEL_REFUSED, Reason.KIND_HAS_NO_CANCEL}
    | {Reason.ZERO_DOWNTIME, Reason.KIND_HAS_NO_RETRY, Reason.NOT_FAILED, Reason.ANOTHER_ACCOUNT}
    | {Reason.DELETION_CANNOT_CANCEL, Reason.BACKUP_DELETED, Reason.ANOTHER_SHARD, Reason.NO_SUCH_SHARD}
    | {Reason.OTHER_RULE_NOT_TOLD, Reason.OTHER_RULE_CHANGED, Reason.TIME_ZONE_NOT_CONFIRMED}
    | {Reason.COLLECTIONS_NOT_TOLD, Reason.LATE_EFFECT}
    | {Reason.ENGINE_NOT_ENABLED, Reason.CONFIG_TOO_LARGE, Reason.WORKER_NOT_STARTED, Reason.WORKER_INTERRUPTED}
    | {Reason.OUT_OF_MEMORY, Reason.SOURCE_NOT_FOUND, Reason.MIGRATION_FAILED, Reason.COUNT_MISMATCH}
)
"""Nothing more happens, or not what was asked for, until a person does something."""

GOES_ON_BY_ITSELF = frozenset(
    {Reason.WAITING, Reason.SUBMISSION_IN_PROGRESS, Reason.BACKUP_SLOT_BUSY, Reason.BACKUP_NOT_READY}
    | {Reason.CLUSTER_BUSY, Reason.CLOUD_UNREACHABLE, Reason.RATE_LIMITED, Reason.NOT_SUBMITTED, Reason.SUBMITTING}
    | {Reason.LOOKING_FOR_SUBMISSION, Reason.JOB_NOT_SEEN, Reason.RETRY_SCHEDULED, Reason.CANCEL_REQUESTED}
    | {Reason.CANCELING, Reason.CLEANING_UP, Reason.CREDENTIALS_AWAITED, Reason.LISTS_INCOMPLETE}
    | {Reason.KUBERNETES_UNAVAILABLE, Reason.CONNECTIONS_NOT_KNOWN, Reason.BACKUP_IN_USE}
    | {Reason.ROWS_NOT_WRITTEN, Reason.PENDING, Reason.IN_PROGRESS, Reason.CREDENTIALS_CHANGED}
    | {Reason.SENT_IN_OTHER_WORDS}
)
"""The operator or the cloud is at it; a person need only look where it lasts for too long."""
