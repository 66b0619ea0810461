"""Migrations with a public call: from backup files of Milvus, and between clusters (the latter two deprecated).

At most ten collections, and a name that exists in the destination stops the submission (both documented for the
console). What arrives is not loaded. Cancelable in the console.
"""

from collections.abc import Sequence

from zilliz_local.cloud.answers import (
    BAD_OBJECT_URL,
    PLAN_ONLY_UP,
    Bare,
    Problem,
    bad_request,
    missing_collection,
)
from zilliz_local.cloud.arrivals import Arrival, let_arrive, require_free
from zilliz_local.cloud.bodies import Body, need, one_of, section, sections, text, whole
from zilliz_local.cloud.clusters import DEFAULT_DB, Cluster
from zilliz_local.cloud.contents import Collection, Contents, Place
from zilliz_local.cloud.jobs import MIGRATION, Job
from zilliz_local.cloud.newclusters import NewCluster, create_cluster, require_new
from zilliz_local.cloud.objects import FilePart, ImportSource
from zilliz_local.cloud.routes import Call, Routes

routes = Routes()

MOST_COLLECTIONS = 10
CU_TYPES = ("Performance-optimized", "Capacity-optimized", "Tiered-storage")
LADDER = {"Free": 0, "Serverless": 1}
DEDICATED = 2


@routes.on("POST", "/v2/migrations/startByRemote", "migration.remote", kind="submit")
def start_by_remote(call: Call) -> object:
    """Migrate the backup files of a Milvus, from object storage or a volume. Missing files fail the job."""
    target = running_target(call)
    source = section(call.given, "source")
    files = call.world.objects.read(
        ImportSource((_url(source),), text(source, "accessKey"), text(source, "secretKey"))
    )
    arrivals = [
        Arrival(db_name or DEFAULT_DB, name, Collection(rows=part.rows, loaded=False))
        for part in files
        if not part.problem
        for db_name, _, name in (held.rpartition(".") for held in part.collections)
    ]
    return {"jobId": migrate(call, target, arrivals, files=files).job_id}


@routes.on("POST", "/v2/migrations/toExisting", "migration.existing", kind="submit")
def to_existing(call: Call) -> object:
    """Migrate collections of a cluster into another one, under their own names."""
    _require_alive(call)
    source, target = source_cluster(call), running_target(call)
    if _rank(target) < _rank(source):
        raise Problem(PLAN_ONLY_UP, "Data cannot be migrated to a lower plan")
    return {"jobId": migrate(call, target, _chosen(call, source), source_cluster_id=source.cluster_id).job_id}


@routes.on("POST", "/v2/migrations/toNewDedicated", "migration.new_dedicated", kind="submit")
def to_new_dedicated(call: Call) -> object:
    """Migrate whole databases of a cluster into a new dedicated one."""
    _require_alive(call)
    data = into_new_cluster(call, cancelable=True)
    return Bare(data) if call.world.behaviour.migrations_without_envelope else data


def into_new_cluster(call: Call, *, cancelable: bool) -> dict[str, object]:
    """Make the cluster and the job, with the chosen databases of the source (all, if none are named)."""
    source = source_cluster(call)
    wanted = new_target(call, source.fields.storage_size)
    names = {
        text(database, "dbName", default=DEFAULT_DB): text(database, "destDbName")
        for database in sections(call.given, "dbCollections")
    }
    for db_name in names:
        if db_name not in source.fields.collections:
            raise bad_request(f"the database {db_name} does not exist in the source")
    arrivals = [
        Arrival(names.get(db_name) or db_name, name, content.copy(loaded=False))
        for (db_name, name), content in source.contents().items()
        if not names or db_name in names
    ]
    return create_cluster(
        call, MIGRATION, wanted, arrivals, status="MIGRATING", source_cluster_id=source.cluster_id,
        cancelable=cancelable,
    )  # fmt: skip


