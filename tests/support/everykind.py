"""The table of all job kinds, and a user who walks each row: its example ends well, fails, is cancelled, is retried.

A row is a manifest of `examples/` and the rules that hold for its kind. Walked in virtual time on the stand-in by
`tests/wire/test_every_kind.py`, and on a real API server by `tests/e2e/test_every_kind.py`, with an operator process.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from tests.support.cloud import Cloud
from tests.support.inloop import LoopOperator
from tests.support.operators import OperatorProcess
from tests.support.user import Body, Job, User, manifest, secret

from zilliz_local.cloud import MOVIES, PROJECT, SHOP, CloudSimulator, Duration
from zilliz_local.cloud.clusters import ClusterFields

EXAMPLES = Path(__file__).parents[2] / "examples"
FOREVER = 100_000
WHY = "disk full"
QUICK = Duration(pending_seconds=1, run_seconds=4)


@dataclass(frozen=True)
class Row:
    """`job`: the simulator's word for the cloud's job. `breaks`: the word of the job whose failure is the row's,
    where that is another one. `cancel`: Canceled, or the reason of the refusal once it is submitted. `retry`: again,
    or the reason of the refusal."""

    name: str
    example: str
    job: str
    console: bool = False
    cancel: str = "KindHasNoCancel"
    retry: str = "KindHasNoRetry"
    breaks: str | None = None
    told: bool = True  # whether the cloud says why a job of the kind failed
    spec: Body = field(default_factory=dict)  # changes of the example's spec
    asleep: bool = False  # whether the cluster must be suspended first
    rule: str = ""  # of which size the cluster has a rule already, so that one can see whether it became another
    shows: bool = True  # whether a submission whose answer was lost leaves anything that a look-up can find
    ends: str = "Failed"  # or Unknown, where the cloud shows no more than that all is as before
    connection: Body = field(default_factory=dict)  # what its connection has besides

    @property
    def shape(self) -> tuple[str, bool]:
        """Its kind, and whether it is made by steps: what decides which fields its objects have."""
        return self.manifest["kind"], not self.job or self.breaks is not None

    @property
    def failing(self) -> str:
        return self.job if self.breaks is None else self.breaks

    @property
    def manifest(self) -> Body:
        found = [one for one in yaml.safe_load_all((EXAMPLES / self.example).read_text()) if one]
        (job,) = [one for one in found if one["kind"].endswith("Job")]
        made: Body = job | {"spec": job["spec"] | self.spec}
        return made


ROUTES = {
    "BACKUP": "backup.create",
    "RESTORE": "restore.*",
    "EXPORT": "export.create",
    "MIGRATION": "*migrat*",
    "IMPORT": "import*.create",
    "CLONE_COLLECTION": "console.clone",
    "SAMPLE_COLLECTION": "console.sample",
    "": "data.create",
    "SUSPEND_CLUSTER": "cluster.suspend",
    "RESUME_CLUSTER": "cluster.resume",
    "SCALE_CU": "cluster.modify",
    "SCALE_REPLICA": "cluster.modify*",
}
"""The simulator's names of the calls that start a job, by its word for the job; a sample by steps is none."""

RESUBMIT: Body = {"retryPolicy": {"resubmit": True}}
NO = "ResubmitNotAllowed"
AGAIN = ("KindHasNoCancel", "again")
OF_MOVIES: Body = {"backup": {"backupJobRef": {"name": "movies"}}}

