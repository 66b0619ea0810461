"""One ZillizConnection as last seen, with its session and the result of its last check."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from zilliz_jobs.api.connection import ZillizConnectionSpec
from zilliz_jobs.cloud.hosts import BadEndpoint, endpoint_of
from zilliz_jobs.control.objects import Body, Key
from zilliz_jobs.core.observation import Blocked
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link
from zilliz_jobs.kinds.base import Account


@dataclass
class Connection:
    """Changed by `connections.Connections` only. `account`: None while its API key cannot be read; `problem`: why the
    connection cannot be used; `secret_read`, `suspected_at`: seconds of a steady clock."""

    key: Key
    body: Body
    spec: ZillizConnectionSpec | None = None
    spec_error: str = ""
    account: Account | None = None
    problem: Blocked | None = None
    elsewhere: Blocked | None = None  # it is another shard's, by its labels
    claimed: bool = False  # this process has stored, or found, that its account is this shard's
    checked: bool = False  # the cloud accepted this very key
    suspected: bool = False  # the cloud rejected it later, in a job's request; it must be checked again
    fingerprint: str = ""
    projects: frozenset[str] = frozenset()
    """Ids of the projects that the key saw at its last check: they identify the account."""
    secret_read: float = field(default=-1e9)
    suspected_at: float = field(default=-1e9)
    last_account: Account | None = None
    """The last account that could be used, for objects that are being deleted."""

    @property
    def uid(self) -> str:
        """Of the object; a later one of the same name has another."""
        return str(self.body["metadata"]["uid"])

    @property
    def is_known(self) -> bool:
        """Whether a check of the present key has ended, with whatever result, or is another shard's."""
        return (
            self.elsewhere is not None
            or self.spec is None
            or self.problem is not None
            or (self.checked and not self.suspected)
        )

    @property
    def endpoint(self) -> str:
        """URL of the control plane; empty where the spec does not give a valid one."""
        try:
            return endpoint_of(self.spec.cloud, self.spec.endpoint) if self.spec else ""
        except BadEndpoint:
            return ""

    def link(self) -> Link:
        """What the decision about a job may know of the connection."""
        if self.elsewhere is not None:
            return Link(problem=self.elsewhere)
        if self.spec is None:
            return Link(problem=Blocked(Reason.CONNECTION_NOT_READY, self._named(self.spec_error)))
        link = Link(
            suspended=self.spec.suspend,
            first_submission=self.spec.first_submission,
            settle_seconds=self.spec.submission_settle_seconds,
            console=bool(self.spec.console_api and self.spec.console_api.enabled),
            key_fingerprint=self.fingerprint,
            projects=self.projects,
        )
        if self.problem:
            return replace(link, problem=Blocked(Reason.CONNECTION_NOT_READY, self._named(self.problem.message)))
        if not self.checked or self.suspected or self.account is None:
            return replace(link, problem=Blocked(Reason.CONNECTION_NOT_READY, self._named("not checked yet"), 2.0))
        return link

    def parting_link(self) -> Link:
        """`link` for an object that is being deleted: its job is cancelled with the key in memory, if one was ever
        read.

        In a namespace that is being deleted, Secret and connection are gone before the jobs are.
        """
        link = self.link()
        return replace(link, problem=None) if self.account is None and self.last_account is not None else link

    def _named(self, message: str) -> str:
        return f"ZillizConnection {self.key.name}: {message}"
