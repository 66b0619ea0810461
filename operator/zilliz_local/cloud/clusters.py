"""Clusters as records, with the collections they hold and the change they may be in."""

from dataclasses import dataclass, field

from pydantic import Field

from .answers import missing_collection, wrong_state
from .camel import Camel

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
    """A suspend, resume or scaling under way: the status while it lasts, and what holds afterwards."""

    status: str
    ends_at: float
    then_status: str
    cu_size: int | None = None
    replica: int | None = None


@dataclass(slots=True)
class Cluster:
    """One cluster. Read its status through `at(now)`, which lets a finished change take effect."""

    cluster_id: str
    created_at: float
    fields: ClusterFields
    change: Change | None = None
    autoscaling: dict[str, object] = field(default_factory=dict)

    def at(self, now: float) -> "Cluster":
        """This cluster, with every change that is over by `now` carried out."""
        change = self.change
        if change is not None and now >= change.ends_at:
            self.fields = self.fields.model_copy(
                update={
                    "status": change.then_status,
                    "cu_size": change.cu_size or self.fields.cu_size,
                    "replica": change.replica or self.fields.replica,
                }
            )
            self.change = None
        return self

    @property
    def status(self) -> str:
        """The status word of the describe answer."""
        return self.change.status if self.change else self.fields.status

    @property
    def name(self) -> str:
        """Display name."""
        return self.fields.cluster_name or self.cluster_id

    @property
    def connect_address(self) -> str:
        """Documented shape; clients take it from describe and never build it."""
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

    def put_collection(self, db_name: str, collection: str) -> None:
        """Make a collection exist."""
        names = self.fields.collections.get(db_name, [])
        if collection not in names:
            self._set_collections({**self.fields.collections, db_name: [*names, collection]})

    def drop_collection(self, db_name: str, collection: str) -> None:
        """Make a collection not exist."""
        names = [name for name in self.fields.collections.get(db_name, []) if name != collection]
        self._set_collections({**self.fields.collections, db_name: names})

    def _set_collections(self, collections: dict[str, list[str]]) -> None:
        self.fields = self.fields.model_copy(update={"collections": collections})
