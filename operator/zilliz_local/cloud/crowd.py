"""Many imports at once, for measurements: they are there as if they had been submitted long ago."""

from pydantic import Field

from .behaviour import Seconds
from .camel import Camel
from .clusters import DEFAULT_DB
from .jobs import IMPORT, Job, Plan
from .objects import ImportSource
from .world import World


class ImportCrowd(Camel):
    """What to make. The wishes of `next_job` do not touch them, and the ledger holds no line of them."""

    cluster_id: str
    db_name: str = DEFAULT_DB
    collection: str
    url: str
    count: int = Field(ge=1, le=100_000)
    pending_seconds: Seconds = 0
    run_seconds: Seconds = 3600
    over_seconds: Seconds = 0
    """They began one after the other, evenly over so many seconds before now; the last one is the newest."""


def put_imports(world: World, crowd: ImportCrowd) -> list[Job]:
    """Make the jobs, the oldest first. KeyError: no such cluster."""
    cluster = world.clusters[crowd.cluster_id]
    files = world.objects.read(ImportSource((crowd.url,)))
    now, step = world.now, crowd.over_seconds / crowd.count
    moments = [now - step * (crowd.count - 1 - index) for index in range(crowd.count)]
    return [
        world.jobs.add(
            Job(
                world.new_job_id(), IMPORT, cluster.fields.project_id, cluster.cluster_id, cluster.fields.region_id,
                moment, Plan(moment, crowd.pending_seconds, crowd.run_seconds), client="console",
                db_name=crowd.db_name, collection=crowd.collection, files=files,
            )
        )
        for moment in moments
    ]  # fmt: skip
