"""Intents that this process wrote, or tried to write, and then did not send.

The answer to such a write can be lost, and the intent be found in the object later, even long after it was given up.
To everybody else its request may have left. This process knows better, and need not look for what it never sent.
"""

from __future__ import annotations

from zilliz_jobs.api.jobstatus import Evidence, JobStatus, Submission

MAX_KEPT = 10_000

Send = tuple[str, str, int]


class UnsentIntents:
    """What is proven here was seen by this very process, so nothing is stored. An intent that is no longer kept is
    looked for in the cloud, like that of any other process."""

    def __init__(self) -> None:
        self._kept: dict[Send, None] = {}

    def gave_up(self, intent: Submission) -> None:
        """The intent may be stored, now or later, and its request will not be sent. Idempotent."""
        self._kept[_send(intent)] = None
        if len(self._kept) > MAX_KEPT:
            del self._kept[next(iter(self._kept))]

    def leaves(self, intent: Submission) -> None:
        """The intent is stored, and its request is about to leave. Idempotent."""
        self._kept.pop(_send(intent), None)

    def has(self, status: JobStatus) -> bool:
        """Whether the open submission of the status is proven not to have left."""
        intent = status.submission
        awaited = intent is not None and intent.evidence is Evidence.SENDING and intent.look_since is None
        return intent is not None and awaited and _send(intent) in self._kept


def _send(intent: Submission) -> Send:
    """Names one send: a later one of the same submission has the same token."""
    return intent.holder, intent.token, intent.sends
