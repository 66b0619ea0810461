"""One job, prepared as the operator prepares it, up to the request, which is not sent.

The checks are those of the submission: the gates, the inputs, the kind's own `prepare` and `submit`. What cannot be
looked at from here is named.
"""

from __future__ import annotations

from typing import Any

from zilliz_jobs.accounts.apikeys import ApiKeys
from zilliz_jobs.api.backupjob import BACKUP_JOB
from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.jobstatus import Evidence, JobStatus, Submission
from zilliz_jobs.api.migrationengine import Engine
from zilliz_jobs.api.migrationjob import MigrationJobSpec
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.jobview import JobView
from zilliz_jobs.cli.kubectl.plan.engineruns import plan_runs
from zilliz_jobs.cli.kubectl.plan.reaching import NOT_FROM_HERE, connections_of, reach, right_to_read
from zilliz_jobs.cli.kubectl.plan.rehearsed import HIDDEN, Rehearsed
from zilliz_jobs.cli.kubectl.plan.scheduled import note_window
from zilliz_jobs.cloud.rehearsal import Withheld
from zilliz_jobs.control.backupuse import BackupUse
from zilliz_jobs.control.crdcheck import problems_of
from zilliz_jobs.core.foreigntext import shown
from zilliz_jobs.core.gates import closed_gate
from zilliz_jobs.core.observation import AlreadyDone, Blocked, Impossible, Prepared
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Rules, Snapshot
from zilliz_jobs.core.steps import next_step
from zilliz_jobs.jobs.credentials import taken
from zilliz_jobs.jobs.inputs import Inputs, SecretValues, backup_key
from zilliz_jobs.jobs.snapshots import Surroundings, snapshot
from zilliz_jobs.kinds import answers
from zilliz_jobs.kinds.base import Account, BackupSource, SubmitContext, SubmitRequest
from zilliz_jobs.kube.errors import Forbidden, KubeError, NotFound
from zilliz_jobs.kube.openapi import fetch_schemas
from zilliz_jobs.kube.secrets import Secrets

TOKEN = "0" * 32
"""Stands for the token that a real submission would have."""


async def rehearse(cluster: Cluster, found: Rehearsed) -> None:
    """Put down what is found. Raises CommandError where the API server gives no answer."""
    job = found.job
    try:
        await _look_at_object(cluster, found)
        gate = problems_of(await fetch_schemas(cluster.client)).get(job.resource.kind, "")
        withheld: list[Withheld] = []
        async with connections_of(cluster, withheld) as connections:
            reached = await reach(cluster, found, connections)
            around = Surroundings(
                link=reached.link,
                gate=Blocked(Reason.CRD_OUTDATED, gate) if gate else None,
                tries=0,
                rules=Rules(),
                now=cluster.now(),
            )
            snap = snapshot(job.kind, job.body, around)
            if (closed := closed_gate(snap, JobStatus(), cluster.now())) is not None:
                found.problem(closed.reason, closed.message)
            spec = snap.spec
            if spec is not None:
                await _prepare(cluster, found, snap, spec, reached.account)
                found.requests += withheld[-1:]
                found.requests = [_shown(one, found.hidden) for one in found.requests]
    except KubeError as error:
        raise cluster.problem(error, "get", [job.resource], job.name) from error


async def _look_at_object(cluster: Cluster, found: Rehearsed) -> None:
    """Is the name free, and would the API server take the manifest?"""
    job = found.job
    try:
        there = JobView(job.kind, await cluster.objects.get(job.resource, job.namespace, job.name))
    except NotFound:
        found.ok(f"the name {job.reference} is free in namespace {job.namespace}")
    except Forbidden:
        found.unchecked(f"whether {job.reference} is there already", f"needs get on {job.resource.crd_name}")
    else:
        if there.status.get("submission") or there.time("completionTime"):
            found.problem("exists", f"{job.reference} is {there.state or 'there'} already, and an object is one job")
        else:
            found.ok(f"{job.reference} is there, and was not submitted yet")
        return
    try:
        await cluster.objects.try_create(job.resource, job.body)
    except Forbidden as error:
        needs = f"needs create on {job.resource.crd_name}" if type(error) is Forbidden else str(error)
        found.unchecked("whether the API server takes the manifest", needs)
    except KubeError as error:
        found.problem("refused by the API server", str(error))
    else:
        found.ok("the API server takes the manifest")


