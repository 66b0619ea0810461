"""What a list and the watch after it report."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from zilliz_jobs.api.resource import Resource
from zilliz_jobs.control.objects import Body


@dataclass(frozen=True)
class Told:
    """An object from a list (`listed`) or from the watch. `gone`: it was deleted."""

    body: Body
    gone: bool = False
    listed: bool = False


@dataclass(frozen=True)
class Listed:
    """A list is complete, and all its objects were given: those with these uids."""

    uids: frozenset[str]


@dataclass(frozen=True)
class Mark:
    """A watch lasted its whole time, and another one follows: it was alive, though it may have reported nothing."""


@dataclass(frozen=True)
class Cut:
    """A watch ended before its time, and another one goes on from its version: the API server may have been down, and
    may have another history now."""


Sign = Told | Listed | Mark | Cut
Open = Callable[[Resource, str | None], AsyncGenerator[Sign, None]]
"""Opens a list, then a watch, for ever, over lost connections. Raises NotServed where the kind is unknown, and any
other exception after which it cannot go on."""
