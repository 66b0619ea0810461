"""What the cause of an alert gets to work with."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from tests.node.stage import Chart
from tests.support.cloud import Cloud, movies
from tests.support.user import User


@dataclass
class Stage:
    """A user and a cloud of its own, for one alert."""

    chart: Chart
    cloud: Cloud
    user: User
    names: dict[str, str] = field(default_factory=dict)
    """What stands for the `<name>`s of a runbook."""
    labels: dict[str, str] = field(default_factory=dict)
    """Those of the alert that its cause makes, so that it is not taken for one of another cause."""

    def many(self, count: int, pause: float = 0.0) -> None:
        """So many backups, with `pause` seconds between two. Each is of a cluster of its own, as those of one cluster
        are begun one after another."""
        for number in range(count):
            cluster = f"in01-{number:014}"
            self.cloud.ask(lambda sim, cluster=cluster: sim.world.put_cluster(cluster, movies()))  # type: ignore[misc]
            self.user.backup(self.cloud, f"many-{number}", clusterId=cluster)
            time.sleep(pause)


Trouble = Callable[[Stage], AbstractContextManager[None]]
"""A block: the cause comes before it, and what of the cure is not in the commands of the runbook after it."""
