"""The interface of a controller, as the dispatcher, the sweep and the watches use it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

from zilliz_jobs.api.resource import Resource
from zilliz_jobs.control.objects import Body, Key

LATEST_SECONDS = 600.0
"""At the latest, until the next pass over an object that waits for a change: the event of that may get lost."""


class Controller(ABC):
    """Knows the objects of some kinds and reconciles them, each by one worker at a time.

    It puts keys into the work queue itself. A pass that raises is repeated by the dispatcher with back-off.
    """

    resources: Mapping[str, Resource]
    """The kinds whose objects it reconciles, by name."""

    @abstractmethod
    def on_upsert(self, key: Key, body: Body, *, certain: bool = False) -> None:
        """An object was made, changed, or seen for the first time. Idempotent. `certain`: it was just read from the
        API server, so it counts whatever its version."""

    @abstractmethod
    def on_delete(self, key: Key, body: Body) -> None:
        """An object is gone. Another object of the same name stays if it is known already. Idempotent."""

    def on_left(self, key: Key, body: Body) -> None:
        """An object is of another shard by now: it is known no more, and nothing of it was deleted. Idempotent."""
        self.on_delete(key, body)

    @abstractmethod
    async def reconcile(self, key: Key) -> None:
        """One pass over one object; it may be repeated at any time. Raises NotFound where the object is gone,
        Conflict where it changed meanwhile, KubeError where the API server cannot be asked."""

    @abstractmethod
    def wake_all(self) -> None:
        """Put the keys of all unfinished objects into the queue: something changed that any of them may wait for."""

    def distrust(self) -> None:  # noqa: B027 - most keep no versions
        """The history of the cluster went back: no known version counts, and all is listed anew. Idempotent."""

    def rest(self) -> None:  # noqa: B027 - most have nothing that goes on by itself
        """Stop polling, and forget news that is not reconciled yet: another process works, until `wake_all`."""

    @abstractmethod
    def uid(self, key: Key) -> str | None:
        """The uid of the object of this name; None where no such object is known."""

    def version(self, key: Key) -> tuple[str, int]:
        """The uid and the newest known version (metadata.resourceVersion) of the object of this name; 0 where the
        controller keeps no versions."""
        return "", 0

    @abstractmethod
    def unfinished(self) -> Iterable[Key]:
        """Every object that needs another pass. Each must be in the queue, with a worker, or polled."""

    def is_polled(self, key: Key) -> bool:
        """Whether the poll plan has a time for it, so that it need not be in the queue."""
        return False

    @abstractmethod
    def known(self, kind: str) -> Mapping[Key, str]:
        """The uids of all objects of the kind that are known, by name."""

    def body(self, key: Key) -> Body | None:
        """The object as last seen; None where the controller does not keep it."""
        return None
