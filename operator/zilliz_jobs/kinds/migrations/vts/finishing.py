"""The steps after the rows were written: Flush, Index, Load, Verify. Each may be repeated, and what it brings about
can be seen, so a lost answer is no doubt: what is not there is asked for again.

The engine makes no index, does not load and does not flush (measured), and its own count proves little: rows were
lost in silence by some of its versions. So the job is Successful only when the target itself counts as many rows as
were read.
"""

from __future__ import annotations

import asyncio
from typing import TypedDict

from zilliz_jobs.api.jobstatus import Evidence, JobStatus, State
from zilliz_jobs.api.migrationjob import MigrationJobSpec
from zilliz_jobs.cloud import effects
from zilliz_jobs.cloud.dataplane import NOT_LOADED, DataPlane, SchemaField
from zilliz_jobs.cloud.effects import EffectReply
from zilliz_jobs.cloud.errors import CloudError, NotFound
from zilliz_jobs.cloud.passage import Fence
from zilliz_jobs.core.observation import Absent, Accepted, Blocked, Found, Impossible, Look, Seen, SubmitAnswer
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds import answers
from zilliz_jobs.kinds.base import Account, Baselined, SubmitContext, SubmitRequest
from zilliz_jobs.kinds.migrations.vts.running import is_cancelled
from zilliz_jobs.kinds.migrations.vts.target import Place, data_of, described, named, places, target_id

FLUSH, INDEX, LOAD, VERIFY = "Flush", "Index", "Load", "Verify"
COUNT = "count"
PATIENCE_SECONDS = 60.0
"""How long a count that is too low may become right: a replica can lag behind what was loaded (inferred)."""
AGAIN_SECONDS = 5.0
NO_SUCH_PATH = 404


class _Once(TypedDict):
    """What each request with an effect takes beside its collection."""

    database: str
    token: str
    fence: Fence


async def baseline(
    account: Account, spec: MigrationJobSpec, context: SubmitContext
) -> Baselined | Blocked | Impossible:
    """Nothing, but for the count, which is what the step Verify is about. Raises CloudError."""
    if context.step != VERIFY or context.sent_before:  # counted before the first send, which may have released some
        return Baselined()
    result = context.status.result or {}
    read, written = result.get("rowsRead"), result.get("rowsWritten")
    if read is None or written is None:
        return Impossible(Reason.COUNT_MISMATCH, "the worker did not tell how many rows it moved; compare by hand")
    data = await data_of(account, spec)
    count = sum([await data.count(one.collection, database=one.database) for one in places(spec)])
    if count == read == written:
        return Baselined({COUNT: [str(count)]})
    message = f"{read} rows were read and {written} written, and the target has {count}"
    waited = asyncio.get_running_loop().time() - context.since if context.since is not None else PATIENCE_SECONDS
    if count < written and waited < PATIENCE_SECONDS:
        return Blocked(Reason.COUNT_MISMATCH, message, AGAIN_SECONDS)
    return Impossible(Reason.COUNT_MISMATCH, f"{message}; look at {named(places(spec))}")


async def submit(account: Account, spec: MigrationJobSpec, request: SubmitRequest) -> SubmitAnswer:
    """Send the requests of the step that are still needed. May be repeated."""
    step, wanted = request.submission.step, places(spec)
    try:
        data = await data_of(account, spec)
        for place in wanted:
            for reply in await _send(data, spec, request, step, place):
                if isinstance(reply, effects.Refused) and step == FLUSH and reply.http_status == NO_SUCH_PATH:
                    continue  # an older data plane flushes by itself only; the count decides
                if not isinstance(reply, effects.Taken):
                    return answers.submitted(reply, ())
    except CloudError as error:
        return answers.not_sent(error)
    return Accepted({"clusterId": target_id(spec)})


async def find(account: Account, spec: MigrationJobSpec, step: str) -> Look:
    """Whether what the step is to bring about is so. Raises CloudError."""
    if step in (INDEX, LOAD) and await _is_done(account, spec, step):
        return Found({"clusterId": target_id(spec)}, Evidence.MARKER, as_wanted=True)
    if step == VERIFY and (spec.load or await _is_released(account, spec)):
        return Found({"clusterId": target_id(spec)}, Evidence.MARKER, as_wanted=True)
    return Absent()


async def observe(account: Account, spec: MigrationJobSpec, status: JobStatus, step: str) -> Seen:
    """How far the step is. Raises CloudError."""
    record = status.submission.baseline if status.submission else None
    match step:
        case "Verify":
            rows = next(iter((record or {}).get(COUNT) or []), "all")
            return Seen(State.SUCCESSFUL, message=f"{rows} rows were read, written, and counted in the target")
        case "Flush":
            return Seen(State.SUCCESSFUL, message=f"{named(places(spec))} is stored")
        case _:
            done = await _is_done(account, spec, step)
    if done:
        return Seen(State.SUCCESSFUL, message=f"{named(places(spec))} has all that step {step} brings")
    if is_cancelled(status):
        return Seen(State.CANCELED, message=f"cancelled; {named(places(spec))} stays in the target, with all rows")
    return Seen(State.IN_PROGRESS, message=f"the cloud is at {named(places(spec))}")


async def _send(
    data: DataPlane, spec: MigrationJobSpec, request: SubmitRequest, step: str, place: Place
) -> list[EffectReply]:
    once = _Once(database=place.database, token=request.token, fence=request.fence)
    match step:
        case "Flush":
            return [await data.flush(place.collection, **once)]
        case "Index":
            found = await described(data, place)
            return [
                await data.create_index(place.collection, one.name, metric_of(one, place), **once)
                for one in (found.without_index if found else ())
            ]
        case "Load":
            return [await data.load(place.collection, **once)]
        case _ if not spec.load:
            return [await data.release(place.collection, **once)]
        case _:
            return []


def metric_of(field: SchemaField, place: Place) -> str:
    """How the vectors of the field are compared: as the spec says, unless only one metric fits them (documented)."""
    match field.type:
        case "BinaryVector":
            return "HAMMING"
        case "SparseFloatVector":
            return "IP"
        case _:
            return str(place.wanted.metric_type or "COSINE")


async def _is_done(account: Account, spec: MigrationJobSpec, step: str) -> bool:
    data = await data_of(account, spec)
    for place in places(spec):
        if step == INDEX:
            found = await described(data, place)
            if found is None or found.without_index:
                return False
        else:
            try:
                state = await data.load_state(place.collection, database=place.database)
            except NotFound:
                return False
            if not state.loaded:
                return False
    return True


async def _is_released(account: Account, spec: MigrationJobSpec) -> bool:
    data = await data_of(account, spec)
    for place in places(spec):
        if (await data.load_state(place.collection, database=place.database)).load_state != NOT_LOADED:
            return False
    return True