ROWS = (
    Row("backup", "10-backup-cluster.yaml", "BACKUP", True, "Canceled", "again", spec=RESUBMIT),
    Row("backup, public", "11-backup-collections.yaml", "BACKUP", False, "NoPublicAPI", "again", spec=RESUBMIT),
    Row("backup with copies", "12-backup-with-copies.yaml", "BACKUP", True, "Canceled", NO),
    Row("restore, new cluster", "70-restore-new-cluster.yaml", "RESTORE"),
    Row("restore, collection", "72-restore-after-backup.yaml", "RESTORE", True),
    Row("export", "73-export.yaml", "EXPORT", True, "Canceled", "again", spec=RESUBMIT),
    Row("export, public", "73-export.yaml", "EXPORT", False, "NoPublicAPI", NO, shows=False),
    Row("migration of backup files", "80-migrate-milvus-backup.yaml", "MIGRATION", False, "NoPublicAPI", shows=False),
    Row("migration of a cluster", "88-migrate-zilliz-cluster.yaml", "MIGRATION", True, "Canceled"),
    Row("migration from a vendor", "82-migrate-pinecone.yaml", "MIGRATION", True, "Canceled"),
    Row("migration without downtime", "90-migrate-zero-downtime.yaml", "MIGRATION", True, "ZeroDowntime"),
    Row("import", "20-import-object-storage.yaml", "IMPORT", False, retry="again"),
    Row("import, console", "21-import-volume.yaml", "IMPORT", True, retry="again"),
    Row("clone, by steps", "75-clone-collection.yaml", "BACKUP", breaks="RESTORE"),
    Row("clone, console", "75-clone-collection.yaml", "CLONE_COLLECTION", True),
    Row("sample, console", "76-sample-collection.yaml", "SAMPLE_COLLECTION", True),
    Row(
        "suspend",
        "40-suspend-cluster.yaml",
        "SUSPEND_CLUSTER",
        retry="again",
        told=False,
        spec=RESUBMIT,
        ends="Unknown",
    ),
    Row(
        "resume",
        "41-resume-cluster.yaml",
        "RESUME_CLUSTER",
        False,
        *AGAIN,
        told=False,
        spec=RESUBMIT,
        asleep=True,
        ends="Unknown",
    ),
    Row("scale, fixed", "50-scale-cluster.yaml", "SCALE_CU", retry="again", told=False, spec=RESUBMIT),
    Row("scale, dynamic", "51-scale-cluster-dynamic.yaml", "SCALE_CU", retry=NO, told=False, rule="cu"),
    Row("scale, scheduled", "52-scale-cluster-scheduled.yaml", "SCALE_CU", retry=NO, told=False, rule="cu"),
    Row("replicas, fixed", "60-scale-replicas.yaml", "SCALE_REPLICA", retry="again", told=False, spec=RESUBMIT),
    Row("replicas, dynamic", "61-scale-replicas-dynamic.yaml", "SCALE_REPLICA", retry=NO, told=False, rule="replica"),
    Row(
        "replicas, scheduled",
        "62-scale-replicas-scheduled.yaml",
        "SCALE_REPLICA",
        retry=NO,
        told=False,
        rule="replica",
    ),
)
SAMPLE_BY_STEPS = Row("sample, by steps", "76-sample-collection.yaml", "")
"""Its steps are done at once, on the cluster's data plane, so there is no moment at which it runs."""
RESTORE_PUBLIC = Row("restore, collection, public", "72-restore-after-backup.yaml", "RESTORE")
"""Whether one whose answer was lost is found depends on when its collection shows."""
RESTORE_SEVERAL = Row("restore, several", "74-restore-collections.yaml", "RESTORE", True, spec=OF_MOVIES)
IMPORT_V1 = Row(
    "import, v1",
    "29-import-v1.yaml",
    "IMPORT",
    retry="again",
    spec={"connectionRef": {"name": "default"}},
    connection={"importApi": "V1", "regionId": "aws-us-west-2"},
)
EVERY = (*ROWS, SAMPLE_BY_STEPS, RESTORE_PUBLIC, RESTORE_SEVERAL, IMPORT_V1)
"""These, too, have each its own way of being looked for."""


