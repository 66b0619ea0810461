"""What the engine asks of a controller."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

from zilliz_jobs.api.resource import Resource
from zilliz_jobs.control.objects import Body, Key

LATEST_SECONDS = 600.0
"""Until the next pass over an object that waits for a change: nothing relies on its being told of."""


class Controller(ABC):
    """Knows the objects of some kinds and reconciles them, each by one worker at a time.

    It puts keys into the engine's queue itself; what a pass could not do, the engine repeats with back-off.
    """

    resources: Mapping[str, Resource]
    """By kind: whose objects it reconciles."""

    @abstractmethod
    def on_upsert(self, key: Key, body: Body, *, certain: bool = False) -> None:
        """An object was made, changed, or seen for the first time. `certain`: it was read from the API server this
        moment, so it counts whatever its version."""

    @abstractmethod
    def on_delete(self, key: Key, body: Body) -> None:
        """An object is gone. Its successor of the same name, if that was told of first, stays."""

    @abstractmethod
    async def reconcile(self, key: Key) -> None:
        """One pass. Raises NotFound where the object is gone, Conflict where it changed meanwhile, KubeError."""

    @abstractmethod
    def wake_all(self) -> None:
        """Something changed that any object may wait for."""

    def rest(self) -> None:  # noqa: B027 - most have nothing that goes on by itself
        """Stop looking at anything, and forget what was seen of it: another process works, until `wake_all`."""

    @abstractmethod
    def uid(self, key: Key) -> str | None:
        """The uid of the object of this name, as far as is known."""

    def version(self, key: Key) -> tuple[str, int]:
        """The uid and the newest version that is known of the object of this name; 0 where none is kept."""
        return "", 0

    @abstractmethod
    def unfinished(self) -> Iterable[Key]:
        """Every object that must be looked at again: each is in the queue, at work, or polled."""

    def is_polled(self, key: Key) -> bool:
        """Whether something else than the queue looks at it in its time."""
        return False

    @abstractmethod
    def known(self, kind: str) -> Mapping[Key, str]:
        """The uids of all objects of the kind that are known, by name."""

    def body(self, key: Key) -> Body | None:
        """The object as last seen, where it is kept."""
        return None
