"""The world: everything the simulated cloud knows, on one clock.

Nothing here ticks. Jobs are read by `timeline.view`; what must happen at a later moment (a delayed effect,
copy jobs after a backup) waits in `later` or `whenever` and is carried out by `catch_up`, which every
request and every look from outside calls first. Nobody can tell the difference.
"""

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Literal

from .backups import Backup
from .behaviour import Behaviour, Durations, NextJob
from .clock import Clock
from .clusters import Cluster, ClusterFields
from .exports import Export
from .faults import FaultBook
from .jobs import STATUSES, SUCCESSFUL, Forced, Job, JobTable, Plan
from .keys import KeyRing
from .ledger import Client, Entry, Ledger
from .objects import FilePart, ObjectStorage
from .rivals import Rivals
from .stats import Stats
from .throttle import Throttle
from .timeline import plan_import, view

_ID_ALPHABET = string.digits + string.ascii_lowercase


@dataclass(frozen=True, slots=True)
class Project:
    """One project of the organisation."""

    project_id: str
    name: str
    region_ids: tuple[str, ...] = ("aws-us-west-2",)
    plan: str = "Enterprise"


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume of a project; what is in it stands in the object storage."""

    name: str
    project_id: str
    region_id: str
    type: str = "MANAGED"
    description: str = ""
    storage_integration_id: str = ""
    path: str = ""
    created_at: float = 0.0


class World:
    """State of one simulated organisation. `populate` fills it at the start and after `reset`."""

    def __init__(
        self, populate: Callable[["World"], None], *, clock: Clock | None = None, seed: int | None = 1
    ) -> None:
        self.clock = clock or Clock()
        self._populate = populate
        self._seed = seed
        self.drop_connections: Callable[[], object] = lambda: None
        """Set by the server: closes every open connection, once the present answer is out."""
        self.reset()

    def reset(self) -> None:
        """Back to the beginning, but for the clock, which never goes back."""
        self.chance = Random(self._seed)
        self._ids = Random(self._seed)  # apart, so that more requests do not change what chance decides
        self.behaviour = Behaviour()
        self.durations = Durations()
        self.keys = KeyRing()
        self.projects: dict[str, Project] = {}
        self.volumes: dict[str, Volume] = {}
        self.clusters: dict[str, Cluster] = {}
        self.jobs = JobTable()
        self.backups: dict[str, Backup] = {}
        self.exports: list[Export] = []
        self.objects = ObjectStorage()
        self.ledger = Ledger()
        self.faults = FaultBook(self.chance)
        self.rivals = Rivals()
        self.stats = Stats()
        self.throttle = Throttle()
        self.remembered_answers: dict[tuple[str, ...], tuple[float, object]] = {}
        self._next_jobs: list[NextJob] = []
        self._later: list[tuple[Callable[[], float], float, Callable[[float], None]]] = []
        self._whenever: list[Callable[[float], bool]] = []
        self._populate(self)

    # --- time

    @property
    def now(self) -> float:
        """Simulated seconds since the world began."""
        return self.clock.now()

    def later(self, time: Callable[[], float], due: float, act: Callable[[float], None]) -> None:
        """Carry out `act(due)` once `time()` has reached `due`."""
        self._later.append((time, due, act))

    def whenever(self, attempt: Callable[[float], bool]) -> None:
        """Try `attempt(now)` whenever the world is looked at, until it says True (done)."""
        self._whenever.append(attempt)

    def catch_up(self) -> None:
        """Carry out what has become due."""
        due = [item for item in self._later if item[0]() >= item[1]]
        if due:
            self._later = [item for item in self._later if item not in due]
            for _, moment, act in sorted(due, key=lambda item: item[1]):
                act(moment)
        if self._whenever:
            attempts, self._whenever = self._whenever, []
            now = self.now
            self._whenever += [attempt for attempt in attempts if not attempt(now)]

    # --- making things

    def new_id(self, prefix: str, length: int) -> str:
        """An id of the documented shape: prefix and lower-case base 36."""
        return prefix + "".join(self._ids.choices(_ID_ALPHABET, k=length))

    def new_job_id(self) -> str:
        """`job-` and 22 characters, as in the documented examples."""
        return self.new_id("job-", 22)

    def put_cluster(self, cluster_id: str, fields: ClusterFields) -> Cluster:
        """Create a cluster, or set its fields (a change under way is over then; collections keep their content)."""
        old = self.clusters.get(cluster_id)
        project_id = fields.project_id or next(iter(self.projects), "")
        fields = fields.model_copy(update={"project_id": project_id})
        cluster = Cluster(cluster_id, old.created_at if old else self.now, fields)
        if old:
            cluster.details, cluster.arriving = old.details, old.arriving
        self.clusters[cluster_id] = cluster
        return cluster

    def plan(self, job_type: str, begins_at: float, files: tuple[FilePart, ...] = ()) -> Plan:
        """Decide how a new job of this type will go: durations, one-time wishes, bad files."""
        wish = self._take_wish(job_type)
        usual = self.durations.of(job_type)
        rows = sum(part.rows for part in files)
        pending = usual.pending_seconds if wish.pending_seconds is None else wish.pending_seconds
        run = usual.run_seconds + usual.seconds_per_million_rows * rows / 1_000_000
        run = run if wish.run_seconds is None else wish.run_seconds
        if "PENDING" in self.behaviour.skip_states:
            pending = 0
        if "IN_PROGRESS" in self.behaviour.skip_states:
            pending, run = (pending + run if pending else 0), 0
        if wish.failure:
            return Plan(begins_at, pending, run, wish.failure, 0.5)
        return plan_import(begins_at, pending, run, files)

    def next_job(self, wish: NextJob) -> None:
        """Make the next job(s) of a type special."""
        self._next_jobs.append(wish)

    def _take_wish(self, job_type: str) -> NextJob:
        for index, wish in enumerate(self._next_jobs):
            if wish.type == job_type:
                if wish.times == 1:
                    del self._next_jobs[index]
                else:
                    self._next_jobs[index] = wish.model_copy(update={"times": wish.times - 1})
                return wish
        return NextJob(type=job_type)

    # --- interfering

    def job(self, job_id: str) -> Job:
        """The job with this id; KeyError if there is none."""
        job = self.jobs.get(job_id)
        if job is None:
            raise KeyError(job_id)
        return job

    def force(self, job_id: str, status: str | None, *, reason: str = "", progress: int | None = None) -> None:
        """Impose a state on a job until the next call; `status` None lets it go its own way again."""
        job = self.job(job_id)
        if status is None:
            job.forced = None
            return
        if status not in STATUSES:
            raise ValueError(f"cannot force the job {job_id}: {status} is not one of {sorted(STATUSES)}")
        fraction = view(job, self.now).fraction if progress is None else progress / 100
        job.forced = Forced(self.now, status, 1.0 if status == SUCCESSFUL else fraction, reason)

    # --- what happened

    def record(
        self,
        event: Literal["request", "effect"],
        kind: str,
        route: str,
        endpoint: str,
        *,
        token: str,
        key: str,
        client: Client,
        target: Mapping[str, str],
        job_id: str = "",
        at: float | None = None,
    ) -> Entry:
        """Write a line into the ledger, about this moment or an earlier one."""
        known = {name: value for name, value in target.items() if value}
        stamp = self.clock.stamp(self.now if at is None else at)
        return self.ledger.append(
            Entry(self.ledger.next_seq, stamp, event, kind, route, endpoint, token, key, client, known, job_id)
        )