async def _prepare(
    cluster: Cluster, found: Rehearsed, snap: Snapshot, spec: JobSpec, account: Account | None
) -> None:
    job = found.job
    inputs = Inputs(Secrets(cluster.client), cluster.objects, ApiKeys(cluster.objects), BackupUse())
    backup = await _backup(found, inputs, spec)
    values = await _secrets(cluster, found, inputs, spec)
    if account is None or values is None or isinstance(backup, Blocked | Impossible):
        return
    if isinstance(spec, MigrationJobSpec) and spec.engine is Engine.VTS:
        await plan_runs(cluster, found, spec, account, values.values, TOKEN)
        return
    step = next_step(snap, JobStatus())
    context = SubmitContext(step, JobStatus(), job.name, TOKEN, backup=backup)
    prepared = await job.kind.prepare(account, spec, context, holder="plan")
    match await answers.key_or_right(account.session, prepared):
        case Blocked(reason, message) if reason in NOT_FROM_HERE:
            found.unchecked("what the cloud says to it", f"no way to it from here: {shown(message)}")
        case Blocked(reason, message) | Impossible(reason, message):
            found.problem(reason, message)
        case AlreadyDone(message):
            found.ok(f"nothing would be sent: {shown(message)}")
        case Prepared() as ready:
            for notice in ready.notices:
                found.ok(f"it would be sent with a warning, {notice.reason}: {shown(notice.message)}")
            found.ok("nothing in the cloud stands in its way")
            if job.resource is BACKUP_JOB and not found.begins_later:
                await note_window(found, account, job.cluster, cluster)
            if not await _has_room_for_credentials(cluster, found, spec):
                return
            record = Submission(
                step=ready.step or step,
                token=TOKEN,
                sends=1,
                cloud_time=ready.cloud_time,
                baseline=ready.baseline or None,
                evidence=Evidence.SENDING,
            )
            await job.kind.submit(account, spec, SubmitRequest(record, _open_fence, values.values))


async def _has_room_for_credentials(cluster: Cluster, found: Rehearsed, spec: JobSpec) -> bool:
    """Whether the Secret for the one-time credentials, where there are some, can be made for this job."""
    job = found.job
    name = job.kind.credentials_secret(spec, job.name)
    if name is None:
        return True
    try:
        secret = await Secrets(cluster.client).read(job.namespace, name)
    except NotFound:
        found.ok(f"its one-time credentials would be kept in Secret {name}, which is made then")
        return True
    except Forbidden:
        found.unchecked(f"Secret {name} for its one-time credentials", f"needs get on Secret {name}")
        return True
    if problem := taken(secret, job.body):
        found.problem(problem.reason, problem.message)
        return False
    found.ok(f"its one-time credentials would be kept in Secret {name}")
    return True


def _open_fence() -> None:
    """The fence of a rehearsal: what it lets through is withheld by the wire."""


async def _backup(found: Rehearsed, inputs: Inputs, spec: JobSpec) -> BackupSource | Blocked | Impossible | None:
    source = backup_key(found.job.kind, found.job.namespace, spec)
    if source is None:
        return None
    try:
        backup = await inputs.backup(source)
    except Forbidden:
        found.unchecked(f"BackupJob {source.name}", "needs get on backupjobs.jobs.zilliz.com")
        return Blocked(Reason.BACKUP_NOT_READY, "not checked")
    if isinstance(backup, Blocked | Impossible):
        found.problem(backup.reason, backup.message)
    else:
        found.ok(f"BackupJob {source.name} made backup {backup.backup_id}")
    return backup


async def _secrets(cluster: Cluster, found: Rehearsed, inputs: Inputs, spec: JobSpec) -> SecretValues | None:
    """None where they cannot be read, or must not be used."""
    needs = found.job.kind.secrets(spec)
    lacks = [lack for need in needs if (lack := await right_to_read(cluster, found.job.namespace, need.name))]
    for lack in lacks:
        found.unchecked("a Secret that the job names, and the request", lack)
    if lacks:
        return None
    values = await inputs.secrets(found.job.kind, found.job.namespace, spec)
    if isinstance(values, Blocked):
        found.problem(values.reason, values.message)
        return None
    for need in needs:
        found.ok(f"Secret {need.name} may be used, and has what is needed")
    found.hidden = frozenset(values.values.values())
    return values


def _shown(request: Withheld, secrets: frozenset[str]) -> Withheld:
    return Withheld(request.method, request.url, without_secrets(request.body, secrets))


def without_secrets(value: Any, secrets: frozenset[str]) -> Any:
    """A body with HIDDEN for each of these texts, whole or in another one. Pure."""
    match value:
        case str():
            for secret in secrets:
                value = value.replace(secret, HIDDEN)
            return value
        case dict():
            return {name: without_secrets(item, secrets) for name, item in value.items()}
        case list():
            return [without_secrets(item, secrets) for item in value]
        case _:
            return value
