"""Clusters as records, with the collections they hold and the job that may be changing them."""

from dataclasses import dataclass, field

from pydantic import Field

from .answers import missing_collection, wrong_state
from .camel import Camel
from .contents import Collection, Contents
from .jobs import FAILED, PENDING, SUCCESSFUL, Job
from .timeline import view

DEFAULT_DB = "default"


class ClusterFields(Camel):
    """What can be said about a cluster from outside (PUT /_sim/clusters/{id}); everything has a default."""

    cluster_name: str = ""
    project_id: str = ""
    description: str = ""
    region_id: str = "aws-us-west-2"
    cu_type: str = "Performance-optimized"
    plan: str = "Enterprise"
    deployment_option: str = "Dedicated"
    status: str = "RUNNING"
    cu_size: int = 1
    replica: int = 1
    storage_size: int = 0
    collections: dict[str, list[str]] = Field(default_factory=dict)
    """Collection names by database."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a job does to a cluster: the status while it runs, and what holds if it succeeds."""

    job: Job
    status: str
    then_status: str = "RUNNING"
    status_while_pending: str = ""
    status_if_failed: str = ""
    """"": the status before."""
    cu_size: int | None = None
    replica: int | None = None
    autoscaling: dict[str, object] | None = None
    """None: stays as it is."""
    autoscaling_before: dict[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Cluster:
    """One cluster. Read its status through `at(now)`, which lets a finished change take effect."""

    cluster_id: str
    created_at: float
    fields: ClusterFields
    change: Change | None = None
    autoscaling: dict[str, object] = field(default_factory=dict)
    create_progress: int = 100
    labels: dict[str, str] = field(default_factory=dict)
    backup_policy: dict[str, object] = field(default_factory=dict)
    """Empty: automatic backups are off."""
    details: Contents = field(default_factory=dict)
    """What is known about collections beyond their names."""
    arriving: dict[tuple[str, str], Job] = field(default_factory=dict)
    """Names that unfinished jobs will fill."""
    status: str = ""
    """The status word of the describe answer; right after `at(now)`."""

    def __post_init__(self) -> None:
        self.status = self.fields.status

    def begin(self, change: Change, now: float) -> None:
        """Let a job change this cluster. A new autoscaling shows at once; sizes follow when the job succeeds."""
        self.change = change
        if change.autoscaling is not None:
            self.autoscaling = change.autoscaling
        self.at(now)

    def at(self, now: float) -> "Cluster":
        """This cluster as its change has left it by `now`."""
        if self.change is None:
            return self
        seen, change = view(self.change.job, now), self.change
        if not seen.final:
            early = change.status_while_pending if seen.status == PENDING else ""
            self.status = early or change.status
            self.create_progress = seen.progress if change.status_while_pending else 100
            return self
        then: dict[str, object] = {"status": self.fields.status}
        if seen.status == SUCCESSFUL:
            then["status"] = change.then_status
            then["cu_size"] = change.cu_size or self.fields.cu_size
            then["replica"] = change.replica or self.fields.replica
        else:
            self.autoscaling = change.autoscaling_before
            if seen.status == FAILED and change.status_if_failed:
                then["status"] = change.status_if_failed
        self.fields = self.fields.model_copy(update=then)
        self.status, self.change, self.create_progress = self.fields.status, None, 100
        return self

    @property
    def name(self) -> str:
        """Display name."""
        return self.fields.cluster_name or self.cluster_id

    def connect_address(self, origin: str) -> str:
        """Where the data plane is: below the address that the client itself used, or, without one, of the
        documented shape. Clients take it from describe and never build it."""
        if origin:
            return f"{origin}/_data/{self.cluster_id}"
        return f"https://{self.cluster_id}.{self.fields.region_id}.vectordb.zillizcloud.com:19530"

    def require_status(self, wanted: str, action: str) -> None:
        """Raise 40003 unless the cluster is in the wanted state (documented)."""
        if self.status != wanted:
            raise wrong_state(
                f"The cluster {self.cluster_id} is {self.status}: cannot {action} in the current cluster status"
            )

    def require_collection(self, db_name: str, collection: str) -> None:
        """Raise 47005 unless the collection exists."""
        if collection not in self.fields.collections.get(db_name, ()):
            raise missing_collection(db_name, collection)

    def collection(self, db_name: str, name: str) -> Collection | None:
        """The collection, if there is one."""
        if name not in self.fields.collections.get(db_name, ()):
            return None
        return self.details.setdefault((db_name, name), Collection())

    def contents(self) -> Contents:
        """Copies of all collections, for a backup or a migration."""
        found: Contents = {}
        for db_name, names in self.fields.collections.items():
            for name in names:
                held = self.details.get((db_name, name)) or Collection()
                found[db_name, name] = held.copy(loaded=held.loaded)
        return found

    def put_collection(self, db_name: str, collection: str, content: Collection | None = None) -> None:
        """Make a collection exist, with this content or as it is."""
        names = self.fields.collections.get(db_name, [])
        if collection not in names:
            self._set_collections({**self.fields.collections, db_name: [*names, collection]})
        if content is not None:
            self.details[db_name, collection] = content

    def drop_collection(self, db_name: str, collection: str) -> None:
        """Make a collection not exist."""
        self.details.pop((db_name, collection), None)
        names = [name for name in self.fields.collections.get(db_name, []) if name != collection]
        self._set_collections({**self.fields.collections, db_name: names})

    def _set_collections(self, collections: dict[str, list[str]]) -> None:
        self.fields = self.fields.model_copy(update={"collections": collections})
