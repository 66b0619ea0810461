"""Rows whose job belongs to an object: a request on the row is decided at the object, and the row repeats the answer.

Both statuses keep the last token of either, so that a request is carried out once, whichever of the two was
annotated, and whenever the operator was killed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from pydantic import ValidationError

from zilliz_jobs.api.importjob import ImportFile
from zilliz_jobs.api.jobstatus import RequestStatus, State
from zilliz_jobs.api.projectjob import PROJECT_JOB, ProjectJobStatus
from zilliz_jobs.control.objects import CANCEL, RETRY, AskedElsewhere, Body, Key
from zilliz_jobs.core.requests import MAX_TOKEN, is_new, is_new_elsewhere
from zilliz_jobs.jobcenter.jobrow import row_name
from zilliz_jobs.jobcenter.ownjob import OwnJob, owned
from zilliz_jobs.jobcenter.ownjobs import OwnJobs
from zilliz_jobs.jobcenter.pages import PageRows, Pages
from zilliz_jobs.jobcenter.rowstatus import detailed, of_row, row_of, shown
from zilliz_jobs.jobcenter.rowwriter import RowWriter, row_status
from zilliz_jobs.kube.errors import KubeError

log = logging.getLogger(__name__)


class JobObjects(Protocol):
    """The objects that own jobs; `jobs.controller.JobController` is theirs."""

    def asked(self, key: Key, uid: str, tokens: AskedElsewhere) -> None:
        """These tokens of cancel and retry on the row of the object's job were not answered yet."""

    def wake(self, body: Body, tokens: AskedElsewhere) -> None:
        """The same, and the object, which is `body` at the moment, is to answer them now."""


class Forwarding:
    """Passes requests of rows to the objects that own their jobs. `now`: the API server's time."""

    def __init__(
        self, pages: Pages, own: OwnJobs, writer: RowWriter, jobs: JobObjects, now: Callable[[], datetime]
    ) -> None:
        self._pages, self._own, self._writer, self._jobs, self._now = pages, own, writer, jobs, now

    def forget(self, uid: str) -> frozenset[Key]:
        """The object is gone; returns the rows with requests for its job that were not answered. Idempotent."""
        return self._own.forget(uid)

    def ask(self, own: OwnJob, row: Body, status: ProjectJobStatus, theirs: Body) -> AskedElsewhere:
        """Tell the owner which requests of the row were not answered yet; returns them. Idempotent. `theirs`: the
        owner's status."""
        annotations = row["metadata"].get("annotations") or {}
        cancel = _open(annotations.get(CANCEL), status.cancel, request_in(theirs, "cancel"))
        retry = _open(annotations.get(RETRY), status.retry, request_in(theirs, "retry"))
        self._jobs.asked(own.key, own.uid, (cancel, retry))
        meta = row["metadata"]
        place = Key(PROJECT_JOB.kind, meta["namespace"], meta["name"])
        self._own.asks(own.uid, place, still=cancel is not None or retry is not None)
        return cancel, retry

    def wake(self, owner: Body, tokens: AskedElsewhere) -> None:
        """The owner is to answer these requests now. `owner`: as it is at the moment."""
        self._jobs.wake(owner, tokens)

    async def owner_changed(self, body: Body) -> None:
        """A job object's status was stored: write the same to its rows. Does little where there is none. Idempotent.
        Raises nothing: the next pass over the JobCenter writes what could not be written."""
        if not len(self._pages):  # then only the summary is kept, by `on_seen`
            return
        own = self._own.summary(body)
        if own is None or not own.row:
            return
        for page in self._pages:
            for name in {row_name(page.key.name, (own.type, one)) for one in (own.row, *own.ids)} & page.known.keys():
                try:
                    await self._tell(page, name, own, body)
                except KubeError as error:
                    page.doubt(name)
                    log.warning("%s: its row %s is not written yet: %s", own.key, name, error)

    async def _tell(self, page: PageRows, name: str, own: OwnJob, body: Body) -> None:
        def change(row: Body, old: ProjectJobStatus) -> ProjectJobStatus:
            told = owned(row_of(old, row["spec"]["jobId"]), own, page.key.namespace)
            generation = row["metadata"].get("generation") or 1
            new = of_row(told, tuple(old.sources or ())).but(lists_without=old.lists_without)
            new = shown(new, old, generation, self._now())
            if new.state is State.FAILED and new.files is None and (files := files_in(body)):
                new = detailed(new, files, "", None)
            return requests_taken_over(new, body, row)

        stored = await self._writer.change(page.key.namespace, name, change)
        if stored is None:
            page.known.pop(name, None)
            return
        page.note(stored)
        self.ask(own, stored, row_status(stored), body.get("status") or {})


def requests_taken_over(status: ProjectJobStatus, owner: Body, row: Body) -> ProjectJobStatus:
    """The row's status with the answers of its owner to the requests. Pure."""
    annotations, theirs = row["metadata"].get("annotations") or {}, owner.get("status") or {}
    return status.but(
        cancel=_taken_over(annotations.get(CANCEL), status.cancel, request_in(theirs, "cancel")),
        retry=_taken_over(annotations.get(RETRY), status.retry, request_in(theirs, "retry")),
    )


def request_in(status: Mapping[str, object], verb: str) -> RequestStatus | None:
    """A request in a raw status; None where there is none that can be read."""
    try:
        return RequestStatus.model_validate(status[verb]) if isinstance(status.get(verb), dict) else None
    except ValidationError:
        return None


def files_in(owner: Body) -> list[ImportFile]:
    """The files in the result of an ImportJob; empty where there are none that can be read. Pure."""
    result = (owner.get("status") or {}).get("result")
    files = result.get("files") if isinstance(result, dict) else None
    try:
        return [ImportFile.model_validate(one) for one in files] if isinstance(files, list) else []
    except ValidationError:
        return []


def _open(token: str | None, known: RequestStatus | None, theirs: RequestStatus | None) -> str | None:
    """The row's token, unless the row's own record or the owner's says that it was answered."""
    return token if token and is_new(token, known) and is_new_elsewhere(token, theirs) else None


def _taken_over(token: str | None, known: RequestStatus | None, theirs: RequestStatus | None) -> RequestStatus | None:
    """The owner's request as the row shows it. The row's own token is recorded as answered only if it was."""
    if theirs is None:
        return known
    own = (token or "")[:MAX_TOKEN]
    noted = known.annotation if known else None
    if own == theirs.token:
        noted = None
    elif own and (not is_new(own, known) or not is_new_elsewhere(own, theirs)):
        noted = own
    return theirs.but(annotation=noted, elsewhere=None)
