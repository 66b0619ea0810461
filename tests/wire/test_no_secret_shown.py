"""Canaries in every secret that the operator is given or told, and a cloud that says them all again: they stand
nowhere that anybody can read. The search knows nothing of how the operator hides them."""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, unquote_plus

import pytest
from tests.support.cloud import Cloud, LoopThread
from tests.support.controlplane.binaries import find_kubectl
from tests.support.everykind import ROUTES, ROWS, Walker
from tests.support.operators import OperatorProcess
from tests.support.standin import StandIn, stand_in
from tests.support.user import Job, User, manifest, secret

from zilliz_jobs.api.resources import RESOURCES
from zilliz_local.cloud import PROJECT

BUCKET = ("access", "secret", "token")
WALKED = {
    "backup": (),
    "import": BUCKET,
    "migration of backup files": BUCKET,
    "migration from a vendor": ("pine",),
    "migration from Milvus": ("pass",),
    "restore, new cluster": (),
    "export": (),
}
"""Rows of the table of kinds, and which canaries the cloud is given by them, beside the API key."""
PACKED = re.compile(r"[A-Za-z0-9+/_-]{12,}")


def shown_in(text: str, canary: str) -> bool:
    """Whether the canary stands in the text: as it is, in JSON, in a URL, in hex, or in a piece of base64."""
    views = {text, unquote_plus(text), unquote_plus(unquote_plus(text)), text.replace("\\", "")}
    if any(canary in view or canary.encode().hex() in view.lower() for view in views):
        return True
    pieces = {piece for view in views for piece in PACKED.findall(view)}
    return any(canary.encode() in raw for piece in pieces for raw in _unpacked(piece))


def _unpacked(piece: str) -> Iterator[bytes]:
    plain = piece.replace("-", "+").replace("_", "/")
    for begin in range(4):
        whole = plain[begin : begin + (len(plain) - begin) // 4 * 4]
        try:
            yield base64.b64decode(whole)
        except binascii.Error:
            continue


@pytest.mark.parametrize(
    "text",
    [
        "key ca/na+ry!1 here",
        quote("x ca/na+ry!1", safe=""),
        quote(quote("ca/na+ry!1")),
        json.dumps({"a": "ca/na+ry!1"}).replace("/", "\\/"),
        "see " + base64.b64encode(b"me:ca/na+ry!1:x").decode(),
        base64.b64encode(b"\xff\xffca/na+ry!1").decode(),
        b"ca/na+ry!1".hex(),
    ],
)
def test_the_search_finds_a_canary_in_every_dress(text: str) -> None:
    """Else the tests below would prove nothing."""
    assert shown_in(text, "ca/na+ry!1")
    assert not shown_in(text, "another one")


class Stage:
    """A user whose secrets are canaries."""

    def __init__(self, user: User, operator: OperatorProcess, cloud: Cloud) -> None:
        self.user, self.operator, self.cloud = user, operator, cloud
        self.rows = {row.name: row for row in ROWS}
        milvus = replace(self.rows["migration from a vendor"], example="81-migrate-milvus.yaml")
        self.rows["migration from Milvus"] = milvus
        self.canaries = {"api key": cloud.key} | {
            name: f"canary/{secrets.token_urlsafe(9)}+{name}="
            for name in ("access", "secret", "token", "pass", "pine")
        }

    def walker(self, name: str) -> Walker:
        walker = Walker(self.user, self.cloud, self.rows[name])
        self.user.connect(self.cloud, console=True)
        said = self.canaries
        self.user.apply(
            secret("demo-data-bucket", accessKey=said["access"], secretKey=said["secret"], token=said["token"]),
            secret("source-login", username="reader", password=said["pass"]),
            secret("source-api-key", apiKey=said["pine"]),
        )
        return walker

    def gossip(self, *given: str) -> str:
        """A reason that a cloud might give, with all that it was told."""
        all_ = " ".join(self.canaries[name] for name in ("api key", *given))
        return f"no access with {all_} = {quote(all_, safe='')} = {base64.b64encode(all_.encode()).decode()}"

    def written(self) -> dict[str, str]:
        """Everything that anybody can read, but the Secrets themselves."""
        kube = self.user.cluster.kube  # type: ignore[union-attr]
        names = ["events", "configmaps", "leases.coordination.k8s.io", *(resource.crd_name for resource in RESOURCES)]
        found = {"log": self.operator.said()}
        for name in names:
            try:
                found |= {f"{name} {n}": json.dumps(body) for n, body in enumerate(kube.objects(name))}
            except LookupError:
                continue
        for page, port in (("metrics", self.operator.metrics_port), ("healthz", self.operator.health_port)):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=5) as answer:
                found[page] = answer.read().decode()
        found["process"] = Path(f"/proc/{self.operator.pid}/cmdline").read_bytes().decode()
        return found

    def require_silence(self) -> None:
        written = self.written()
        assert len(written) > 10
        bad = [
            f"{name} in {where}: {text[:3000]}"
            for where, text in written.items()
            for name, canary in self.canaries.items()
            if shown_in(text, canary)
        ]
        assert not bad, "\n".join(bad[:5])


