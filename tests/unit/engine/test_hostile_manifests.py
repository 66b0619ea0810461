"""Any manifest that the API server takes, in a cloud that answers with anything. If these fail, one such object stops
its passes, fills its status, asks the cloud all day, or is submitted time and again."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import random
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from tests.unit.engine.fakes import Accounts
from tests.unit.jobs.test_reconciler import NOON, Bench

from zilliz_jobs.accounts.secret_access import CREDENTIALS_LABEL
from zilliz_jobs.api.crd import crd
from zilliz_jobs.cloud.limiter import Limiter
from zilliz_jobs.cloud.session import CloudSession
from zilliz_jobs.control.objects import status_of
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.kinds.base import Account, AnyKind
from zilliz_jobs.kube.errors import NotFound
from zilliz_jobs.kube.secrets import Secret

pytestmark = pytest.mark.looptime
WATCHED = 900.0
MANIFESTS = 3
WORDS = ["a", "in01-demo", "s3://b/k.parquet", "https://h.example/x", "aws-us-west-2", "\u202e", "x" * 128, "0", "Z"]


def some(schema: dict[str, Any], chance: random.Random, full: float = 0.5) -> Any:
    """A value that the schema takes; optional fields with the chance `full`."""
    if "enum" in schema:
        return chance.choice(schema["enum"])
    match schema.get("type"):
        case "object" if "properties" in schema:
            wanted = set(schema.get("required") or ())
            parts = sorted(schema["properties"].items())
            return {n: some(p, chance, full) for n, p in parts if n in wanted or chance.random() < full}
        case "object":
            inner = schema.get("additionalProperties") or {"type": "string"}
            least, most = schema.get("minProperties", 0), min(3, schema.get("maxProperties", 3))
            return {f"k{n}": some(inner, chance, full) for n in range(chance.randint(least, most))}
        case "array":
            least = schema.get("minItems", 0)
            return [some(schema["items"], chance, full) for _ in range(chance.randint(least, least + 2))]
        case "integer":
            low, high = schema.get("minimum", -5), schema.get("maximum", 2**40)
            return chance.choice([low, high, min(high, low + 1), chance.randint(low, high)])
        case "number":
            return chance.choice([schema.get("minimum", 0), schema.get("maximum", 1.5)])
        case "boolean":
            return chance.random() < 0.5
        case _:
            word = chance.choice(WORDS)[: schema.get("maxLength", 128)]
            return word.ljust(schema.get("minLength", 0), "x")


ROW: dict[str, Any] = {
    "jobId": "job-1",
    "backupId": "b-1",
    "clusterId": "in01-demo",
    "projectId": "p",
    "status": "RUNNING",
    "state": "Completed",
    "cuSize": 1,
    "replica": 1,
    "plan": "Dedicated",
    "username": "u",
    "password": "one-time-password",
    "connectAddress": "https://in01-a.aws-us-west-2.vectordb.zillizcloud.com:19530",
    "createTime": "2026-03-01T11:00:00Z",
}
NAMES = ("backups", "clusters", "jobs", "records", "tasks", "projects")
ODD: list[Any] = [None, [], {}, "x" * 3000, 7, {"jobId": 7, "status": []}, {n: [None] for n in NAMES}]


def says(code: int, data: Any, message: str = "") -> httpx2.Response:
    return httpx2.Response(200, json={"code": code, "data": data, "message": message})


def answers(mode: str) -> Any:
    turn = itertools.count()

    def garbage(_request: httpx2.Request) -> httpx2.Response:
        number = next(turn)
        if number % 9 == 8:
            return httpx2.Response(502, content=b"<html>")
        return says(0, ODD[number % len(ODD)], "odd")

    def refusal(_request: httpx2.Request) -> httpx2.Response:
        return says((40001, 80001, 90102, 40013, 41234)[next(turn) % 5], None, "no " * 2000)

    def agreement(_request: httpx2.Request) -> httpx2.Response:
        return says(0, ROW | {name: [ROW] for name in NAMES} | {"count": 1, "total": 1, "has": False})

    def effects_only_garbage(request: httpx2.Request) -> httpx2.Response:
        reads = request.method == "GET" or request.url.path.endswith(("/list", "/describe", "/has"))
        return agreement(request) if reads else garbage(request)

    def silence(_request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("silence")

    modes = (garbage, refusal, agreement, effects_only_garbage, silence)
    return {call.__name__: call for call in modes}[mode]


class Vault:
    """All Secrets are there that a spec names, and none else but those that were made."""

    def __init__(self, kind: AnyKind) -> None:
        self.kind, self.spec, self.made = kind, None, dict[str, Secret]()

    async def read(self, namespace: str, name: str) -> Secret:
        if name in self.made:
            return self.made[name]
        for need in self.kind.secrets(self.spec) if self.spec else ():
            if need.name == name:
                data = {key: base64.b64encode(b"value-of-it").decode() for key in need.keys}
                return Secret(namespace, name, "s", "1", {CREDENTIALS_LABEL: "true"}, data)
        raise NotFound("no Secret")

    async def create(self, namespace: str, name: str, *, labels: Any, annotations: Any) -> Secret:
        self.made[name] = Secret(namespace, name, "s", "1", labels, {}, annotations)
        return self.made[name]

    async def fill(self, *_: Any) -> None:
        return None


class OneAccount(Accounts):
    def __init__(self, account: Account) -> None:
        super().__init__()
        self.one = account

    async def account(self, _key: Any, *, parting: bool = False) -> Any:
        return self.one


async def some_time(kind: AnyKind, spec: Any, mode: str) -> tuple[Bench, list[httpx2.Request]]:
    asked: list[httpx2.Request] = []
    answer, loop = answers(mode), asyncio.get_running_loop()

    def handle(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        found: httpx2.Response = answer(request)
        return found

    session = CloudSession(
        "https://cloud.test",
        "0123456789abcdef-key",
        limiter=Limiter(1000),
        wire=httpx2.MockTransport(handle),
        console_path="/c",
    )
    body = {"apiVersion": "jobs.zilliz.com/v1alpha1", "kind": kind.resource.kind, "spec": spec}
    meta = {"name": "one", "namespace": "ns", "uid": "u1", "resourceVersion": "1", "generation": 1}
    bench = Bench({**body, "metadata": {**meta, "creationTimestamp": "2026-03-01T12:00:00Z"}})
    bench.kind = kind  # type: ignore[assignment]
    bench.accounts = OneAccount(Account(session, project_id="p"))
    bench.restart()
    vault: Any = Vault(kind)
    bench.actions._inputs._secrets = bench.actions._credentials._secrets = vault
    vault.spec = kind.resource.spec.model_validate(spec)
    began, tries, seen = loop.time(), 0, None
    try:
        while bench.shelf.body is not None and (gone_by := loop.time() - began) < WATCHED:
            bench.now = NOON + timedelta(seconds=int(gone_by))
            result = await bench.reconcile(tries, seen)
            seen = None
            tries = 0 if result.learnt else tries + 1
            waits = [seconds for seconds in (result.wake, result.look) if seconds is not None]
            if not waits:
                break
            await asyncio.sleep(min(300.0, max(0.01 if result.look is None else 5.0, min(waits))))
            if result.look is not None and bench.shelf.body is not None:  # the poll plan's part
                seen = await kind.read(bench.accounts.one, vault.spec, status_of(bench.shelf.body))
    finally:
        await session.close()
    return bench, asked


@pytest.mark.parametrize("mode", ["garbage", "refusal", "agreement", "effects_only_garbage", "silence"])
@pytest.mark.parametrize("kind", JOB_KINDS, ids=lambda kind: kind.resource.kind)
async def test_any_manifest_in_any_cloud_is_a_quiet_object(kind, mode, caplog):
    schema = crd(kind.resource)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    chance = random.Random(f"{kind.resource.kind} {mode}")
    judged = 0
    for number in range(20 * MANIFESTS):
        spec = some(schema, chance, (0.2, 0.5)[number % 2])
        try:
            parsed = kind.resource.spec.model_validate(spec)
        except ValueError:
            continue
        usable = all(rule.holds(parsed) for rule in kind.resource.rules)
        if not usable and number % 20:
            continue
        spec |= {"suspend": False} if usable else {}
        judged += 1
        bench, asked = await some_time(kind, spec, mode)
        if bench.shelf.body is None:
            continue  # its time to live was over
        status = bench.shelf.status
        assert status.get("conditions"), spec
        assert len(json.dumps(status)) < 65536, spec
        assert usable or (status["reason"] == "InvalidSpec" and not asked), (status, spec)
        # Each look may ask up to three places where an answer cannot be read.
        assert len(asked) < 3 * 90, (len(asked), status.get("reason"), spec)
        effects = [r for r in asked if r.method == "POST" and r.headers.get("x-request-id")]
        assert len(effects) < 40, spec
        assert "one-time-password" not in json.dumps(status) + str(bench.events)
        broken = [r for r in caplog.records if "broke off" in r.message or "should not happen" in r.message]
        assert not broken, (broken[0].message, broken[0].exc_info, spec)
        if judged >= MANIFESTS:
            break
    assert judged >= 3, "hardly a manifest could be used"
