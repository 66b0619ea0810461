"""Answers of the cloud that cannot be stored at the moment: a right is missing, or the API server cannot be reached.

They are recorded nowhere else, so they are kept in memory and stored when writing works again, by a task of their own
that holds no worker. Meanwhile no pass uses the object's status, which tells less than this process knows; the
deletion of an object goes on from what is known here.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.control.inflight import RequestsInFlight
from zilliz_jobs.control.objects import Body, Key, key_of
from zilliz_jobs.core.observation import CancelAccepted, CancelRefused, Observation
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import attempt_of, handle_of
from zilliz_jobs.jobs.entry import JobEntry, UnstoredAnswer
from zilliz_jobs.jobs.statuswriter import JobStatusWriter
from zilliz_jobs.kube.errors import KubeError, NotFound

STORE_SECONDS = 30.0  # for so long the pass that sent the request tries to store its answer itself

log = logging.getLogger(__name__)


class UnstoredAnswers:
    """Keeps them in the entries of their objects. `wake`: called with the key of each object whose answer is stored
    at last."""

    def __init__(
        self,
        status_writer: JobStatusWriter,
        in_flight: RequestsInFlight,
        wake: Callable[[Key], None],
    ) -> None:
        self._status_writer, self._in_flight, self._wake = status_writer, in_flight, wake

    def forget(self, entry: JobEntry) -> None:
        """There is nothing to store any more: a pass has written the whole status. Idempotent."""
        entry.unstored = entry.cancel_answer = None

    async def store(
        self,
        entry: JobEntry,
        answer: UnstoredAnswer,
        *,
        went: Callable[[], bool],
        patience: Callable[[], float] = lambda: STORE_SECONDS,
    ) -> Body:
        """Store the answer and return the object as stored. Raises NotFound when the object is gone. Any other
        KubeError: the answer cannot be stored now, is kept, and will be stored later; the caller has nothing left to
        do. `went`: whether the object is known to be gone; `patience`: seconds to try."""
        try:
            return await self._status_writer.write_answer(
                entry.kind, answer.body, answer.intent, answer.status, went=went, patience=patience
            )
        except NotFound:
            raise
        except KubeError as error:
            self._tell(answer, error)
            entry.unstored = answer
            self._in_flight.begin(self._store_later(entry, answer))
            raise

    def _tell(self, answer: UnstoredAnswer, error: KubeError) -> None:
        reason, names = Reason.ANSWER_NOT_STORED, ", ".join(sorted(handle_of(answer.status).values()))
        what = f"the cloud named {names} for the submission" if names else "the cloud answered the submission"
        message = f"{what}. {reason.help} The last try: {error}"
        log.error("%s: %s: %s", key_of(answer.body), reason, message)
        sent = answer.intent.submission
        once_per = f"{sent.token} {sent.sends}" if sent else ""
        self._status_writer.note(answer.body, reason, message, once_per=once_per)

    async def _store_later(self, entry: JobEntry, answer: UnstoredAnswer) -> None:
        try:
            await self._status_writer.write_answer(
                entry.kind,
                answer.body,
                answer.intent,
                answer.status,
                went=lambda: entry.unstored is not answer,
                patience=lambda: math.inf,
            )
            log.warning("%s: the answer that could not be stored is stored now", entry.key)
        except NotFound:
            pass  # the report about the deleted object tells what became of its job
        finally:
            if entry.unstored is answer:
                entry.unstored = None
                self._wake(entry.key)

    # -- answers to cancels: the next pass over the object begins with the answer, and sends no second cancel

    def keep_cancel_answer(self, entry: JobEntry, status: JobStatus, answer: Observation) -> None:
        """The cloud answered a cancel, and that cannot be stored. `status`: as it was when the cancel was sent."""
        if isinstance(answer, CancelAccepted | CancelRefused):
            entry.cancel_answer = _cancel_mark(status), answer

    def take_cancel_answer(self, entry: JobEntry, status: JobStatus) -> Observation | None:
        """The kept answer to the cancel that `status` tells of; given once, then None."""
        kept, entry.cancel_answer = entry.cancel_answer, None
        return kept[1] if kept is not None and kept[0] == _cancel_mark(status) else None


def _cancel_mark(status: JobStatus) -> object:
    """Identifies a cancel of a job: with another token it is another request."""
    return attempt_of(status).number, status.job_id, status.cancel and (status.cancel.token, status.cancel.outcome)