@pytest.fixture(scope="module")
def simulators() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture(scope="module")
def plane(simulators: LoopThread) -> Iterator[StandIn]:
    with stand_in(simulators, find_kubectl()) as plane:
        yield plane


@pytest.fixture
def stage(plane: StandIn, simulators: LoopThread, tmp_path: Path) -> Iterator[Stage]:
    operator = OperatorProcess(plane, tmp_path / "operator.log", forked=False, log_level="debug")
    cloud, namespace = Cloud(simulators), f"test-{secrets.token_hex(4)}"
    plane.kubectl("create", "namespace", namespace)
    operator.start()
    user = User(plane, namespace, operator)
    yield Stage(user, operator, cloud)
    user.close()
    operator.close()
    cloud.close()
    operator.require_clean_log()


ANSWERS = {"restore.*": 2}
"""Requests of one submission: the echo names a word that has another form, so the refused request is sent in it."""


def ended(job: Job) -> dict[str, object]:
    return job.until("ends", lambda s: s.get("completionTime"), 40)


def test_what_the_cloud_says_again_is_written_nowhere(stage: Stage, plane: StandIn) -> None:
    """Whoever may read logs, events or objects could else use the account, the bucket, the source, a new cluster."""
    cloud, user = stage.cloud, stage.user
    for route in ("project.list", "cluster.list", "job.get", "console.list"):
        cloud.fault(route, "echo", times=1)
    jobs = []
    for n, (name, given) in enumerate(WALKED.items()):
        walker = stage.walker(name)
        route = ROUTES[walker.row.job]
        cloud.fault(route, "echo", times=ANSWERS.get(route, 1))
        jobs.append(ended(walker.apply(f"refused-{n}")))
        cloud.next_job(walker.row.job, failure=stage.gossip(*given))
        jobs.append(ended(walker.apply(f"fails-{n}")))
    assert {job["state"] for job in jobs} == {"Failed"}
    assert all("***" in str(job["message"]) for job in jobs), (
        "else the cloud's words were not shown, and nothing hidden"
    )
    user.apply(manifest("JobCenter", "page", {"projectId": PROJECT, "intervalSeconds": 10}))
    kube = plane.kube
    rows = lambda: kube.objects("projectjobs.jobs.zilliz.com")  # noqa: E731
    user.until("the page is read", lambda: len(rows()) >= len(WALKED))
    user.until(
        "a row shows the cloud's words",
        lambda: [row for row in rows() if "***" in json.dumps((row.get("status") or {}).get("cloud"))],
    )
    kept = json.loads(user.kubectl("get", "secret", "-l", "jobs.zilliz.com/one-time-credentials", "-o", "json"))
    told = [item["data"]["password"] for item in kept["items"] if (item.get("data") or {}).get("password")]
    assert told, "the new cluster's password was told"
    stage.canaries |= {f"password {n}": base64.b64decode(one).decode() for n, one in enumerate(told)}
    command = [sys.executable, "-m", "zilliz_jobs.cli.app", "release-finalizers", "-A", "--dry-run"]
    done = subprocess.run(command, env=stage.operator._environment, capture_output=True, text=True, timeout=60)
    assert not any(shown_in(done.stdout + done.stderr, canary) for canary in stage.canaries.values())
    stage.require_silence()


def test_nor_by_a_process_that_did_not_send_it(stage: Stage) -> None:
    """The reason of a job's end names the bucket's key, and the operator was restarted since the submission."""
    walker = stage.walker("import")
    stage.cloud.next_job("IMPORT", failure=stage.gossip(*BUCKET), run_seconds=100_000)
    job = walker.apply("outlasts")
    job_id = job.until("runs", lambda s: s.get("state") == "InProgress")["jobId"]
    stage.operator.kill()
    stage.cloud.ask(lambda sim: sim.force(job_id, "FAILED", reason=stage.gossip(*BUCKET)))
    stage.operator.start()
    assert "***" in str(ended(job)["message"])
    stage.require_silence()
