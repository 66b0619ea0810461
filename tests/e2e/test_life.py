"""The life of a job, from `kubectl create` to its end, as a user sees it. The operator runs in this process."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.support.charted import Release
from tests.support.cloud import BROKEN, Cloud
from tests.support.operators import Operator, OperatorInProcess
from tests.support.user import Body, Job, User, condition

pytestmark = pytest.mark.controlplane

# Ready, Succeeded, Finished, Reconciling, Stalled; None: absent
RUNNING = ("False", "Unknown", "False", "True", None)
SUSPENDED = ("True", "Unknown", "False", None, None)
SUCCESSFUL = ("True", "True", "True", None, None)
BADLY_ENDED = ("False", "False", "True", None, "True")


@pytest.fixture(scope="module")
def operator(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    operator = OperatorInProcess(release, tmp_path_factory.mktemp("operator") / "operator.log")
    operator.start()
    yield operator
    operator.close()
    operator.require_clean_log()


def row(body: Body) -> tuple[str | None, ...]:
    kinds = ("Ready", "Succeeded", "Finished", "Reconciling", "Stalled")
    return tuple(condition(body, kind).get("status") for kind in kinds)


def test_a_backup_and_an_import_succeed_and_every_column_tells(user: User, cloud: Cloud) -> None:
    """Else a user could not tell from `kubectl get zilliz` what his jobs do."""
    user.connect(cloud)
    backup, films = user.backup(cloud), user.importing(cloud)
    for job in (backup, films):
        user.kubectl("wait", "--for=condition=Finished", job.arg, "--timeout=90s")
        assert row(job.body()) == SUCCESSFUL
    made = {entry.target.get("backupId") for entry in cloud.effects()}
    assert backup.status()["result"]["backupId"] in made
    assert films.status()["result"]["importedRows"] == 120_000
    assert {job.status()["jobId"] for job in (backup, films)} == {entry.job_id for entry in cloud.effects()}

    short = user.kubectl("get", "zilliz", "--no-headers=false").splitlines()
    titles = [line.split() for line in short if line.startswith("NAME")]
    assert titles == [["NAME", "STATE", "REASON", "PROGRESS", "TARGET", "JOB-ID", "AGE"]] * 2
    seen = {line.split()[0]: line.split() for line in short if "/" in line.split(" ")[0]}
    name, state, progress, target, job_id, _ = next(v for k, v in seen.items() if "importjob" in k)
    assert (state, progress, target) == ("Successful", "100", f"{cloud.cluster}/default/films")
    assert name.endswith("/films")
    assert job_id == films.status()["jobId"]
    wide = user.kubectl("get", "zilliz", "-o", "wide")
    for title in ("STARTED", "FINISHED", "CONNECTION", "MESSAGE"):
        assert title in wide
    assert user.kubectl("get", "zbk,zim", "-o", "name").split() == [
        "backupjob.jobs.zilliz.com/movies",
        "importjob.jobs.zilliz.com/films",
    ]


def test_kubectl_wait_returns_for_every_end(user: User, cloud: Cloud) -> None:
    """Else a pipeline that waits for a job would hang when the job fails or is cancelled."""
    user.connect(cloud, console=True)
    broken = user.importing(cloud, url=BROKEN)
    cloud.next_job("BACKUP", run_seconds=10_000)
    cancelled = user.backup(cloud)
    cancelled.until_submitted()
    assert row(cancelled.body()) == RUNNING
    cancelled.ask("cancel-requested", "1")
    for job, state in ((broken, "Failed"), (cancelled, "Canceled")):
        user.kubectl("wait", "--for=condition=Finished", job.arg, "--timeout=90s")
        body = job.body()
        assert body["status"]["state"] == state
        assert row(body) == BADLY_ENDED
    assert "dimension" in broken.status()["message"]
    assert user.refused("wait", "--for=condition=Succeeded", broken.arg, "--timeout=0s")


def test_each_stage_before_the_submission_has_its_conditions(user: User, cloud: Cloud) -> None:
    """Else a GitOps tool would call a suspended job broken, or a waiting one done."""
    user.connect(cloud)
    held = user.backup(cloud, suspend=True)
    held.until_reason("Suspended")
    assert row(held.body()) == SUSPENDED
    assert condition(held.body(), "Suspended")["status"] == "True"
    waiting = user.importing(cloud, connectionRef={"name": "later"})
    waiting.until_reason("ConnectionNotFound")
    assert row(waiting.body()) == RUNNING
    for body in (held.body(), waiting.body()):
        generation = body["metadata"]["generation"]
        assert body["status"]["observedGeneration"] == generation
        for one in body["status"]["conditions"]:
            assert one["observedGeneration"] == generation
            assert one["reason"].isalnum()
            assert one["lastTransitionTime"]
    assert not cloud.requests()


def test_events_and_describe_tell_the_story(user: User, cloud: Cloud) -> None:
    """Else whoever looks at `kubectl describe` would see how a job ended and not how it came to that."""
    user.connect(cloud)
    cloud.next_job("IMPORT", run_seconds=40)  # the times of events are whole seconds
    broken = user.importing(cloud, url=BROKEN)
    broken.until_ended("Failed")
    assert "dimension" in broken.until_told("JobFailed")
    assert {"Submitted", "JobFailed"} <= broken.told()
    kinds = {event["reason"]: event["type"] for event in broken.events()}
    assert (kinds["Submitted"], kinds["JobFailed"]) == ("Normal", "Warning")
    shown = user.kubectl("describe", broken.arg)
    assert "JobFailed" in shown
    assert "dimension of field 'vector'" in shown
    listed = user.kubectl("get", "events", "--sort-by=.lastTimestamp")
    assert listed.index("Submitted") < listed.index("JobFailed")


def test_kubectl_explains_the_fields(user: User) -> None:
    """Else a user would have to leave the terminal to learn what to write."""
    text = user.kubectl("explain", "importjob.spec.objectStorage")
    assert "urls" in text
    assert "Files or folders (ending in /) in object storage" in text
    assert "Canceled" in user.kubectl("explain", "backupjob.status.state")


def test_a_job_costs_the_api_server_few_writes(user: User, cloud: Cloud, operator: Operator) -> None:
    """Else ten thousand jobs would be a burden on the cluster. Progress is written beside these."""
    user.connect(cloud)
    with Watch(user, "backupjobs") as seen:
        job = user.backup(cloud)
        job.until_ended()
        user.until("the watch has seen the end", lambda: any("completionTime" in s for s in seen.statuses))
    skeletons = [_without_progress(status) for status in seen.statuses if status.get("observedGeneration") != -1]
    changes = [s for before, s in zip([None, *skeletons], skeletons, strict=False) if s != before]
    reasons = [status.get("reason") for status in seen.statuses]
    assert len(changes) <= 4, f"{len(changes)} writes: {reasons}\n{operator.log_tail()}"


def _without_progress(status: Body) -> Body:
    minor = {"progressPercent", "lastProgressTime", "estimatedCompletionTime", "cloudStatus", "startTime", "attempts"}
    minor |= {"reason", "message", "state", "result", "conditions"}
    kept = {name: value for name, value in status.items() if name not in minor}
    rows = [(c["type"], c["status"]) for c in status.get("conditions") or []]
    return kept | {"rows": rows}


class Watch:
    """Every version of the objects of one kind, as the API server tells them."""

    def __init__(self, user: User, plural: str) -> None:
        self.statuses: list[Body] = []
        context = ssl.create_default_context(cafile=str(user.cluster.ca_file))
        self._wire = http.client.HTTPSConnection(
            user.cluster.url.removeprefix("https://"), context=context, timeout=60
        )
        path = f"/apis/jobs.zilliz.com/v1alpha1/namespaces/{user.namespace}/{plural}?watch=1&timeoutSeconds=60"
        self._wire.request("GET", path, headers={"Authorization": f"Bearer {user.cluster.admin_token}"})
        self._answer = self._wire.getresponse()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._wire.sock is not None:
            self._wire.sock.shutdown(2)
        self._thread.join()
        self._answer.close()
        self._wire.close()

    def _read(self) -> None:
        try:
            for line in self._answer:
                self.statuses.append(json.loads(line)["object"].get("status") or {})
        except (OSError, http.client.HTTPException, ValueError):
            pass  # closed


def test_a_job_of_the_examples_runs_as_it_is_written(user: User, cloud: Cloud) -> None:
    """Else the first manifest that a newcomer copies would not work."""
    user.connect(cloud)
    text = (Path(__file__).parents[2] / "examples" / "10-backup-cluster.yaml").read_text()
    user.kubectl("apply", "-f", "-", stdin=text)
    Job(user, "BackupJob", yaml.safe_load(text)["metadata"]["name"]).until_ended()
