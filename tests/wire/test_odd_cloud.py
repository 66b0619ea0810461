"""Every kind of job on a cloud that answers oddly, and loses answers before and after their effect.

What the cloud did is asked of its ledger. If this fails, an odd answer made the operator send a request twice, or
show an end that the job did not have. `ODD_CLOUD_EXAMPLES` sets how many jobs are tried; a failure prints the
example.
"""

from __future__ import annotations

import asyncio
import base64
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as some
from tests.support.cloud import Cloud
from tests.support.engine_rig import NAMESPACE, QUICK, Body, Rig, rig
from tests.support.everykind import ROUTES, ROWS, Row, Walker
from tests.support.examples import sized
from tests.support.unclear import may_not_tell
from tests.support.user import User

from zilliz_local.cloud import MOVIES, CloudSimulator
from zilliz_local.cloud.oddities import CATALOGUE

EXAMPLES = int(os.environ.get("ODD_CLOUD_EXAMPLES") or sized(40, 10))
SPEED = 20.0
PATIENCE = 6.0  # seconds; twice what a job takes here
WHY = "disk full"
READS = ("*.list", "*.get", "import.progress", "data.*", "*")
LOSSES = ("drop_before", "drop_after", "status_after", "garbage_after", "omit_job_id")
PLURAL = {
    "BackupJob": "backupjobs",
    "RestoreJob": "restorejobs",
    "ExportJob": "exportjobs",
    "MigrationJob": "migrationjobs",
    "ImportJob": "importjobs",
    "CloneCollectionJob": "clonecollectionjobs",
    "SampleCollectionJob": "samplecollectionjobs",
    "SuspendClusterJob": "suspendclusterjobs",
    "ResumeClusterJob": "resumeclusterjobs",
    "ScaleClusterJob": "scaleclusterjobs",
    "ScaleReplicasJob": "scalereplicasjobs",
}
T = TypeVar("T")


@dataclass(frozen=True)
class Case:
    """`oddities`: which answers are odd, in what way, how often. `loss`: what becomes of the answer to the first
    request that starts the job."""

    row: Row
    oddities: tuple[tuple[str, str, float], ...]
    loss: str
    fails: bool

    @property
    def route(self) -> str:
        return ROUTES[self.row.job]

    @property
    def is_odd_to_submit(self) -> bool:
        """Whether the answer to the submission itself may be lost or odd."""
        return bool(self.loss) or self.is_odd_anywhere

    @property
    def is_odd_anywhere(self) -> bool:
        """Whether every answer may be odd, those to submissions too."""
        return any(match == "*" for match, _, _ in self.oddities)


CASES = some.builds(
    Case,
    some.sampled_from(ROWS),
    some.lists(
        some.tuples(some.sampled_from(READS), some.sampled_from(sorted(CATALOGUE)), some.sampled_from((1.0, 0.5))),
        min_size=1,
        max_size=4,
    ).map(tuple),
    some.sampled_from(("", *LOSSES)),
    some.booleans(),
)


def left_out(case: Case) -> str:
    """Why a case is not tried; each reason is a limit that `docs/reliability.md` names. All other jobs that fail are
    listed, or leave a cluster, or are never counted as absent."""
    if not case.fails or case.row.console:
        return ""
    if case.row.name == "backup, public" and case.is_odd_to_submit:
        return "no list shows a backup that failed at once"
    if case.row.name == "clone, by steps" and case.is_odd_anywhere:
        return "a restore that failed leaves no collection, and only the console lists its job"
    return ""


def may_be_unknown(case: Case) -> bool:
    """Whether the table lets the submission of this case end as unknown."""
    if not case.is_odd_to_submit:
        return False
    if not case.row.shows or (case.row.name == "clone, by steps" and case.is_odd_anywhere):
        return True  # listed nowhere; or the answer to its restore is lost too, of which only the collection tells
    return may_not_tell(case.row, ((match, name) for match, name, _ in case.oddities))


CLONE = next(row for row in ROWS if row.name == "clone, console")
LOCAL = (
    ("*.list", "times_local", 1.0),
    ("*.list", "date_far", 0.5),
    ("data.*", "files_quoted", 1.0),
    ("*.get", "names_decomposed", 1.0),
)
"""The clone counted as older than its request, so as absent: it was sent twice, or called Rejected while it ran."""


