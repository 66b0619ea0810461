"""A migration by VTS, which sends no request to the cloud: the Jobs that the operator would make, and what the engine
would be told. Reads only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from zilliz_jobs.api.jobstatus import JobStatus
from zilliz_jobs.api.migrationjob import MigrationJobSpec
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.doctor.operators import deployments, engine_said
from zilliz_jobs.cli.kubectl.jobview import JobView
from zilliz_jobs.cli.kubectl.plan.reaching import NOT_FROM_HERE
from zilliz_jobs.cli.kubectl.plan.rehearsed import HIDDEN, Rehearsed
from zilliz_jobs.cli.kubectl.wording import listed
from zilliz_jobs.cloud.errors import CloudError
from zilliz_jobs.cloud.rehearsal import Withheld
from zilliz_jobs.core.foreigntext import shown
from zilliz_jobs.core.observation import Blocked, Impossible
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.base import Account, SubmitContext
from zilliz_jobs.kinds.migrations.vts.config import Sink, database_of, render, runs_of
from zilliz_jobs.kinds.migrations.vts.engine import CHECK
from zilliz_jobs.kinds.migrations.vts.manifests import CONFIG_FILE, Owner, job_name, worker_job
from zilliz_jobs.kinds.migrations.vts.seatunnel import job_number
from zilliz_jobs.kinds.migrations.vts.target import target_id
from zilliz_jobs.kinds.workeraccess import VtsSettings, WorkerAccess
from zilliz_jobs.kube.errors import Forbidden, NotFound
from zilliz_jobs.kube.paths import path
from zilliz_jobs.kube.workers import BATCH, Workers

IMAGE_OF_THE_CHART = "<the image of the operator's chart>"


async def plan_runs(
    cluster: Cluster,
    found: Rehearsed,
    spec: MigrationJobSpec,
    account: Account,
    secrets: Mapping[str, str],
    token: str,
) -> None:
    """Put down what is found. `secrets`: values by key, none of which is shown. Raises KubeError."""
    settings = await _engine(cluster, found)
    access = WorkerAccess(Workers(cluster.client), found.job.namespace, settings or VtsSettings(""), HIDDEN)
    context = SubmitContext(CHECK, JobStatus(), found.job.name, token, secrets=secrets)
    match await found.job.kind.prepare(replace(account, workers=access), spec, context, holder="plan"):
        case Blocked(reason, message) if reason in NOT_FROM_HERE:
            found.unchecked("what the cloud says to it", f"no way to it from here: {shown(message)}")
        case Blocked(reason, message) | Impossible(reason, message):
            found.problem(reason, message)
        case _:
            found.ok("nothing in the cloud stands in its way")
            if settings is not None:
                await _tell_runs(cluster, found, spec, account, secrets, token, settings)


async def _engine(cluster: Cluster, found: Rehearsed) -> VtsSettings | None:
    """How the engine is installed; None where no operator of the namespace has it."""
    try:
        there = await deployments(cluster, None)
    except (Forbidden, NotFound):
        needs = "needs list on deployments.apps in all namespaces"
        found.unchecked("whether migrations by VTS are enabled", needs)
        return VtsSettings(IMAGE_OF_THE_CHART)
    mine = [one for one in there if not one.watches or found.job.namespace in one.watches]
    enabled = [(one.engine, one.engine_cluster) for one in mine if one.engine is not None or one.engine_cluster]
    if not enabled:
        found.problem(Reason.ENGINE_NOT_ENABLED, Reason.ENGINE_NOT_ENABLED.phrase)
        return None
    image, address = enabled[0]
    found.ok(engine_said(image, address))
    return VtsSettings(image or IMAGE_OF_THE_CHART, cluster=address)


async def _tell_runs(
    cluster: Cluster,
    found: Rehearsed,
    spec: MigrationJobSpec,
    account: Account,
    secrets: Mapping[str, str],
    token: str,
    settings: VtsSettings,
) -> None:
    """The Jobs by their names, and the first one whole, with what is in its Secret; or what SeaTunnel would get."""
    try:
        address = (await account.session.clusters.describe(target_id(spec))).connect_address
    except CloudError as error:
        found.unchecked("what the engine would be told", shown(error.message))
        return
    job, runs, server = found.job, runs_of(spec), cluster.client.server
    told = render(spec, 0, secrets, Sink(address, HIDDEN, database_of(runs[0])), token)
    names = [job_name(token, run) for run in range(len(runs))]
    if settings.cluster:
        numbers = [str(job_number(token, run)) for run in range(len(runs))]
        found.ok(f"it would run there as {listed(numbers)}, one after the other, with a token of its own for {token}")
        where = f"{settings.cluster.rstrip('/')}/submit-job?jobId={numbers[0]}&jobName={names[0]}"
        found.requests.append(Withheld("POST", where, json.loads(told)))
        return
    found.ok(f"the engine would run in {listed(names)}, one after the other, with a token of its own for {token}")
    made = worker_job(_owner(job), token, 0, image=settings.image, worker=spec.worker)
    content = {"metadata": {"name": names[0]}, "stringData": {CONFIG_FILE: json.loads(told)}}
    found.requests += [
        Withheld("POST", f"{server}{path(BATCH, 'jobs', job.namespace)}", made),
        Withheld("POST", f"{server}{path('v1', 'secrets', job.namespace)}", content),
    ]


def _owner(job: JobView) -> Owner:
    return Owner(job.namespace, job.name, str(job.body["metadata"].get("uid") or "<uid>"))
