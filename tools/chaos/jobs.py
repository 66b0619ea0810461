"""The jobs of a run: rows of the table of kinds, each made fit to stand beside the others. Pure.

Jobs that only read a cluster, or add to it, share one with nine others, and so do the imports a collection.
What changes a cluster, or takes a name that cannot be chosen, has one of its own.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tests.support import everykind
from tests.support.everykind import IMPORT_V1, Row

from zilliz_local.cloud import MOVIES, PROJECT, SHOP

Body = dict[str, Any]
SHARED_BY = 10
MOVIES_HOLD = {"default": ["films", "actors", "reviews"]}
SHOP_HOLDS = {"default": ["products"], "archive": ["orders"]}
RESTORE_ALL = Row(
    "restore, all",
    "72-restore-after-backup.yaml",
    "RESTORE",
    spec={"existingCluster": {"clusterId": SHOP}},
)
"""It names no collection: all that the backup holds comes, under the names that it has there."""
EVERY = (*everykind.EVERY, RESTORE_ALL)
CONNECTIONS: dict[str, Body] = {
    "default": {},
    "console": {"consoleApi": {"enabled": True}},
    "import-v1": IMPORT_V1.connection,
}
"""What each has besides the endpoint, the key and the project."""
CAN_ADOPT = ("backup", "import", "import, v1")
ANY_BACKUP = ("backup", "backup, public")
CAN_WAIT = {
    "restore, collection": ("backup",),
    "restore, collection, public": ("backup",),
    "restore, several": ("backup",),
    "restore, all": ("backup",),
    "export": ANY_BACKUP,
    "export, public": ANY_BACKUP,
}
"""Who can wait for the backups of which rows: a restored collection must be in it."""
MANIFESTS: dict[str, Body] = {row.name: row.manifest for row in EVERY}
CAN_END = ("backup", "backup, public")
HOUR = 3600
CHANGES_CLUSTER = ("SuspendClusterJob", "ResumeClusterJob", "ScaleClusterJob", "ScaleReplicasJob")


class Course(StrEnum):
    """What its user does with the job, or the cloud."""

    LEFT = "left alone"
    FAILS = "fails in the cloud"
    RETRIED = "fails, and its user retries it"
    CANCELLED = "cancelled"
    STOPPED = "cancelled by a stranger"
    DELETED = "deleted"


class Origin(StrEnum):
    """How the job comes to be."""

    SUBMITTED = "submitted"
    ADOPTED = "adopted"
    WAITS = "waits for a backup"


@dataclass(frozen=True)
class Planned:
    """`at`: when it is made; `then`: how much later its course is taken, and if `patient` not before the cloud has
    the job. Seconds. `at_row`: requests are made at the job's row in the job centre; `waits_for`: name of a
    BackupJob. `ends`: its backup has an end of its own, which comes within the run; `races`: it is made in the moment
    in which that of the backup comes that it reads."""

    number: int
    row: Row
    course: Course
    at: float
    then: float
    patient: bool = False
    origin: Origin = Origin.SUBMITTED
    at_row: bool = False
    waits_for: str = ""
    ends: bool = False
    races: bool = False

    @property
    def name(self) -> str:
        return f"{re.sub('[^a-z]+', '-', self.row.name)}-{self.number:04d}"

    @property
    def kind(self) -> str:
        return str(MANIFESTS[self.row.name]["kind"])

    @property
    def plural(self) -> str:
        return f"{self.kind.lower()}s"

    @property
    def can_cancel(self) -> bool:
        return self.row.cancel == "Canceled"

    @property
    def alone(self) -> bool:
        """A stranger's job beside ours, of the same sort and time, is what no look-up can tell from it."""
        reads_files = "milvusBackup" in MANIFESTS[self.row.name]["spec"].get("source", {})
        return self.kind in CHANGES_CLUSTER or reads_files or self.origin is Origin.ADOPTED

    @property
    def is_untraceable(self) -> bool:
        """Whether a submission that never arrived looks like one of which nothing can be seen: an export, and what
        migrates into a cluster that exists."""
        return self.kind == "ExportJob" or (
            self.kind == "MigrationJob" and "newCluster" not in MANIFESTS[self.row.name]["spec"]["target"]
        )

    @property
    def goes_by_existence(self) -> bool:
        """Whether a collection is all that is to be seen of a lost submission."""
        return self.kind in ("RestoreJob", "CloneCollectionJob") and not self.row.console

    @property
    def takes_names(self) -> bool:
        """Publicly a migration between clusters renames nothing."""
        return "zillizCluster" in MANIFESTS[self.row.name]["spec"].get("source", {}) and self.row.cancel == "Canceled"

    @property
    def fills_cluster(self) -> bool:
        """Whether it makes collections under names that cannot be chosen, so that no other may make any there."""
        return self.takes_names or self.row is RESTORE_ALL

    @property
    def connection(self) -> str:
        """The connection that fits its row."""
        if self.row.connection:
            return next(name for name, spec in CONNECTIONS.items() if spec == self.row.connection)
        return "console" if self.row.console else "default"

    @property
    def clusters(self) -> tuple[str, str]:
        """In the place of movies and shop."""
        if self.alone:
            return (own := f"in01-own{self.number:04d}"), own
        group = self.number // SHARED_BY
        if self.fills_cluster:
            return f"in01-movies{group:04d}", f"in01-shop{self.number:04d}own"
        return f"in01-movies{group:04d}", f"in01-shop{group:04d}"

    @property
    def stranger(self) -> tuple[str, Body]:
        """The call that starts a job like this one, and its body."""
        spec = MANIFESTS[self.row.name]["spec"]
        if self.kind == "BackupJob":
            return f"/v2/clusters/{self.clusters[0]}/backups/create", {"backupType": "CLUSTER"}
        where = {"clusterId": self.clusters[0], "collectionName": spec["collection"]}
        urls = spec["objectStorage"]["urls"]
        if self.row is IMPORT_V1:
            return "/v1/vector/collections/import", where | {"objectUrl": urls[0]}
        return "/v2/vectordb/jobs/import/create", where | {"dbName": "default", "objectUrls": [[u] for u in urls]}

    def manifest(self, backups: dict[str, str], adopted: str = "") -> Body:
        """`backups`: one that exists, by cluster; `adopted`: the job that the stranger started."""
        text = json.dumps(MANIFESTS[self.row.name]["spec"])
        for known, ours in zip((MOVIES, SHOP), self.clusters, strict=True):
            text = text.replace(known, ours)
        spec: Body = json.loads(text)
        spec.pop("ttlSecondsAfterFinished", None)
        spec["connectionRef"] = {"name": self.connection}
        self._choose_names(spec)
        if adopted:
            spec["adopt"] = {"jobId": adopted}
        if self.waits_for:
            spec["backup"] = {"backupJobRef": {"name": self.waits_for}}
        elif "backup" in spec:
            spec["backup"] = {"clusterId": self.clusters[0], "backupId": backups[self.clusters[0]]}
        if self.course is Course.DELETED and self.can_cancel:
            spec["deletionPolicy"] = "Retain" if self.number % 3 == 0 else "Cancel"
        else:
            spec.pop("deletionPolicy", None)
        if self.ends:
            spec["backupTTLSeconds"] = 2 * HOUR
        if self.course is Course.FAILS and self.kind == "ImportJob":
            spec["retryPolicy"] = {"limit": 1, "backoffSeconds": 1}
        return {
            "apiVersion": "jobs.zilliz.com/v1alpha1",
            "kind": self.kind,
            "metadata": {"name": self.name},
            "spec": spec,
        }

    def own_name(self, nth: int = 0) -> str:
        """Of the collection that it makes; of the nth one (from 0) where it makes several."""
        return f"own_{self.number:04d}" + (f"_{nth}" if nth else "")

    def _choose_names(self, spec: Body) -> None:
        """Whatever must be unique in the cloud."""
        own = self.own_name()
        for place in (spec, spec.get("target") or {}):
            if "newCluster" in place:
                place["newCluster"] = place["newCluster"] | {"name": self.name}
                if "credentialsSecretName" in place["newCluster"]:
                    place["newCluster"]["credentialsSecretName"] = f"{self.name}-login"
        for nth, one in enumerate((spec.get("existingCluster") or {}).get("collections", ())):
            one["destCollection"] = self.own_name(nth)
        if "directory" in spec:
            spec["directory"] = f"backups/{own}/"
        if "destCollection" in spec:
            spec["destCollection"] = own
        if self.kind == "SampleCollectionJob":
            spec["collection"] = own
        if self.kind == "MigrationJob" and spec.get("collections") and not self.takes_names:
            spec["collections"] = [
                {k: v for k, v in one.items() if k != "destDatabase"} | {"destination": own}
                for one in spec["collections"][:1]
            ]


@dataclass(frozen=True)
class Place:
    """A cluster that must be there before."""

    cluster_id: str
    name: str
    status: str
    backed_up: bool

    @property
    def fields(self) -> Body:
        collections = SHOP_HOLDS if self.cluster_id.startswith("in01-shop") else MOVIES_HOLD
        size: Body = {"cuSize": 2, "projectId": PROJECT, "status": self.status, "collections": collections}
        return {"clusterName": self.name} | size


def places(jobs: tuple[Planned, ...]) -> list[Place]:
    found: dict[str, Place] = {}
    for job in jobs:
        status = "STOPPED" if job.row.asleep else "RUNNING"
        for cluster in job.clusters:
            found[cluster] = Place(cluster, cluster.removeprefix("in01-"), status, cluster.startswith("in01-movies"))
    return list(found.values())