def new_target(call: Call, storage_size: int = 0) -> NewCluster:
    """The cluster that `destination` describes; its name must be free."""
    given = section(call.given, "destination")
    cu_size = whole(given, "cuSize", 1024)
    if cu_size is None:
        raise bad_request("destination.cuSize is missing")
    wanted = NewCluster(
        need(given, "clusterName", "destination"),
        need(given, "projectId", "destination"),
        need(given, "regionId", "destination"),
        cu_size,
        one_of(given, "cuType", CU_TYPES),
        one_of(given, "plan", ("Standard", "Enterprise")),
        storage_size,
    )
    require_new(call, wanted)
    return wanted


def source_cluster(call: Call) -> Cluster:
    """The cluster that `source` names; it must be RUNNING."""
    cluster = call.cluster(need(section(call.given, "source"), "clusterId", "source"))
    cluster.require_status("RUNNING", "migrate from it")
    return cluster


def running_target(call: Call) -> Cluster:
    """The cluster that `destination` names; it must be RUNNING."""
    cluster = call.cluster(need(section(call.given, "destination"), "clusterId", "destination"))
    cluster.require_status("RUNNING", "migrate into it")
    return cluster


def migrate(
    call: Call,
    target: Cluster,
    arrivals: Sequence[Arrival],
    *,
    source_cluster_id: str = "",
    files: tuple[FilePart, ...] = (),
) -> Job:
    """Make the job that brings these collections into an existing cluster."""
    require_few(arrivals)
    require_free(target, arrivals)
    job = call.start_job(
        MIGRATION, target, db_name=arrivals[0].db_name if arrivals else "",
        collection=",".join(one.name for one in arrivals), source_cluster_id=source_cluster_id, cancelable=True,
        files=files,
    )  # fmt: skip
    let_arrive(call.world, job, arrivals)
    call.effect(
        "submit", job_id=job.job_id, clusterId=target.cluster_id, dbName=job.db_name, collection=job.collection,
        sourceClusterId=source_cluster_id,
    )  # fmt: skip
    return job


def require_few(arrivals: Sequence[Arrival]) -> None:
    """At most ten (documented)."""
    if len(arrivals) > MOST_COLLECTIONS:
        raise bad_request(f"at most {MOST_COLLECTIONS} collections can be migrated by one job, not {len(arrivals)}")


def _rank(cluster: Cluster) -> int:
    return LADDER.get(cluster.fields.deployment_option, DEDICATED)


def _require_alive(call: Call) -> None:
    gone = call.world.behaviour.migrations_gone
    if gone is not None:
        raise Problem(gone, f"No such endpoint: {call.route.endpoint}", http=gone)


def _chosen(call: Call, source: Cluster) -> list[Arrival]:
    """What dbCollections names; everything without it. The oldest form lists names inside `source`."""
    held: Contents = source.contents()
    databases = sections(call.given, "dbCollections") or sections(section(call.given, "source"), "dbCollections")
    moves: dict[Place, Place] = {place: place for place in held} if not databases else {}
    for database in databases:
        db_name = text(database, "dbName", default=DEFAULT_DB)
        oldest = database.get("collectionNames")
        names = [str(name) for name in oldest] if isinstance(oldest, list) else []
        names += [need(one, "collectionName", "collections") for one in sections(database, "collections")]
        for name in names or [name for db, name in held if db == db_name]:
            if (db_name, name) not in held:
                raise missing_collection(db_name, name)
            moves[db_name, name] = (text(database, "destDbName", default=db_name), name)
    if not moves:
        raise bad_request("there is nothing to migrate")
    return [Arrival(*dest, held[place].copy(loaded=False)) for place, dest in moves.items()]


def _url(source: Body) -> str:
    """A volume (once called stage), an object URL, or a bucket and a path."""
    volume = text(source, "volumeName", "stageName")
    if volume:
        return f"volume://{volume}/{text(source, 'dataPath').lstrip('/')}"
    if "bucketName" in source:
        return f"s3://{source['bucketName']}/{text(source, 'path').lstrip('/')}"
    url = need(source, "objectUrl", "source")
    if "://" not in url:
        raise Problem(BAD_OBJECT_URL, f"Invalid object URL: {url}")
    return url
