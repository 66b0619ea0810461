"""How long to wait: pure functions of counts, ages and an object's own jitter (0..1). All in seconds."""

from __future__ import annotations

from zilliz_jobs.api.jobspec import RetryPolicy

DEFAULT_BACKOFF = 30
DEFAULT_MAX_BACKOFF = 1800


def exponential(count: int, *, base: float, cap: float, jitter: float) -> float:
    """base, 2 base, 4 base, ... up to cap, then spread over the upper half of that."""
    full = min(cap, base * 2.0 ** min(count, 32))
    return full * (0.5 + jitter / 2)


def before_attempt(automatic: int, policy: RetryPolicy, jitter: float) -> float:
    """The wait before automatic retry number `automatic` (from 1)."""
    return exponential(
        automatic - 1,
        base=policy.backoff_seconds or DEFAULT_BACKOFF,
        cap=policy.max_backoff_seconds or DEFAULT_MAX_BACKOFF,
        jitter=jitter,
    )


def poll_interval(distance: float, *, least: float, most: float, jitter: float) -> float:
    """What began lately, or ends soon, is looked at often, all else seldom: a tenth of the distance to the nearer of
    the two, within bounds."""
    return min(most, max(least, distance / 10)) * (0.9 + jitter / 5)