class Walker:
    """A user who applies a row's example to a cloud of his own."""

    def __init__(self, user: User, cloud: Cloud, row: Row) -> None:
        self.user, self.cloud, self.row = user, cloud, row
        self.names = {MOVIES: cloud.cluster, SHOP: f"{cloud.cluster}-shop"}
        cloud.ask(self._furnish)
        user.connect(cloud, console=row.console, **row.connection)
        user.apply(
            secret("demo-data-bucket", accessKey="AK", secretKey="SK"),
            secret("source-login", username="u", password="p"),
            secret("source-api-key", apiKey="k"),
        )

    def _furnish(self, sim: CloudSimulator) -> None:
        shop = ClusterFields(cluster_name="shop", project_id=PROJECT, collections={"default": ["products"]})
        sim.world.put_cluster(self.names[SHOP], shop)
        if self.row.asleep:
            for cluster_id in self.names.values():
                known = sim.world.clusters[cluster_id].fields.model_dump()
                sim.world.put_cluster(cluster_id, ClusterFields(**(known | {"status": "STOPPED"})))
        if self.row.rule:
            for cluster_id in self.names.values():
                sim.world.clusters[cluster_id].autoscaling = {self.row.rule: {"min": 1, "max": 2}}
        names = ("backup", "restore", "export", "migration", "clone_collection", "sample_collection", "import_")
        sim.pace(**dict.fromkeys(names, QUICK), suspend_seconds=4, resume_seconds=4, modify_seconds=4)

    # -- doing

    def apply(self, name: str = "", **spec: Any) -> Job:
        """The example, on the clusters of this cloud, and what it waits for."""
        text = json.dumps(self.row.manifest)
        for known, ours in self.names.items():
            text = text.replace(known, ours)
        body = json.loads(text)
        if "backupJobRef" in text:
            source = {"clusterId": self.cloud.cluster}
            self.user.apply(manifest("BackupJob", body["spec"]["backup"]["backupJobRef"]["name"], source))
        job = Job(self.user, body["kind"], name or body["metadata"]["name"])
        self.user.apply(manifest(job.kind, job.name, body["spec"] | spec))
        return job

    def finish_cloud_job(self) -> None:
        """Let whatever still runs in the cloud end."""

        def force(sim: CloudSimulator) -> None:
            for job in sim.jobs.all():
                if sim.look(job.job_id).status not in ("SUCCESSFUL", "FAILED", "CANCELED"):
                    sim.force(job.job_id, "SUCCESSFUL")

        self.cloud.ask(force)


def _submissions(job: Job) -> int:
    status = job.status()
    found: int = sum(row.get("submission", {}).get("sends", 0) for row in status.get("steps") or []) + (
        (status.get("submission") or {}).get("sends", 0) if not status.get("steps") else 0
    )
    return found


def ends_well(walker: Walker) -> None:
    """The example is applied, watched, and ends Successful; a finished job is not retried."""
    job = walker.apply()
    job.until_condition("Finished", 90)
    status = job.until_ended("Successful")
    assert [one["state"] for one in status["attempts"]] == ["Successful"]
    assert _submissions(job) >= 1
    job.ask("retry-requested", "again")
    job.until_request("retry", "Refused", "again")
    job.ask("cancel-requested", "stop")
    assert job.until_request("cancel", "Refused", "stop")["cancel"]["reason"] == "AlreadyFinished"


def is_cancelled_before_submission(walker: Walker) -> None:
    """Whatever the kind: nothing was sent, so nothing has to be asked of the cloud."""
    before = len(walker.cloud.ask(lambda sim: sim.ledger.requests()))
    job = walker.apply(suspend=True)
    job.until_reason("Suspended")
    job.ask("cancel-requested", "stop")
    assert job.until_ended("Canceled")["reason"] == "CanceledBeforeSubmission"
    sent = walker.cloud.ask(lambda sim: sim.ledger.requests())[before:]
    assert [entry for entry in sent if entry.kind != "submit" or entry.route != "backup.create"] == []


