"""Counts of API requests by verb and resource, for tests and benchmarks that care how often an operator asks."""

from collections import Counter
from fnmatch import fnmatchcase

from zilliz_local.kube.record import Body


class Stats:
    """`watches` is the number open now; the rest counts since the start or the last reset."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str]] = Counter()
        self.watches = 0

    def add(self, verb: str, resource: str) -> None:
        self._requests[verb, resource] += 1

    def count(self, verb: str = "*", resource: str = "*") -> int:
        """Requests whose verb and resource (`backups.jobs.zilliz.com/status`) match the globs."""
        return sum(
            count
            for (one, name), count in self._requests.items()
            if fnmatchcase(one, verb) and fnmatchcase(name, resource)
        )

    def reset(self) -> None:
        self._requests.clear()

    def report(self) -> Body:
        requests: dict[str, dict[str, int]] = {}
        for (verb, resource), count in sorted(self._requests.items()):
            requests.setdefault(verb, {})[resource] = count
        return {"requests": requests, "watches": self.watches}
