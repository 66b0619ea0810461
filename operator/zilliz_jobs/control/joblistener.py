"""Who wants to know of the job objects subscribes here; the cache and the controller of the jobs tell."""

from __future__ import annotations

from typing import Protocol

from zilliz_jobs.control.objects import Body


class JobListener(Protocol):
    """Hears of every job object of this process. What a subclass leaves out does nothing.

    The calls come from the event loop, in the order in which things happened to one object. `on_seen` may be called
    for an object that `on_gone` was called for: a list that began before may still show it.
    """

    def on_seen(self, body: Body) -> None:
        """An object was made or changed, or is known to exist; also a finished one. Idempotent. Raises nothing."""
        return

    async def on_stored(self, body: Body) -> None:
        """A pass stored the object's status, and this is the object since. Idempotent. Raises nothing."""
        return

    def on_gone(self, uid: str) -> None:
        """The object is gone. Idempotent. Raises nothing."""
        return


class JobListeners(JobListener):
    """All that subscribed, in that order; each is told only what it has a method of its own for."""

    def __init__(self) -> None:
        self._on_seen: list[JobListener] = []
        self._on_stored: list[JobListener] = []
        self._on_gone: list[JobListener] = []

    def subscribe(self, *listeners: JobListener) -> None:
        """From now on these are told."""
        self._on_seen += (one for one in listeners if type(one).on_seen is not JobListener.on_seen)
        self._on_stored += (one for one in listeners if type(one).on_stored is not JobListener.on_stored)
        self._on_gone += (one for one in listeners if type(one).on_gone is not JobListener.on_gone)

    def on_seen(self, body: Body) -> None:
        for listener in self._on_seen:
            listener.on_seen(body)

    async def on_stored(self, body: Body) -> None:
        for listener in self._on_stored:
            await listener.on_stored(body)

    def on_gone(self, uid: str) -> None:
        for listener in self._on_gone:
            listener.on_gone(uid)