def fails_and_is_retried(walker: Walker) -> None:
    """The cloud's reason is in the object; a retry is a second attempt, or refused by the rule."""
    row = walker.row
    # Of a change of a cluster that was not seen at work, nobody could say that it failed.
    walker.cloud.next_job(row.failing, failure=WHY, **({} if row.told else {"run_seconds": 60}))
    job = walker.apply()
    status = job.until_ended(row.ends)
    if row.told:
        assert WHY in status["message"]
    assert status["message"]
    job.ask("retry-requested", "again")
    if row.retry == "again":
        job.until("has a second attempt", lambda s: len(s["attempts"]) == 2)
        status = job.until_ended("Successful")
        assert [one["state"] for one in status["attempts"]] == [row.ends, "Successful"]
        assert status["retry"]["outcome"] == "Completed"
    else:
        assert job.until_request("retry", "Refused", "again")["retry"]["reason"] == row.retry
        assert job.status()["state"] == row.ends


def _is_cancelled(walker: Walker, state: str, **wishes: Any) -> None:
    row = walker.row
    walker.cloud.next_job(row.job, **wishes)
    job = walker.apply()
    job.until(f"is {state}", lambda s: (s.get("submission") or {}).get("handle") and s.get("state") == state)
    job.ask("cancel-requested", "stop")
    if row.cancel == "Canceled":
        assert job.until_ended("Canceled")["cancel"]["outcome"] == "Completed"
        return
    assert job.until_request("cancel", "Refused", "stop")["cancel"]["reason"] == row.cancel
    assert job.status()["state"] == state, "a refused cancel changes nothing"
    walker.finish_cloud_job()
    job.until_ended("Successful")


def is_cancelled_while_pending(walker: Walker) -> None:
    _is_cancelled(walker, "Pending", pending_seconds=FOREVER)


def is_cancelled_in_progress(walker: Walker) -> None:
    _is_cancelled(walker, "InProgress", pending_seconds=0, run_seconds=FOREVER)


def outlives_a_kill(walker: Walker) -> None:
    """The operator dies between the request and its record. The next one finds the job, or says that nobody can."""
    row, operator, route = walker.row, walker.user.operator, ROUTES[walker.row.job]
    assert isinstance(operator, OperatorProcess | LoopOperator)
    walker.cloud.fault(route, "latency_after", seconds=30)
    job = walker.apply()
    walker.user.until("the cloud has it", lambda: walker.cloud.ask(lambda sim: sim.ledger.effects(route=route)))
    operator.kill()
    assert not job.status()["submission"].get("handle")
    operator.start()
    if row.shows:
        job.until_ended("Successful")
    else:
        job.until_reason("SubmissionUnknown", 40)
    done = walker.cloud.ask(lambda sim: sim.ledger.effects(route=route, client="api"))
    assert len([entry for entry in done if entry.kind != "copy"]) == 1


Walk = Callable[[Walker], None]
WALKS: dict[str, Walk] = {
    walk.__name__: walk
    for walk in (
        ends_well,
        is_cancelled_before_submission,
        fails_and_is_retried,
        is_cancelled_while_pending,
        is_cancelled_in_progress,
    )
}


def cases() -> list[tuple[Row, Walk]]:
    """Every walk of every row. A cluster shows no Pending of its jobs."""
    every = [(row, walk) for row in ROWS for walk in WALKS.values()]
    shown = [(r, w) for r, w in every if not (w is is_cancelled_while_pending and not r.told)]
    return [*shown, (SAMPLE_BY_STEPS, ends_well), (SAMPLE_BY_STEPS, is_cancelled_before_submission)]


def named(case: tuple[Row, Walk]) -> str:
    return f"{case[0].name}: {case[1].__name__}"


def cover() -> list[tuple[Row, Walk]]:
    """Few of the cases: each shape of an object and each walk is in one of them."""
    chosen: list[tuple[Row, Walk]] = []
    seen: set[object] = set()
    every = cases()
    while best := max(every, key=lambda case: len({case[0].shape, case[1]} - seen)):
        if {best[0].shape, best[1]} <= seen:
            break
        chosen.append(best)
        seen |= {best[0].shape, best[1]}
    return chosen
