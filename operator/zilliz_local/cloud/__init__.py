"""A Zilliz Cloud simulator: v1, v2 and a console API over one table of jobs, on a clock that can be sped up.

For the quick start (`python -m zilliz_local.cloud`) and for tests (`async with CloudSimulator() as cloud`).
README.md beside this file tells everything a user of it needs.
"""

from .behaviour import Behaviour, Duration, Durations, NextJob
from .clock import Clock, ManualClock
from .clusters import Cluster, ClusterFields
from .demo_world import KEY, MOVIES, PROJECT, SHOP, demo_world
from .faults import FaultRule
from .keys import fingerprint
from .ledger import Entry, Ledger
from .objects import StoredObject
from .simulator import CloudSimulator
from .timeline import JobView
from .world import Project, World

__all__ = [
    "KEY",
    "MOVIES",
    "PROJECT",
    "SHOP",
    "Behaviour",
    "Clock",
    "CloudSimulator",
    "Cluster",
    "ClusterFields",
    "Duration",
    "Durations",
    "Entry",
    "FaultRule",
    "JobView",
    "Ledger",
    "ManualClock",
    "NextJob",
    "Project",
    "StoredObject",
    "World",
    "demo_world",
    "fingerprint",
]
