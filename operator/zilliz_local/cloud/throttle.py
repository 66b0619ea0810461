"""The rate limit: a token bucket per key and endpoint, in real time whatever the simulated clock does."""

from dataclasses import dataclass


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class Throttle:
    """Up to `rate` requests a second for each (key fingerprint, endpoint), with a burst of one second."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def admit(self, fingerprint: str, endpoint: str, *, rate: float, now: float) -> bool:
        """Take one token if there is one. `now` is real, in seconds; a `rate` of 0 admits everything."""
        if rate <= 0:
            return True
        burst = max(rate, 1.0)
        bucket = self._buckets.setdefault((fingerprint, endpoint), _Bucket(burst, now))
        bucket.tokens = min(burst, bucket.tokens + (now - bucket.filled_at) * rate)
        bucket.filled_at = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    def clear(self) -> None:
        """Fill every bucket."""
        self._buckets.clear()
