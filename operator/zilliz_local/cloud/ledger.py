"""The ledger: every request that tried to change something, and every effect it had.

This is what tests compare an operator's claims with: "never two submissions for one attempt" means that no
token has more than one effect here, whatever was dropped, delayed or repeated on the way.
"""

from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

Client = Literal["api", "console", "rival", "autoscaler"]

STARTS_WORK = frozenset({"submit", "retry", "suspend", "resume", "modify", "create"})


@dataclass(slots=True)
class Entry:
    """One line. `event` "request" is an attempt, "effect" something that really happened."""

    seq: int
    time: str
    event: Literal["request", "effect"]
    kind: str
    """submit, copy, cancel, retry, delete, suspend, resume, modify; on the data plane create, drop, load, write."""
    route: str
    endpoint: str
    token: str
    """The `Idempotency-Key` header, "" if there was none."""
    key: str
    """Fingerprint of the API key."""
    client: Client
    target: dict[str, str] = field(default_factory=dict)
    """clusterId, collection, backupId, ...: what is known."""
    job_id: str = ""
    outcome: str = ""
    """Requests only: what the client got: a code ("0", "40003"), "HTTP 429", "dropped", "replayed"."""

    def wire(self) -> dict[str, object]:
        """The JSON form."""
        return {
            "seq": self.seq,
            "time": self.time,
            "event": self.event,
            "kind": self.kind,
            "route": self.route,
            "endpoint": self.endpoint,
            "token": self.token,
            "key": self.key,
            "client": self.client,
            "target": self.target,
            "jobId": self.job_id,
            "outcome": self.outcome,
        }


class Ledger:
    """Append-only."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def append(self, entry: Entry) -> Entry:
        """Add a line; `seq` must come from `next_seq`."""
        self.entries.append(entry)
        return entry

    @property
    def next_seq(self) -> int:
        """Number of the next line."""
        return len(self.entries) + 1

    def effects(
        self,
        *,
        kind: str | None = None,
        token: str | None = None,
        client: Client | None = None,
        route: str | None = None,
    ) -> list[Entry]:
        """What really happened, in order, narrowed by kind, token, client or route name (a glob)."""
        return self._select("effect", kind, token, client, route)

    def requests(
        self,
        *,
        kind: str | None = None,
        token: str | None = None,
        client: Client | None = None,
        route: str | None = None,
    ) -> list[Entry]:
        """What was tried, in order."""
        return self._select("request", kind, token, client, route)

    def effects_per_token(self) -> Counter[str]:
        """How much each token started: submissions, retries, cluster changes, created collections (not
        copies, cancels, deletes, loads, writes)."""
        return Counter(
            entry.token
            for entry in self.entries
            if entry.event == "effect" and entry.kind in STARTS_WORK and entry.token
        )

    def wire(self) -> dict[str, object]:
        """The JSON form."""
        return {
            "entries": [entry.wire() for entry in self.entries],
            "effectsPerToken": dict(self.effects_per_token()),
        }

    def _select(
        self, event: str, kind: str | None, token: str | None, client: Client | None, route: str | None
    ) -> list[Entry]:
        return [
            entry
            for entry in self.entries
            if entry.event == event
            and (kind is None or entry.kind == kind)
            and (token is None or entry.token == token)
            and (client is None or entry.client == client)
            and (route is None or fnmatchcase(entry.route, route))
        ]
