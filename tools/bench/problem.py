"""Why a measurement cannot be finished, in a sentence."""

from __future__ import annotations

from collections.abc import Iterator


class Problem(Exception):  # noqa: N818 - the base of what ends the bench with a message
    """What a person who runs the bench should read, without a trace of the stack."""


class LateError(Problem):
    """Something did not happen in time."""


def causes(error: BaseException) -> Iterator[BaseException]:
    """What is in a group of errors, however deep."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from causes(inner)
    else:
        yield error
