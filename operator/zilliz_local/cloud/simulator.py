"""`CloudSimulator`: the cloud in one `async with`, and the same operations as plain methods.

    async with CloudSimulator(clock=ManualClock()) as cloud:
        ...                       # point a client at cloud.url
        cloud.advance(30)         # half a minute goes by at once
        assert len(cloud.ledger.effects(kind="submit")) == 1
"""

from types import TracebackType
from typing import Self

from aiohttp import web

from .admin.happenings import act_as
from .backups import Backup
from .behaviour import Behaviour, Durations, NextJob
from .clock import Clock
from .clusters import Cluster, ClusterFields
from .demo_world import KEY, demo_world
from .faults import Action, FaultBook, FaultRule
from .jobs import Job, JobTable
from .keys import KeyRing
from .ledger import Client, Ledger
from .objects import ObjectStorage
from .rivals import Ambush
from .routes import Call
from .server import Server
from .stats import Stats
from .timeline import JobView, view
from .world import World
