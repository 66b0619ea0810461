"""Collections that a job brings into a cluster: restores, migrations, clones, samples.

The names are taken from the moment of submission. The collections appear when the job succeeds, or, by a switch,
when it begins; then they are empty and unloaded until it succeeds, and go away if it does not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .answers import collection_exists
from .clusters import Cluster
from .contents import Collection
from .jobs import PENDING, SUCCESSFUL, Job
from .timeline import view
from .world import World


@dataclass(frozen=True, slots=True)
class Arrival:
    """One collection on its way."""

    db_name: str
    name: str
    content: Collection


def require_free(cluster: Cluster, arrivals: Iterable[Arrival]) -> None:
    """Problem: a name exists, is asked for twice, or is on its way with another job."""
    taken = set(cluster.arriving)
    for arrival in arrivals:
        place = (arrival.db_name, arrival.name)
        if place in taken or cluster.collection(*place) is not None:
            raise collection_exists(*place)
        taken.add(place)


def let_arrive(world: World, job: Job, arrivals: Sequence[Arrival]) -> None:
    """Bring the collections into the job's cluster, when its time comes."""
    early = world.behaviour.collections_appear_at == "start"
    world.clusters[job.cluster_id].arriving |= {(arrival.db_name, arrival.name): job for arrival in arrivals}

    def attempt(now: float) -> bool:
        cluster = world.clusters.get(job.cluster_id)
        if cluster is None:
            return True
        seen = view(job, now)
        if seen.status == SUCCESSFUL:
            for arrival in arrivals:
                cluster.put_collection(arrival.db_name, arrival.name, arrival.content)
        elif seen.final:
            for arrival in arrivals if early else ():
                cluster.drop_collection(arrival.db_name, arrival.name)
        elif early and seen.status != PENDING:
            for arrival in arrivals:
                if cluster.collection(arrival.db_name, arrival.name) is None:
                    empty = Collection(arrival.content.description, arrival.content.schema, loaded=False)
                    cluster.put_collection(arrival.db_name, arrival.name, empty)
        if seen.final:
            for arrival in arrivals:
                cluster.arriving.pop((arrival.db_name, arrival.name), None)
        return seen.final

    world.whenever(attempt)
