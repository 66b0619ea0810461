"""What the objects say, and what they said before: `Track` is one object's history, `Watch` reads them all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kube.objects import Objects

# While it is Pending, a job's reason is news only where it says what the job waits for.
_DULL = frozenset(
    {"", Reason.WAITING, Reason.SUBMISSION_IN_PROGRESS, Reason.SUBMITTING, Reason.SUBMITTED}
    | {Reason.PENDING, Reason.ADOPTED}
)


PAGES = frozenset({"zillizconnection", "jobcenter", "jobschedule"})
"""Kinds that are no jobs: they are Ready, or say why not."""


@dataclass(frozen=True)
class Track:
    """One object as it was last seen, and the words that it said until then."""

    object: str
    state: str = ""
    message: str = ""
    reason: str = ""
    target: str = ""
    job_id: str = ""
    backup_id: str = ""
    credentials: str = ""  # what became of those that the cloud tells once, in a sentence
    progress: int | None = None
    attempts: int = 0
    finished: bool = False
    words: tuple[str, ...] = ()
    tokens: tuple[tuple[int, str], ...] = ()  # attempt and the token of its submission
    current: tuple[tuple[str, str], ...] = ()

    @property
    def kind(self) -> str:
        return self.object.partition("/")[0]

    @property
    def tellers(self) -> dict[str, str]:
        """The word now, of the state and of each request."""
        return dict(self.current)

    @property
    def word(self) -> str:
        """What it says now."""
        return self.tellers.get("state", "")


def follow(track: Track, body: dict[str, Any]) -> Track:
    """The track after one more look. Pure."""
    status = body.get("status") or {}
    now = _says(track.kind, status)
    if track.state == "Pending" and status.get("reason") == Reason.SUBMISSION_IN_PROGRESS:
        now = [(teller, word) for teller, word in now if teller != "state"]  # in line for what it waits for anyway
    words = track.words + tuple(word for teller, word in now if track.tellers.get(teller) != word)
    attempts = status.get("attempts") or []
    submission = status.get("submission") or {}
    tokens = dict(track.tokens)
    if submission.get("token"):
        tokens[submission.get("attempt", 1)] = submission["token"]
    ready = _condition(status, "Ready")
    is_page = track.kind in PAGES
    state, reason = ("", "") if is_page else (status.get("state") or "", status.get("reason") or "")
    if is_page and ready:
        is_ready = ready.get("status") == "True"
        state, reason = ("Ready", "") if is_ready else ("NotReady", ready.get("reason") or "")
    return replace(
        track,
        state=state,
        reason=reason,
        message=status.get("message") or ready.get("message") or "",
        target=status.get("target") or status.get("endpoint") or status.get("projectId") or "",
        job_id=status.get("jobId") or "",
        backup_id=(status.get("result") or {}).get("backupId") or "",
        credentials=_told(status, "CredentialsAvailable").get("message") or "",
        progress=status.get("progressPercent"),
        attempts=max([entry.get("number", 1) for entry in attempts], default=1 if status.get("state") else 0),
        finished=bool(status.get("completionTime")),
        words=words,
        tokens=tuple(sorted(tokens.items())),
        current=tuple((track.tellers | dict(now)).items()),
    )


def _says(kind: str, status: dict[str, Any]) -> list[tuple[str, str]]:
    """Who tells what: the requests first, since an end is their consequence; the credentials before the job ends."""
    said = [
        (request, f"{request} {answer['outcome']}")
        for request in ("cancel", "retry")
        if (answer := status.get(request)) and answer.get("outcome")
    ]
    if credentials := _told(status, "CredentialsAvailable"):
        said.append(("credentials", str(credentials.get("reason") or "")))
    if kind in PAGES:
        ready = _condition(status, "Ready")
        word = "Ready" if ready.get("status") == "True" else str(ready.get("reason") or "")
        if word == "Ready" and (last := _told(status, "LastRunSucceeded")):
            word = str(last.get("reason") or "")
    else:
        word, reason = str(status.get("state") or ""), str(status.get("reason") or "")
        if word == "Pending" and reason not in _DULL:
            word = reason
        if reason == Reason.ALREADY_IN_STATE:
            word = reason
    return [*said, ("state", word)] if word else said


def _condition(status: dict[str, Any], name: str) -> dict[str, Any]:
    return next((c for c in status.get("conditions") or [] if c.get("type") == name), {})


def _told(status: dict[str, Any], name: str) -> dict[str, Any]:
    """The condition once it says yes or no; empty before."""
    condition = _condition(status, name)
    return {} if condition.get("status") == "Unknown" else condition


class Watch:
    """Reads the named objects of one namespace by listing their kinds, which is cheap at this size."""

    def __init__(self, objects: Objects, namespace: str, names: Iterable[str]) -> None:
        self._objects, self._namespace = objects, namespace
        self._names = tuple(names)
        self._called: dict[str, str] = {}
        self._tracks: dict[str, Track] = {}

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The objects that exist, in the order of the story."""
        return tuple(self._tracks[name] for name in self._names if name in self._tracks)

    def called(self, name: str) -> str:
        """How the object is called that the story has this name for."""
        return self._called.get(name, name)

    def call(self, name: str, real: str) -> None:
        """From now on the object of this name in the story is known by its own one."""
        self._called[name] = real
        self._names = tuple(map(self.called, self._names))

    def get(self, name: str) -> Track:
        real = self.called(name)
        return self._tracks.get(real, Track(real))

    async def look(self) -> None:
        """Read them once. Raises KubeError."""
        for resource in RESOURCES:
            async for body in self._objects.list_all(resource, self._namespace):
                name = f"{resource.singular}/{body['metadata']['name']}"
                if name in self._names:
                    self._tracks[name] = follow(self.get(name), body)
