"""Every reason that a condition, an event or a request outcome can carry, with the sentence a user reads about it.

One table: the docs' troubleshooting page is made from it, and a test proves that nothing else is used.
"""

from __future__ import annotations

from zilliz_jobs.core.reasonword import ReasonWord


class Reason(ReasonWord):
    """See `ReasonWord`."""

    @property
    def phrase(self) -> str:
        """The sentence as a message says it, beside the cloud's own words."""
        return self.help[:1].lower() + self.help[1:].removesuffix(".")

    # accepted?
    VALID_SPEC = "ValidSpec", "The manifest can be used."
    INVALID_SPEC = "InvalidSpec", "The manifest cannot be used; correct the named fields."
    DELETION_CANNOT_CANCEL = (
        "DeletionCannotCancel",
        "spec.deletionPolicy is Cancel, but the job cannot be cancelled: deleting the object would leave it running.",
    )
    # waiting for the first submission
    WAITING = "Waiting", "The job will be submitted as soon as its turn comes."
    SUSPENDED = "Suspended", "spec.suspend is true; set it to false to submit the job."
    RUNNING_ALREADY = "AlreadySubmitted", "spec.suspend came too late: the job was submitted before."
    HELD = (
        "Held",
        (
            "The connection's firstSubmission, or a restore of the object from a backup, holds the first submission; "
            "set firstSubmission to Submit (or remove the restore label) when the job is really wanted."
        ),
    )
    NOT_SUSPENDED = "NotSuspended", "Nothing holds the job back."
    CONNECTION_NOT_FOUND = "ConnectionNotFound", "Create the ZillizConnection that spec.connectionRef names."
    CONNECTION_NOT_READY = "ConnectionNotReady", "See the conditions of the ZillizConnection."
    CONNECTION_SUSPENDED = "ConnectionSuspended", "The ZillizConnection is suspended; set its spec.suspend to false."
    ANOTHER_ACCOUNT = (
        "AnotherAccount",
        "The connection leads to another account than the job was submitted in; give it a key of that account.",
    )
    ANOTHER_SHARD = (
        "AnotherShard",
        "The object and its account are of different shards; give both the same label jobs.zilliz.com/shard.",
    )
    NO_SUCH_SHARD = (
        "NoSuchShard",
        "No operator has the shard that the object's label names, so nothing is done for it; correct the label.",
    )
    SECRET_NOT_FOUND = "SecretNotFound", "Create the Secret that is named."
    SECRET_NOT_LABELLED = (
        "SecretNotLabelled",
        ('Label the Secret with jobs.zilliz.com/credentials: "true" to allow its use.'),
    )
    SECRET_KEY_MISSING = "SecretKeyMissing", "Add the named key to the Secret."
    SECRET_HOLDS_API_KEY = (
        "SecretHoldsApiKey",
        "The Secret holds the API key of a connection, which no job may send elsewhere; make a Secret of its own.",
    )
    CONNECTIONS_NOT_KNOWN = (
        "ConnectionsNotKnown",
        "The ZillizConnections of the namespace cannot be listed, so that no Secret is used: it may hold a key.",
    )
    SUBMISSION_IN_PROGRESS = (
        "SubmissionInProgress",
        ("Another job on the same target is being submitted; this one follows."),
    )
    BACKUP_SLOT_BUSY = "BackupSlotBusy", "The cloud makes one manual backup of a cluster at a time; this one waits."
    BACKUP_NOT_READY = "BackupNotReady", "The BackupJob that is named has not ended well yet; this job follows it."
    WAITING_FOR = "WaitingFor", "Other jobs of the schedule's run must be Successful first."
    RUN_OVER = "RunOver", "The schedule's run that the object belongs to is over; its job is not submitted."
    RUN_FAILED = "RunFailed", "A job of the schedule's run that had to be first did not end well."
    BACKUP_NOT_FOUND = "BackupNotFound", "The cloud has no such backup; correct the backup that the spec names."
    BACKUP_DELETED = "BackupDeleted", "The operator deleted the backup, as it was told to; name another one."
    BACKUP_IN_USE = "BackupInUse", "Something reads the backup, or waits for it, so it is not deleted yet."
    COLLECTIONS_NOT_TOLD = (
        "CollectionsNotTold",
        "Name the collections to restore in the spec; the cloud does not tell them, or they are too many for a job.",
    )
    NAME_TAKEN = "NameTaken", "What the job is to make exists already; choose another name, or remove it."
    CREDENTIALS_SECRET_TAKEN = (
        "CredentialsSecretTaken",
        "The Secret for the one-time credentials exists and is not this job's, or holds credentials; name another.",
    )
    CREDENTIALS_FORBIDDEN = (
        "CredentialsForbidden",
        "The operator may not keep the one-time credentials; grant it create and patch on Secrets.",
    )
    CLUSTER_BUSY = "ClusterBusy", "The cluster is changing its state; the job is submitted when it is free."
    CLUSTER_NOT_FOUND = "ClusterNotFound", "The key sees no such cluster; correct clusterId or the key's rights."
    NO_PUBLIC_API = (
        "NoPublicAPI",
        ("The cloud's public API cannot do this; enable the connection's consoleApi, or do it in the web console."),
    )
    # a migration by VTS
    ENGINE_NOT_ENABLED = (
        "EngineNotEnabled",
        "The operator was installed without VTS; set migrations.vts.enabled in the chart, or leave out spec.engine.",
    )
    CONFIG_TOO_LARGE = (
        "ConfigTooLarge",
        "What the engine is to be told does not fit into a Secret of 1 MiB; name fewer collections, or shorter keys.",
    )
    WORKER_NOT_STARTED = (
        "WorkerNotStarted",
        "The pod of the engine does not start; the message has the words of Kubernetes. It may still start.",
    )
    WORKER_INTERRUPTED = (
        "WorkerInterrupted",
        "The pod of the engine was ended from outside before it had moved all rows; retry the job.",
    )
    OUT_OF_MEMORY = (
        "OutOfMemory",
        "The engine needed more memory than its pod has; name more in worker.resources.limits, then retry.",
    )
    SOURCE_NOT_FOUND = (
        "SourceNotFound",
        "The source has no such database, table, index or collection; correct the names in a new object.",
    )
    MIGRATION_FAILED = (
        "MigrationFailed",
        "The engine gave up; the message has its code, which docs/vts.md explains. A retry begins anew.",
    )
    COUNT_MISMATCH = (
        "CountMismatch",
        "The target does not hold as many rows as the engine read and wrote; a retry removes them and begins anew.",
    )
    CRD_OUTDATED = "CRDOutdated", "The installed CRDs are older than the operator; apply the CRDs of its release."
    KUBERNETES_REFUSED = (
        "KubernetesRefused",
        "Kubernetes refuses something that the job needs; correct what the API server's sentence names.",
    )
    KUBERNETES_UNAVAILABLE = (
        "KubernetesUnavailable",
        "Kubernetes gives no usable answer about something that the job needs; it is asked again.",
    )
    # a submission that goes on, and what a person should know about it
    OTHER_RULE_NOT_TOLD = (
        "OtherRuleNotTold",
        "The cloud does not tell whether the other dimension has a scaling rule, which this job may then end.",
    )
    OTHER_RULE_CHANGED = (
        "OtherRuleChanged",
        "The scaling rule of the other dimension is not as this job sent it; look at the cluster, and set it again.",
    )
    TIME_ZONE_NOT_CONFIRMED = (
        "TimeZoneNotConfirmed",
        "The cloud does not show the time zone of a schedule, and may count in UTC; the message says when it runs.",
    )
    CREDENTIALS_CHANGED = (
        "CredentialsChanged",
        "The credentials Secret is not as it was when the job was submitted; so it is submitted again, not in place.",
    )
    SENT_IN_OTHER_WORDS = (
        "SentInOtherWords",
        "The cloud refused a word of its documentation; the request is sent once more with the word of its clients.",
    )
    # talking to the cloud
    CLOUD_UNREACHABLE = "CloudUnreachable", "The cloud cannot be reached or is failing; it is tried again."
    RATE_LIMITED = "RateLimited", "The cloud throttles this key; it is tried again."
    KEY_REJECTED = "KeyRejected", "The cloud rejects the API key; put a valid key into the connection's Secret."
    PROTOCOL_MISMATCH = "ProtocolMismatch", "The cloud answered in a form that this version does not understand."
    # submission
    NOT_SUBMITTED = "NotSubmitted", "Nothing has been sent to the cloud."
    SUBMITTING = "Submitting", "The submission is on its way."
    SUBMITTED = "Submitted", "The cloud took the job."
    FOUND = "Found", "The submission's answer was lost; the job was found again in the cloud."
    ADOPTED = "Adopted", "The job was started elsewhere and is followed here."
    LOOKING_FOR_SUBMISSION = (
        "LookingForSubmission",
        ("The submission's answer was lost; the cloud is being searched for the job."),
    )
    SUBMISSION_UNKNOWN = (
        "SubmissionUnknown",
        (
            "No look-up can tell whether the cloud took the submission; decide with the annotation "
            "jobs.zilliz.com/resolve-submission."
        ),
    )
    SUBMISSION_FAILED = "SubmissionFailed", "The request was sent several times and, as look-ups prove, never taken."
    ADOPT_TYPE_MISMATCH = "AdoptTypeMismatch", "The job to adopt is of another type; correct spec.adopt.jobId."
    ADOPT_NOT_FOUND = "AdoptNotFound", "The cloud knows no job of this id; correct spec.adopt.jobId."
    ALREADY_HELD = "AlreadyHeld", "Another object follows this job already."
    # running
    PENDING = "Pending", "The cloud has the job in its queue."
    IN_PROGRESS = "InProgress", "The cloud works on the job."
    CANCELING = "Canceling", "The cloud is cancelling the job."
    UNKNOWN_CLOUD_STATUS = (
        "UnknownCloudStatus",
        "The cloud reports a word this version does not know; see cloudStatus.",
    )
    JOB_NOT_SEEN = "JobNotSeen", "The cloud does not show the job at the moment; it is asked again for a while."
    RETRIED_ELSEWHERE = "RetriedElsewhere", "Somebody retried the job in the cloud; the object follows it again."
    RETRY_SCHEDULED = "RetryScheduled", "The last attempt failed; the next one follows by retryPolicy."
    ON_TIME = "OnTime", "No deadline has passed."
    DEADLINE_EXCEEDED = "DeadlineExceeded", "A deadline of the spec has passed."
    STALLED = "Stalled", "The job has made no progress within stallDeadlineSeconds."
    CLEANING_UP = "CleaningUp", "What was made on the way is being removed."
    # ended
    SUCCESSFUL = "Successful", "The job ended well."
    JOB_FAILED = "JobFailed", "The cloud reports that the job failed."
    ALREADY_IN_STATE = "AlreadyInState", "What the job is to bring about was so already; nothing was submitted."
    CHANGED_ELSEWHERE = (
        "ChangedElsewhere",
        ("The cluster is neither as it was nor as wanted: somebody else changed it. Look at it, then decide anew."),
    )
    REJECTED = "Rejected", "The cloud refused the job; the message is its own."
    CANCELED = "Canceled", "The job was cancelled."
    CANCELED_BEFORE_SUBMISSION = "CanceledBeforeSubmission", "The job was cancelled before anything was sent."
    OUTCOME_UNKNOWN = "OutcomeUnknown", "The cloud forgot the job before its end was seen; look at what it made."
    JOB_LOST = "JobLost", "The cloud named the job but never showed it."
    # requests by annotation
    CANCEL_REQUESTED = "CancelRequested", "The cancel waits for the cloud's answer."
    CANCEL_ACCEPTED = "CancelAccepted", "The cloud accepted the cancel."
    CANCEL_REFUSED = "CancelRefused", "The cloud refused the cancel."
    ALREADY_FINISHED = "AlreadyFinished", "The job had ended already."
    KIND_HAS_NO_CANCEL = "KindHasNoCancel", "The cloud cannot cancel jobs of this kind once they are submitted."
    ZERO_DOWNTIME = "ZeroDowntime", "A zero-downtime migration cannot be cancelled; stop it in the web console."
    NO_PERMISSION = (
        "NoPermission",
        "The key's role may not do this; give it the right, or use a key of an Organization Owner or Project Admin.",
    )
    JOB_ID_UNKNOWN = "JobIdUnknown", "The job was found without its id, so it cannot be addressed; use the console."
    RETRY_STARTED = "RetryStarted", "A new attempt began."
    KIND_HAS_NO_RETRY = "KindHasNoRetry", "Jobs of this kind cannot be retried; create a new object."
    RESUBMIT_NOT_ALLOWED = "ResubmitNotAllowed", "Set spec.retryPolicy.resubmit to true to allow a second submission."
    NOT_FAILED = "NotFailed", "Only a failed job can be retried."
    NO_SOURCE = "NoSource", "An adopted job names no source to submit again; create a new object with one."
    STALE_TOKEN = "StaleToken", "The annotation names another submission than the one that is open."
    BAD_RESOLUTION = "BadResolution", "Write <submission.token>=adopt:<jobId>, =resubmit or =abandon."
    RESOLVED = "Resolved", "The submission was decided by annotation."
    TOKEN_TOO_LONG = "TokenTooLong", "A request token may have 256 characters."
    # life of the object
    CREDENTIALS_AWAITED = "CredentialsAwaited", "The cloud tells the credentials with its answer to the submission."
    CREDENTIALS_STORED = "CredentialsStored", "The one-time credentials are in the Secret that result names."
    CREDENTIALS_LOST = (
        "CredentialsLost",
        "The answer that held the only password was lost; reset the password in the web console.",
    )
    LEFT_BEHIND = "LeftBehind", "Something that was made on the way is still in the cloud; remove it by hand."
    KEPT_FOR_GITOPS = "KeptForGitOps", "The object outlives its TTL, because a GitOps tool or Helm manages it."
    ANSWER_NOT_STORED = (
        "AnswerNotStored",
        (
            "What the cloud answered cannot be stored in the object at the moment; the operator keeps it in memory "
            "and stores it as soon as it can. Do not restart the operator before; see what keeps it from writing."
        ),
    )
    RECORD_UNREADABLE = (
        "RecordUnreadable",
        (
            "The status was edited, and what was submitted cannot be told from it any more; nothing is done for the "
            "object until its status is restored, or it is deleted."
        ),
    )
    TWO_HANDLES = "TwoHandles", "The cloud named two jobs for one submission; look at both."
    LATE_EFFECT = (
        "LateEffect",
        "A job showed late that may be of an earlier send; look at it, and remove it if it is one too many.",
    )
    DELETED_WHILE_RUNNING = "DeletedWhileRunning", "The object is gone; its job still runs in the cloud."
    # job centre
    MIRRORED = "Mirrored", "The row shows what the cloud's lists tell of the job."
    NOT_A_ROW = "NotARow", "The operator makes the rows of a JobCenter itself; delete this one."
    LISTED = "Listed", "The rows show what the cloud's lists tell."
    LISTS_INCOMPLETE = (
        "ListsIncomplete",
        "Some lists could not be read to their end; the rows of those stay as they are, and it is tried again.",
    )
    PROJECT_NOT_NAMED = "ProjectNotNamed", "Name spec.projectId, in the JobCenter or in its connection."
    ROWS_NOT_WRITTEN = "RowsNotWritten", "Some rows could not be written; it is tried again."
    OWNED_ELSEWHERE = "OwnedElsewhere", "The job belongs to another object; ask for it there."
    RETRY_UNCLEAR = (
        "RetryUnclear",
        "The answer to the retry was lost; look whether the job runs again, and ask with a new token if it does not.",
    )
    # connection
    KEY_ACCEPTED = "KeyAccepted", "The cloud accepts the key."
    PROJECT_NOT_VISIBLE = "ProjectNotVisible", "The key does not see the project of the connection."
    INSECURE_ENDPOINT = "InsecureEndpoint", "The endpoint must be an https URL."


def help_of(word: str) -> str:
    """The sentence about a reason that a status carries as text; the word itself where it is none of ours."""
    return next((reason.help for reason in Reason if reason == word), word)
