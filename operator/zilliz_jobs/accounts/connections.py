"""Accounts: from a ZillizConnection and its Secret to a session with the cloud, and whether its key is accepted.

Connections with the same key share one request budget, whatever their namespace; the smallest `requestsPerSecond`
holds. The key is kept in memory only. A Secret is read again every half minute while it is used, so a rotation needs
no restart.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from zilliz_jobs.accounts.connection import Connection
from zilliz_jobs.accounts.secret_access import RETRY_SECONDS, read_labelled
from zilliz_jobs.accounts.sessions import Sessions
from zilliz_jobs.accounts.sharing import NO_SHARDS, Shards
from zilliz_jobs.api.connection import ZILLIZ_CONNECTION
from zilliz_jobs.api.parse import SpecError, parse_spec
from zilliz_jobs.cloud.errors import CloudError, Transient, Unauthorised
from zilliz_jobs.cloud.hosts import BadEndpoint, endpoint_of, is_encrypted
from zilliz_jobs.cloud.seatunnel import SeaTunnel
from zilliz_jobs.cloud.session import CloudSession, fingerprint
from zilliz_jobs.control.objects import Body, Key
from zilliz_jobs.core.observation import Blocked
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.kinds.clocks import CloudClocks
from zilliz_jobs.kinds.workeraccess import VtsSettings, WorkerAccess
from zilliz_jobs.kube.secrets import Secrets
from zilliz_jobs.kube.workers import Workers
from zilliz_jobs.telemetry.concealed import CONCEALED

SECRET_SECONDS = 30.0
SUSPECT_SECONDS = 30.0
CHECKS = 3  # tries of one check, where the key is rotated during it
PARTING_SECONDS = 900.0  # longer than the deletion of an object may take for its cancel or clean-up

NOT_ENCRYPTED = (
    "the endpoint must be an https URL, else the key travels in the clear; for the simulated cloud of "
    "docs/quickstart.md set ZILLIZ_JOBS_ALLOW_HTTP_ENDPOINTS=true for the operator (the chart: "
    "settings.allowHttpEndpoints)"
)
PASSING = frozenset({Reason.CLOUD_UNREACHABLE, Reason.RATE_LIMITED})

log = logging.getLogger(__name__)


class Connections:
    """All connections by key. `wake` is called with the key of a connection that must be checked again. `clock`:
    seconds that never go back. `vts`: how the engine VTS was installed; None: it was not. `seatunnel`: the REST of
    its cluster; closed with the sessions."""

    def __init__(
        self,
        secrets: Secrets,
        *,
        allow_http: bool = False,
        wake: Callable[[Key], None] = lambda _key: None,
        clock: Callable[[], float] = time.monotonic,
        make_session: Callable[..., CloudSession] = CloudSession,
        workers: Workers | None = None,
        vts: VtsSettings | None = None,
        seatunnel: SeaTunnel | None = None,
    ) -> None:
        self.shards: Shards = NO_SHARDS
        """Set where several operators share the objects."""
        self._secrets, self._allow_http, self._wake, self._clock = secrets, allow_http, wake, clock
        self._known: dict[Key, Connection] = {}
        self._sessions = Sessions(clock, make_session)
        self._departed: dict[Key, tuple[float, Connection]] = {}
        self._workers, self._vts = workers, vts
        self.seatunnel = seatunnel
        self._locks: dict[Key, asyncio.Lock] = {}
        self._clocks: dict[Key, CloudClocks] = {}

    def on_upsert(self, key: Key, body: Body) -> Connection:
        """A connection was made or changed. Returns the entry that is known for it: the same as before, where the
        spec did not change."""
        old, elsewhere = self._known.get(key), self.shards.elsewhere(body)
        same = (
            old is not None
            and old.elsewhere == elsewhere
            and old.body["metadata"].get("generation") == body["metadata"].get("generation")
        )
        if old is not None and same and old.body["metadata"].get("uid") == body["metadata"].get("uid"):
            old.body = body
            return old
        connection = Connection(key, body, elsewhere=elsewhere)
        if old is not None and old.uid == connection.uid:
            connection.last_account = old.last_account
        try:
            spec: Any = parse_spec(ZILLIZ_CONNECTION, body)
            connection.spec = spec
        except SpecError as error:
            connection.spec_error = str(error)
        self._known[key] = connection
        return connection

    def forget(self, key: Key, uid: str) -> bool:
        """The connection is gone. False where it was not known, or where another one of that name is known by now."""
        known = self._known.get(key)
        if known is None or known.uid != uid:
            return False
        del self._known[key]
        self._locks.pop(key, None)
        self._clocks.pop(key, None)
        if known.last_account is not None:
            known.account = None
            self._departed[key] = (self._clock(), known)
        return True

    def get(self, key: Key) -> Connection | None:
        """The connection of this name, if it is known."""
        return self._known.get(key)

    def uids(self) -> dict[Key, str]:
        """The uids of all known connections."""
        return {key: one.uid for key, one in self._known.items()}

    def own(self) -> dict[Key, Connection]:
        """Those of this shard. Any thread may ask."""
        return {key: one for key, one in self._known.copy().items() if one.elsewhere is None}

    def readiness(self) -> dict[Key, bool]:
        """Whether each connection that was ever checked can be used. Any thread may ask."""
        return {key: one.problem is None for key, one in self.own().items() if one.is_known}

    def link(self, key: Key, *, parting: bool = False) -> Link:
        """What the decision about a job may know of its connection, also where there is none. `parting`: for an
        object that is being deleted; see `Connection.parting_link`."""
        connection = self._known.get(key)
        if parting and (connection := connection or self._departed.get(key, (0.0, None))[1]):
            return connection.parting_link()
        if connection is None:
            message = f"there is no ZillizConnection {key.name} in namespace {key.namespace}; create it"
            return Link(problem=Blocked(Reason.CONNECTION_NOT_FOUND, message))
        return connection.link()

    async def account(self, key: Key, *, parting: bool = False) -> Account | None:
        """The account of a connection that can be used now, else None. Reads the Secret again where the last read is
        more than `SECRET_SECONDS` ago. `parting`: for an object that is being deleted; then the last account will do.
        Raises nothing of Kubernetes: what cannot be read becomes the connection's problem."""
        connection = self._known.get(key)
        if connection and connection.elsewhere is None and await self._refresh(connection, SECRET_SECONDS):
            self._wake(key)
        if parting and (connection := connection or self._departed.get(key, (0.0, None))[1]):
            return connection.account or connection.last_account
        return connection.account if connection else None

    def usable(self, key: Key) -> Account | None:
        """The account of a connection as last known; its Secret is not read again."""
        connection = self._known.get(key)
        return connection.account if connection else None

    def suspect(self, key: Key) -> bool:
        """The cloud rejected the key in a job's request: have the Secret read and the key checked again, soon.
        Returns whether the key was accepted since an earlier suspicion: then it lacks only a right.

        At most every `SUSPECT_SECONDS`: a good key that has no right on one cluster is rejected there again and
        again.
        """
        connection, now = self._known.get(key), self._clock()
        if connection is None or connection.problem is not None:
            return False
        accepted = connection.checked and not connection.suspected and connection.suspected_at > 0
        if now - connection.suspected_at >= SUSPECT_SECONDS:
            connection.suspected, connection.suspected_at, connection.secret_read = True, now, -1e9
            self._wake(key)
        return accepted

    async def check(self, connection: Connection) -> Blocked | None:
        """Ask the cloud whether it accepts the key and shows it the project (documented: List Projects). Returns the
        problem, None where there is none. May be repeated."""
        for _ in range(CHECKS):
            await self._refresh(connection, 0.0)
            if (asked := connection.account) is None:
                connection.suspected = False
                return connection.problem
            problem = await self._ask(connection, asked) or await self.shards.claim(connection)
            if connection.account is asked:
                break  # else the key was rotated meanwhile, and the answer is about the old one
        good_before = connection.checked and not connection.suspected
        if problem is not None and problem.reason in PASSING and good_before:
            problem = None  # an outage says nothing of a key that was good before
        connection.checked, connection.suspected, connection.problem = problem is None, False, problem
        return problem

    def witness(self, key: Key, sent: datetime, began: datetime) -> None:
        """A job was sent after `sent`, and the cloud says that it began at `began`; see `CloudClocks.witness`. The
        connection need not be known yet."""
        if began < sent:
            self._clocks.setdefault(key, CloudClocks()).witness(sent, began)

    def bodies(self, namespace: str) -> list[Body]:
        """The connections of a namespace as last seen, and those that were deleted a short while ago."""
        known = [*self._known.values(), *(connection for _, connection in self._departed.values())]
        return [connection.body for connection in known if connection.key.namespace == namespace]

    async def close(self) -> None:
        """Close all sessions. For the end of the process."""
        await self._sessions.close()
        if self.seatunnel is not None:
            await self.seatunnel.close()

    # -- parts

    async def _ask(self, connection: Connection, account: Account) -> Blocked | None:
        try:
            projects = await account.session.projects.list()
        except Transient as error:
            return Blocked(error.reason, error.message, error.retry_after or RETRY_SECONDS)
        except CloudError as error:
            return Blocked(error.reason, error.message)
        connection.projects = frozenset(project.project_id for project in projects)
        wanted = connection.spec.project_id if connection.spec else None
        if wanted and wanted not in connection.projects:
            return Blocked(Reason.PROJECT_NOT_VISIBLE, f"the key does not see project {wanted}")
        return None

    async def _refresh(self, connection: Connection, age: float) -> bool:
        """Read the Secret if that was `age` seconds ago, and make the session that fits it; a problem is kept in the
        connection. Whether there is something new to check."""
        async with self._locks.setdefault(connection.key, asyncio.Lock()):
            if self._clock() - connection.secret_read < age:
                return False  # somebody else did it while we waited
            before, known = connection.fingerprint, connection.problem
            problem = await self._read_key(connection)
            await self._close_unused()
            if problem is None:
                if before in ("", connection.fingerprint):
                    return False
                log.info("%s has a new key", connection.key)
                connection.projects = frozenset()
                connection.checked = False
                return True
            # Not at every call again: the accounts of 200 jobs would read a missing Secret 200 times.
            connection.secret_read = self._clock() - max(0.0, SECRET_SECONDS - RETRY_SECONDS)
            if problem.reason is Reason.KUBERNETES_UNAVAILABLE and connection.account is not None:
                return False  # Kubernetes is out of reach; the key in memory goes on
            connection.account, connection.problem = None, problem
            return problem != known

    async def _close_unused(self) -> None:
        """Close the sessions that no connection uses any more, after their last requests must have ended."""
        now = self._clock()
        for key, (since, _) in list(self._departed.items()):
            if now - since > PARTING_SECONDS:
                del self._departed[key]
        holders = [*self._known.values(), *(connection for _, connection in self._departed.values())]
        used = [c.last_account.session for c in holders if c.last_account]
        await self._sessions.close_unused(used)

    async def _read_key(self, connection: Connection) -> Blocked | None:
        spec = connection.spec
        if spec is None:
            return Blocked(Reason.INVALID_SPEC, connection.spec_error)
        try:
            endpoint = endpoint_of(spec.cloud, spec.endpoint)
        except BadEndpoint as error:
            return Blocked(Reason.INSECURE_ENDPOINT, str(error))
        if not is_encrypted(endpoint) and not self._allow_http:
            return Blocked(Reason.INSECURE_ENDPOINT, NOT_ENCRYPTED)
        ref = spec.credentials_secret_ref
        secret, problem = await read_labelled(self._secrets, connection.key.namespace, ref.name)
        if secret is None:
            return problem
        connection.secret_read = self._clock()
        try:
            key = (secret.text(ref.key) or "").strip()
        except ValueError as error:
            return Blocked(Reason.SECRET_KEY_MISSING, str(error))
        if not key:
            return Blocked(
                Reason.SECRET_KEY_MISSING, f"Secret {ref.name} has no key {ref.key}; put the API key there"
            )
        CONCEALED.conceal(key, namespace=connection.key.namespace)
        CONCEALED.uses(connection.key.namespace, fingerprint(key))
        try:
            session = self._sessions.session(spec, endpoint, key, rates=self._rates(endpoint, fingerprint(key)))
        except Unauthorised as error:
            return Blocked(Reason.KEY_REJECTED, error.message)
        clocks = self._clocks.setdefault(connection.key, CloudClocks())
        account = Account(session, spec.import_api, spec.project_id or "", clocks, self._access(connection, key))
        connection.account = connection.last_account = account
        connection.fingerprint = fingerprint(key)
        return None

    def _access(self, connection: Connection, key: str) -> WorkerAccess | None:
        if self._workers is None or self._vts is None:
            return None
        return WorkerAccess(self._workers, connection.key.namespace, self._vts, key, self.seatunnel)

    def _rates(self, endpoint: str, print_: str) -> list[int]:
        sharers = [c for c in self._known.values() if c.fingerprint == print_ and c.endpoint == endpoint]
        return [c.spec.requests_per_second for c in sharers if c.spec]
