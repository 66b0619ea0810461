"""One pass over a JobCenter: read the lists, decide, write the rows, and write the result to its status."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from zilliz_jobs.api.jobcenter import DEFAULT_COUNT, DEFAULT_MAX_AGE_HOURS, JOB_CENTER, JobCenterSpec
from zilliz_jobs.api.parse import SpecError, parse_spec
from zilliz_jobs.api.projectjob import PROJECT_JOB
from zilliz_jobs.cloud.errors import CloudError
from zilliz_jobs.cloud.listing import rows_in_words
from zilliz_jobs.control.crdcheck import CrdCheck
from zilliz_jobs.control.objects import Body, Key, connection_key, key_of
from zilliz_jobs.control.redaction import hider
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link
from zilliz_jobs.jobcenter.centerstatus import CenterOutcome
from zilliz_jobs.jobcenter.centerwriter import CenterStatusWriter
from zilliz_jobs.jobcenter.jobrow import JobRow
from zilliz_jobs.jobcenter.mirroring import ListReading, Policy, Wanted, mirror
from zilliz_jobs.jobcenter.owners import Owners
from zilliz_jobs.jobcenter.ownjob import OwnJob, owned
from zilliz_jobs.jobcenter.pages import PageRows, Pages
from zilliz_jobs.jobcenter.rows import for_people
from zilliz_jobs.jobcenter.rowsync import RowSync
from zilliz_jobs.jobcenter.sources import Listed, read_page
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.polling.lists import Lists

RECHECK_SECONDS = 60.0


class Accounts(Protocol):
    """The connections as a page needs them; `accounts.connections.Connections` is one."""

    def link(self, key: Key) -> Link:
        """What may be known of the connection."""

    async def account(self, key: Key) -> Account | None:
        """The account of a connection that can be used now, else None."""

    def get(self, key: Key) -> Any:
        """The connection of this name; None where there is none."""


class CenterReconciler:
    """`now`: the API server's time."""

    def __init__(
        self,
        connections: Accounts,
        lists: Lists,
        pages: Pages,
        owners: Owners,
        row_sync: RowSync,
        status_writer: CenterStatusWriter,
        crds: CrdCheck,
        now: Callable[[], datetime],
    ) -> None:
        self._connections, self._lists, self._pages, self._owners = connections, lists, pages, owners
        self._row_sync, self._status_writer, self._crds, self._now = row_sync, status_writer, crds, now

    async def reconcile(self, body: Body) -> float | None:
        """Seconds until the next pass; None: at the next change. May be repeated. Raises KubeError."""
        if body["metadata"].get("deletionTimestamp"):
            return None
        outcome, wake = await self._look(body)
        await self._status_writer.write(body, outcome)
        return wake

    # -- parts

    async def _look(self, body: Body) -> tuple[CenterOutcome, float | None]:
        try:
            spec: Any = parse_spec(JOB_CENTER, body)
        except SpecError as error:
            return CenterOutcome(Reason.INVALID_SPEC, str(error)), None
        wanted: JobCenterSpec = spec
        connection = connection_key(body)
        page = self._pages.open(key_of(body), body["metadata"]["uid"], connection)
        if wanted.suspend:
            return CenterOutcome(Reason.SUSPENDED, "spec.suspend is true; the rows stay as they are"), None
        if gate := self._crds.gate(JOB_CENTER.kind) or self._crds.gate(PROJECT_JOB.kind):
            return CenterOutcome(gate.reason, gate.message), gate.retry_after
        link = self._connections.link(connection)
        if link.problem is not None:
            return CenterOutcome(
                link.problem.reason, link.problem.message
            ), link.problem.retry_after or RECHECK_SECONDS
        if link.suspended:
            return CenterOutcome(Reason.CONNECTION_SUSPENDED, Reason.CONNECTION_SUSPENDED.help), RECHECK_SECONDS
        known = self._connections.get(connection)
        project_id = wanted.project_id or (known.spec.project_id if known and known.spec else None)
        if not project_id:
            return CenterOutcome(Reason.PROJECT_NOT_NAMED, Reason.PROJECT_NOT_NAMED.help), None
        account = await self._connections.account(connection)
        if account is None:
            return CenterOutcome(Reason.CONNECTION_NOT_READY, Reason.CONNECTION_NOT_READY.help), RECHECK_SECONDS
        await self._owners.known()
        bodies = await self._row_sync.know(body, page)
        own_of = self._own_of(connection, project_id)
        listed = await read_page(self._lists, account, project_id, own_of, page.key.namespace)
        outcome = await self._bring(body, page, wanted, listed, account, bodies, project_id)
        return replace(outcome, project_id=project_id), float(wanted.interval_seconds)

    async def _bring(
        self,
        body: Body,
        page: PageRows,
        spec: JobCenterSpec,
        listed: Listed,
        account: Account,
        bodies: dict[str, Body],
        project_id: str,
    ) -> CenterOutcome:
        reading = ListReading(
            tuple(
                replace(one, rows=tuple(self._owned(row, page.key.namespace) for row in one.rows))
                for one in listed.reading.sources
            ),
            listed.reading.closed,
        )
        kept = {name: known.kept for name, known in page.known.items()}
        now = self._now()
        # Lists are read by the low-priority twin of the session, and each knows the time of its own last answer.
        heard = [one.cloud_time for one in (account.session, account.session.low_priority) if one.cloud_time]
        skew = max(heard, default=now) - now
        changes = mirror(page.key.name, reading, kept, policy_of(spec), now, page.memory, skew=skew)
        if (changes.missed or page.memory is None) and (unseen := await _not_visible(account, project_id)):
            # With a key that has no right on the project (any more), the cloud answers empty lists, and no error.
            return replace(unseen, told=listed.told)
        page.memory = changes.memory
        changes = replace(
            changes, create=self._cleaned(body, changes.create), update=self._cleaned(body, changes.update)
        )
        problem = await self._row_sync.carry_out(body, page, changes, account, bodies)
        complete = not listed.problem
        counts = replace(changes.counts, shown=len(page.known))
        if listed.problem:
            reason, message = Reason.LISTS_INCOMPLETE, listed.problem
        elif problem:
            reason, message = Reason.ROWS_NOT_WRITTEN, problem
        else:
            reason, message = Reason.LISTED, f"{counts.shown} of {counts.jobs} jobs are shown"
            if listed.unreadable:
                message += f"; {rows_in_words(listed.unreadable)} cannot be read"
        return CenterOutcome(reason, message, counts=counts, told=listed.told, complete=complete)

    def _cleaned(self, body: Body, rows: tuple[Wanted, ...]) -> tuple[Wanted, ...]:
        link = self._connections.link(connection_key(body))
        hide = hider(body["metadata"]["namespace"], link.key_fingerprint)
        return tuple(replace(one, row=for_people(one.row, hide, self._words(one.row))) for one in rows)

    def _words(self, row: JobRow) -> tuple[str, ...]:
        """Texts that the object which owns the job shows of itself."""
        own = self._owners.get(row.owner.uid) if row.owner else None
        return (own.description, own.target) if own else ()

    def _owned(self, row: JobRow, namespace: str) -> JobRow:
        own = self._owners.get(row.owner.uid) if row.owner else self._owners.of_job(row.job_id or row.id)
        return owned(row, own, namespace) if own is not None else row

    def _own_of(
        self, connection: Key, project_id: str
    ) -> Callable[[frozenset[str], frozenset[str]], Iterator[OwnJob]]:
        """The jobs of job objects in this project: of this connection, and of others with the same API key."""

        def own_of(here: frozenset[str], elsewhere: frozenset[str]) -> Iterator[OwnJob]:
            for other in self._owners.connections():
                same = other == connection
                if not same and not self._share_a_key(connection, other):
                    continue
                for job in self._owners.of_connection(other):
                    named = job.project_id in ("", project_id)
                    if job.cluster_id in here or (same and named and job.cluster_id not in elsewhere):
                        yield job

        return own_of

    def _share_a_key(self, one: Key, other: Key) -> bool:
        a, b = self._connections.get(one), self._connections.get(other)
        return bool(a and b and a.fingerprint and (a.endpoint, a.fingerprint) == (b.endpoint, b.fingerprint))


async def _not_visible(account: Account, project_id: str) -> CenterOutcome | None:
    """Why it is not certain that the key sees the project; None where it certainly does."""
    try:
        projects = await account.session.projects.list()
    except CloudError as error:
        return CenterOutcome(Reason.LISTS_INCOMPLETE, error.message)
    if project_id in {project.project_id for project in projects}:
        return None
    return CenterOutcome(
        Reason.PROJECT_NOT_VISIBLE, f"the key does not see project {project_id}; the rows stay as they are"
    )


def policy_of(spec: JobCenterSpec) -> Policy:
    """The spec's filters and retention, with the operator's defaults where it names none. Pure."""
    kept = spec.retention
    return Policy(
        types=frozenset(str(one) for one in spec.types or ()),
        states=frozenset(str(one) for one in spec.states or ()),
        cluster_ids=frozenset(spec.cluster_ids or ()),
        count=(kept.count if kept and kept.count else None) or DEFAULT_COUNT,
        max_age=timedelta(
            hours=(kept.max_age_hours if kept and kept.max_age_hours else None) or DEFAULT_MAX_AGE_HOURS
        ),
    )
