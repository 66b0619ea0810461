"""Accounts: from a ZillizConnection and its Secret to a session with the cloud, and whether its key is accepted.

Connections of one key share a session's budget, whatever their namespace; the smallest `requestsPerSecond` holds. The
key is kept in memory only. A Secret is read again every half minute while it is used, so a rotation needs no restart.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from zilliz_jobs.api.connection import DEFAULT_CONSOLE_PATH, ZILLIZ_CONNECTION, ZillizConnectionSpec
from zilliz_jobs.api.parse import SpecError, parse_spec
from zilliz_jobs.cloud.errors import CloudError, Transient, Unauthorised
from zilliz_jobs.cloud.hosts import BadEndpoint, endpoint_of, is_encrypted
from zilliz_jobs.cloud.limiter import Limiter
from zilliz_jobs.cloud.session import CloudSession, fingerprint
from zilliz_jobs.core.observation import Waits
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link
from zilliz_jobs.engine.bodies import Body, Key
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.kube.errors import Forbidden, KubeError, NotFound
from zilliz_jobs.kube.secrets import Secret, Secrets
from zilliz_jobs.telemetry.logs import conceal

CREDENTIALS_LABEL = "jobs.zilliz.com/credentials"
SECRET_SECONDS = 30.0
RETRY_SECONDS = 5.0

log = logging.getLogger(__name__)

_SessionKey = tuple[str, str, str | None, str | None]


@dataclass
class Connection:
    """One ZillizConnection, as it was last seen, and what was learnt about it."""

    key: Key
    body: Body
    spec: ZillizConnectionSpec | None = None
    spec_error: str = ""
    account: Account | None = None
    problem: Waits | None = None
    checked: bool = False
    fingerprint: str = ""
    secret_read: float = field(default=-1e9)

    @property
    def endpoint(self) -> str:
        try:
            return endpoint_of(self.spec.cloud, self.spec.endpoint) if self.spec else ""
        except BadEndpoint:
            return ""

    def link(self) -> Link:
        if self.spec is None:
            return Link(problem=Waits(Reason.CONNECTION_NOT_READY, self._named(self.spec_error)))
        link = Link(
            suspended=self.spec.suspend,
            first_submission=self.spec.first_submission,
            settle_seconds=self.spec.submission_settle_seconds,
            console=bool(self.spec.console_api and self.spec.console_api.enabled),
        )
        if self.problem:
            return replace(link, problem=Waits(Reason.CONNECTION_NOT_READY, self._named(self.problem.message)))
        if not self.checked or self.account is None:
            return replace(link, problem=Waits(Reason.CONNECTION_NOT_READY, self._named("not checked yet"), 2.0))
        return link

    def _named(self, message: str) -> str:
        return f"ZillizConnection {self.key.name}: {message}"


class Connections:
    """All connections by key. `wake` is called for a connection whose state changed."""

    def __init__(
        self,
        secrets: Secrets,
        *,
        allow_http: bool = False,
        wake: Callable[[Key], None] = lambda _key: None,
        clock: Callable[[], float] = time.monotonic,
        make_session: Callable[..., CloudSession] = CloudSession,
    ) -> None:
        self._secrets = secrets
        self._allow_http = allow_http
        self._wake = wake
        self._clock = clock
        self._make_session = make_session
        self._known: dict[Key, Connection] = {}
        self._sessions: dict[_SessionKey, CloudSession] = {}
        self._limiters: dict[tuple[str, str], Limiter] = {}
        self._locks: dict[Key, asyncio.Lock] = {}

    def learn(self, key: Key, body: Body) -> Connection:
        """A connection was made or changed."""
        old = self._known.get(key)
        same = old is not None and old.body["metadata"].get("generation") == body["metadata"].get("generation")
        if old is not None and same and old.body["metadata"].get("uid") == body["metadata"].get("uid"):
            old.body = body
            return old
        connection = Connection(key, body)
        try:
            spec: Any = parse_spec(ZILLIZ_CONNECTION, body)
            connection.spec = spec
        except SpecError as error:
            connection.spec_error = str(error)
        self._known[key] = connection
        return connection

    def forget(self, key: Key) -> None:
        self._known.pop(key, None)
        self._locks.pop(key, None)

    def get(self, key: Key) -> Connection | None:
        return self._known.get(key)

    def link(self, key: Key) -> Link:
        connection = self._known.get(key)
        if connection is None:
            message = f"there is no ZillizConnection {key.name} in namespace {key.namespace}; create it"
            return Link(problem=Waits(Reason.CONNECTION_NOT_FOUND, message))
        return connection.link()

    async def account(self, key: Key) -> Account | None:
        """The account of a connection that is usable now; its Secret is read again when that was long ago."""
        connection = self._known.get(key)
        if connection is None:
            return None
        if self._clock() - connection.secret_read > SECRET_SECONDS:
            await self.refresh(connection)
        return connection.account

    async def refresh(self, connection: Connection) -> None:
        """Read the Secret and make the session that fits it; a problem is kept in the connection."""
        async with self._locks.setdefault(connection.key, asyncio.Lock()):
            before = connection.fingerprint
            problem = await self._read_key(connection)
            hard = problem is not None and problem.reason is not Reason.CLOUD_UNREACHABLE
            if hard:
                connection.account = None
            if problem is not None and (hard or connection.account is None):
                connection.problem = problem
                self._wake(connection.key)
            elif before and connection.fingerprint != before:
                log.info("%s has a new key", connection.key)
                connection.checked = False
                self._wake(connection.key)

    def suspect(self, key: Key) -> None:
        """The cloud rejected the key in the midst of work: read the Secret and check again, soon."""
        connection = self._known.get(key)
        if connection is not None and connection.problem is None:
            connection.secret_read = -1e9
            connection.checked = False
            self._wake(key)

    async def check(self, connection: Connection) -> Waits | None:
        """Whether the cloud accepts the key, and shows it the project. What stands in the way, or None."""
        await self.refresh(connection)
        if connection.account is None:
            return connection.problem
        spec = connection.spec
        try:
            projects = await connection.account.session.projects.list()
        except Unauthorised as error:
            connection.problem = Waits(Reason.KEY_REJECTED, error.message)
        except Transient as error:
            # An outage says nothing of a key that was good before.
            if not connection.checked:
                connection.problem = Waits(error.reason, error.message, error.retry_after or RETRY_SECONDS)
        except CloudError as error:
            connection.problem = Waits(error.reason, error.message)
        else:
            connection.checked = True
            connection.problem = None
            wanted = spec.project_id if spec else None
            if wanted and wanted not in {p.project_id for p in projects}:
                connection.problem = Waits(Reason.PROJECT_NOT_VISIBLE, f"the key does not see project {wanted}")
        return connection.problem

    async def close(self) -> None:
        await asyncio.gather(*(session.close() for session in self._sessions.values()), return_exceptions=True)

    # -- parts

    async def _read_key(self, connection: Connection) -> Waits | None:
        spec = connection.spec
        if spec is None:
            return Waits(Reason.INVALID_SPEC, connection.spec_error)
        try:
            endpoint = endpoint_of(spec.cloud, spec.endpoint)
        except BadEndpoint as error:
            return Waits(Reason.INSECURE_ENDPOINT, str(error))
        if not is_encrypted(endpoint) and not self._allow_http:
            return Waits(
                Reason.INSECURE_ENDPOINT, "the endpoint must be an https URL, else the key travels in the clear"
            )
        ref = spec.credentials_secret_ref
        secret, problem = await read_labelled(self._secrets, connection.key.namespace, ref.name)
        if secret is None:
            return problem
        connection.secret_read = self._clock()
        try:
            key = (secret.text(ref.key) or "").strip()
        except ValueError as error:
            return Waits(Reason.SECRET_KEY_MISSING, str(error))
        if not key:
            return Waits(Reason.SECRET_KEY_MISSING, f"Secret {ref.name} has no key {ref.key}; put the API key there")
        conceal(key)
        try:
            connection.account = Account(self._session(spec, endpoint, key), spec.import_api)
        except Unauthorised as error:
            return Waits(Reason.KEY_REJECTED, error.message)
        connection.fingerprint = fingerprint(key)
        connection.problem = None if connection.checked else connection.problem
        return None

    def _session(self, spec: ZillizConnectionSpec, endpoint: str, key: str) -> CloudSession:
        print_ = fingerprint(key)
        console = spec.console_api
        path = (console.base_path or DEFAULT_CONSOLE_PATH) if console and console.enabled else None
        limiter = self._limiters.setdefault((endpoint, print_), Limiter(spec.requests_per_second))
        session_key = (endpoint, print_, path, spec.region_id)
        if session_key not in self._sessions:
            self._sessions[session_key] = self._make_session(
                endpoint, key, console_path=path, v1_region=spec.region_id, limiter=limiter
            )
        rates = [
            c.spec.requests_per_second
            for c in self._known.values()
            if c.spec and c.fingerprint == print_ and c.endpoint == endpoint
        ]
        limiter.set_rate(min([spec.requests_per_second, *rates]))
        return self._sessions[session_key]


async def read_labelled(secrets: Secrets, namespace: str, name: str) -> tuple[Secret | None, Waits | None]:
    """A Secret that a manifest names, if it carries the label that allows its use."""
    try:
        secret = await secrets.read(namespace, name)
    except NotFound:
        return None, Waits(Reason.SECRET_NOT_FOUND, f"there is no Secret {name} in namespace {namespace}; create it")
    except Forbidden as error:
        return None, Waits(Reason.SECRET_NOT_FOUND, f"the operator may not read Secret {name}: {error}")
    except KubeError as error:
        return None, Waits(Reason.CLOUD_UNREACHABLE, f"cannot read Secret {name}: {error}", RETRY_SECONDS)
    if secret.labels.get(CREDENTIALS_LABEL) != "true":
        message = f'Secret {name} may not be used: give it the label {CREDENTIALS_LABEL}: "true"'
        return None, Waits(Reason.SECRET_NOT_LABELLED, message)
    return secret, None