class HereCloud:
    """What `everykind` wants of a cloud, without a second thread."""

    def __init__(self, sim: CloudSimulator) -> None:
        self.sim, self.cluster, self.url = sim, MOVIES, sim.url

    def ask(self, what: Callable[[CloudSimulator], T]) -> T:
        return what(self.sim)


class HereUser:
    """What `everykind` wants of a user, on the stand-in in this process."""

    def __init__(self, rig_: Rig) -> None:
        self.rig = rig_

    def connect(self, cloud: HereCloud, *, console: bool) -> None:
        self.rig.secret()
        self.rig.connection(consoleApi={"enabled": console})

    def apply(self, *manifests: Body) -> None:
        for body in manifests:
            texts: dict[str, str] = body.pop("stringData", {})
            data = {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}
            meta = {"namespace": NAMESPACE} | body["metadata"]
            self.rig.kube.create(body | {"metadata": meta} | ({"data": data} if data else {}))


async def played(case: Case, place: Path) -> tuple[Body, CloudSimulator]:
    """The job's status when it has ended, or when it had its time, and the cloud that knows what was done."""
    async with rig(place, CloudSimulator(speed=SPEED)) as world:
        sim = world.cloud
        user = HereUser(world)
        walker = Walker(cast(User, user), cast(Cloud, HereCloud(sim)), case.row)
        # Somebody else was here before, and left what lists show.
        sim.act_as("console", "POST", f"/v2/clusters/{MOVIES}/backups/create", {"backupType": "CLUSTER"})
        body: dict[str, Any] = {"clusterId": MOVIES, "collectionName": "films"}
        body["objectUrls"] = [["s3://demo-data/films/part-3.parquet"]]
        sim.act_as("console", "POST", "/v2/vectordb/jobs/import/create", body)
        sim.advance(3600)
        await world.start(QUICK)
        await world.until(lambda: world.status("zillizconnections", "default").get("conditions"), "the connection")
        if case.fails and case.row.told:
            sim.next_job(case.row.failing, failure=WHY)
        if case.loss:
            sim.fault(case.route, case.loss, times=1)  # type: ignore[arg-type]
        job = walker.apply()
        for match, name, probability in case.oddities:
            sim.odd(match, name, probability=probability)
        status: Body = {}
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.05)
            status = world.status(PLURAL[job.kind], job.name)
            if status.get("completionTime"):
                break
        await world.stop()
        return status, sim


def judged(case: Case, status: Body, sim: CloudSimulator) -> None:
    """What must hold whatever the cloud said."""
    twice = {token: count for token, count in sim.ledger.effects_per_token().items() if count > 1}
    assert not twice, f"one attempt had two effects: {twice}"
    state, reason, ours = status.get("state"), status.get("reason"), status.get("jobId")
    effects = sim.ledger.effects(client="api")
    if state == "Successful":
        assert effects or reason == "AlreadyInState", "an end of what was never begun"
    if ours and state in ("Successful", "Failed", "Canceled") and sim.jobs.get(ours) is not None:
        word = {"Successful": "SUCCESSFUL", "Failed": "FAILED", "Canceled": "CANCELED"}[state]
        assert sim.look(ours).status == word, f"the cloud's job is {sim.look(ours).status}"
        assert ours in {entry.job_id for entry in effects}, "the job of somebody else"
    if state == "Failed" and reason == "Rejected":
        assert not sim.ledger.effects(client="api", route=case.route), "refused, it says, and the job was begun"
    if reason == "SubmissionUnknown":
        assert may_be_unknown(case), f"unknown, though the cloud shows what it did: {status.get('message')}"
    for text in (status.get("message") or "", status.get("target") or "", status.get("cloudStatus") or ""):
        assert text.isprintable() or "\ufffd" in text


@pytest.mark.timeout(60 + 30 * EXAMPLES)
@hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),  # each example takes seconds, so none is played again to make it smaller
    suppress_health_check=list(HealthCheck),
)
@hypothesis.given(CASES)
@hypothesis.example(Case(CLONE, LOCAL, "status_after", fails=False))
@hypothesis.example(Case(CLONE, LOCAL, "status_after", fails=True))
def test_no_odd_answer_makes_two_effects_or_a_wrong_end(case: Case) -> None:
    if left_out(case):
        return
    with tempfile.TemporaryDirectory() as place:
        status, sim = asyncio.run(played(case, Path(place)))
    judged(case, status, sim)
