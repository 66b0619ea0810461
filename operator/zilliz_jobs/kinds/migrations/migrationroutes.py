"""The call that starts a migration: three are public, two of them deprecated; the rest are the console's alone."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from zilliz_jobs.api.migrationjob import MigrationJobSpec, Mode
from zilliz_jobs.cloud import effects
from zilliz_jobs.cloud.effects import EffectReply
from zilliz_jobs.core.observation import Accepted, Refused, SubmitAnswer
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds import answers
from zilliz_jobs.kinds.base import Account, SubmitRequest
from zilliz_jobs.kinds.clusters import newcluster
from zilliz_jobs.kinds.migrations import migrationwire

GONE = (404, 405)
BY_HAND = "start it in the web console and adopt its id (spec.adopt.jobId)"


class Route(StrEnum):
    """The call by which a migration is started. The first three are documented, `toExisting` and `toNewDedicated` as
    deprecated; the others are the console's."""

    REMOTE = "startByRemote"
    EXISTING = "toExisting"
    NEW_DEDICATED = "toNewDedicated"
    EXTERNAL = "external"
    ZERO_DOWNTIME = "zeroDowntime"

    @property
    def is_public(self) -> bool:
        """Whether it is a documented call, which needs no console."""
        return self in (Route.REMOTE, Route.EXISTING, Route.NEW_DEDICATED)


def route_of(spec: MigrationJobSpec) -> Route:
    """The one call that fits source and target. Whether it can do all that the spec says is `why_not`'s. Pure."""
    source, target = spec.source, spec.target
    if source and source.milvus_backup:
        return Route.REMOTE
    if source and source.zilliz_cluster:
        if target and target.cluster_id:
            return Route.EXISTING
        return Route.ZERO_DOWNTIME if spec.mode is Mode.ZERO_DOWNTIME else Route.NEW_DEDICATED
    return Route.EXTERNAL


def why_not(spec: MigrationJobSpec, *, console: bool) -> str:
    """Why the calls at hand cannot do it, and the way out; empty when one can."""
    route, named = route_of(spec), migrationwire.moves(spec)
    if not route.is_public and not console:
        what = "a migration without downtime" if route is Route.ZERO_DOWNTIME else "a migration from this source"
        return f"the cloud's public API has no {what}; set consoleApi.enabled on the connection, or {BY_HAND}"
    if route is Route.EXISTING and (renamed := [move.collection for move in named if move.renames]):
        return (
            f"a migration between clusters cannot rename collections ({', '.join(renamed)}); leave out destination, "
            f"or {BY_HAND}"
        )
    if route is Route.NEW_DEDICATED:
        if single := [move.collection for move in named if move.collection]:
            return (
                f"a migration into a new cluster takes whole databases, and no single collections "
                f"({', '.join(single)}); leave out source in collections, or {BY_HAND}"
            )
        often = [database for database, times in Counter(move.database for move in named).items() if times > 1]
        if often:
            return f"a migration into a new cluster takes each database once; name {', '.join(often)} only once"
    return ""


async def send(account: Account, spec: MigrationJobSpec, name: str, request: SubmitRequest) -> EffectReply:
    """Send the one request. `name`: of the cluster to make, where one is made. Raises no CloudError; not to be
    repeated."""
    session, token, fence = account.session, request.token, request.fence
    source, target = spec.source, spec.target
    if source is None or target is None:
        return effects.NotSent(Reason.NO_SOURCE, Reason.NO_SOURCE.help)
    made = migrationwire.new_cluster(target.new_cluster, name) if target.new_cluster else None
    here = source.zilliz_cluster.cluster_id if source.zilliz_cluster else ""
    there = target.cluster_id or ""
    route = route_of(spec)
    if route is Route.REMOTE:
        files = migrationwire.remote(spec, request.secrets)
        return await session.migrations.start_by_remote(files, there, token=token, fence=fence)
    if route is Route.EXISTING:
        some = migrationwire.in_databases(spec)
        return await session.migrations.to_existing(here, there, some, token=token, fence=fence)
    if route is Route.NEW_DEDICATED and made:
        databases = migrationwire.whole_databases(spec)
        return await session.migrations.to_new_dedicated(here, made, databases, token=token, fence=fence)
    if session.console is None:  # it was there when this was prepared
        return effects.NotSent(Reason.NO_PUBLIC_API, why_not(spec, console=False))
    if route is Route.ZERO_DOWNTIME and made:
        return await session.console.migrate_zero_downtime(here, made, token=token, fence=fence)
    return await session.console.migrate_external(
        migrationwire.external(source, request.secrets),
        made or there,
        migrationwire.migrated(spec),
        token=token,
        fence=fence,
    )


def answered(spec: MigrationJobSpec, reply: EffectReply) -> SubmitAnswer:
    """What the cloud's answer means. The credentials are those of a cluster that is made."""
    target, route = spec.target.cluster_id if spec.target else None, route_of(spec)
    match reply:
        case effects.Refused(http_status=status, message=message) if status in GONE and route is not Route.REMOTE:
            return Refused(Reason.NO_PUBLIC_API, f"{message}; {_gone(route)}")
        case _ if target is None:
            return newcluster.answered(reply, busy=Reason.CLUSTER_BUSY)
    answer = answers.submitted(reply, ("jobId",))
    there = {"clusterId": target}
    return Accepted(answer.handle | there, dict(there)) if isinstance(answer, Accepted) else answer


def _gone(route: Route) -> str:
    if route.is_public:
        return f"the cloud no longer has this call; {BY_HAND}, in a new object"
    return f"the endpoint does not serve this call of the console; {BY_HAND}, in a new object"
