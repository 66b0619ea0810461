"""Rows from a real PostgreSQL with pgvector into a real Milvus, by the run script of the worker.

`make vts-data` installs both servers. The engine is played by `tests/support/vtsdata/rows.py`, which moves rows as it
does; with VTS_HOME, the folder of a distribution of VTS, the real engine does it too.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.support.vtsdata import servers, told
from tests.support.workershell import Ended, WorkerShell
from tests.unit.api.migrations import OLD, SECRET, of

from zilliz_jobs.api.jobstatus import Attempt, JobStatus
from zilliz_jobs.api.migrationjob import MigrationJobSpec
from zilliz_jobs.cloud.clusters import Cluster
from zilliz_jobs.cloud.dataplane import DATA_PLANE, NOT_LOADED, DataPlane
from zilliz_jobs.cloud.effects import Taken
from zilliz_jobs.cloud.errors import Rejected
from zilliz_jobs.cloud.limiter import Limiter
from zilliz_jobs.cloud.session import CloudSession
from zilliz_jobs.cloud.transport import Transport
from zilliz_jobs.core.observation import Blocked
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.base import Account, Baselined, SubmitContext
from zilliz_jobs.kinds.migrations.vts import checking
from zilliz_jobs.kinds.migrations.vts.config import Sink, is_marked, render
from zilliz_jobs.kinds.migrations.vts.manifests import CONFIG_FILE, engine_files
from zilliz_jobs.kinds.migrations.vts.verdict import Verdict, parse
from zilliz_jobs.kinds.workeraccess import VtsSettings, WorkerAccess
from zilliz_jobs.kube.workers import Workers

PYTHON = servers.python()
VTS_HOME = os.environ.get("VTS_HOME") or ""
pytestmark = [
    pytest.mark.vts_data,
    pytest.mark.timeout(900),
    pytest.mark.skipif(PYTHON is None, reason=told.REASON),
]

ROWS, DIMENSIONS = 50_000, 128
TOKEN = "3f9c1a2b4d5e6f708192a3b4c5d6e7f8"
LOGIN = {"username": "postgres", "password": "pg-CANARY"}
KEY = "root:sink-CANARY"
KEYS = (0, 1, 24_999, 49_999)

Ask = Callable[..., Any]
ENGINES = ["played", pytest.param("real", marks=pytest.mark.skipif(not VTS_HOME, reason=told.NO_ENGINE))]


def ask(command: str, *arguments: object) -> Any:
    """What `rows.py` prints."""
    done = subprocess.run(
        [str(PYTHON), str(servers.ROWS), command, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def source() -> Iterator[str]:
    assert PYTHON is not None
    with servers.postgres(PYTHON) as address:
        assert ask("seed", address, "items", ROWS, DIMENSIONS) == {"rows": ROWS}
        yield address


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    assert PYTHON is not None
    with servers.milvus(PYTHON) as uri:
        yield uri


@pytest.fixture(params=ENGINES)
def run(request: pytest.FixtureRequest, source: str, target: str, tmp_path: Path) -> Iterator[Callable[..., Ended]]:
    """One run of the worker to its end: of the table, into the collection."""
    shells: list[WorkerShell] = []
    listening: list[str] = []

    def to_its_end(table: str, collection: str, *, interrupted: bool = False, log: str = "WARN") -> Ended:
        address, _, database = source.rpartition("/")
        spec = spec_of(address, database, table, collection)
        files = {CONFIG_FILE: render(spec, 0, LOGIN, Sink(target, KEY, "default"), TOKEN), **engine_files()}
        files["log4j2.properties"] = files["log4j2.properties"].replace(
            "rootLogger.level = WARN", f"rootLogger.level = {log}"
        )
        folder = tmp_path / str(len(shells))
        if request.param == "real":
            shells.append(WorkerShell(folder, files, standin=False, SEATUNNEL_HOME=VTS_HOME))
        else:
            mover = f"{PYTHON} {servers.ROWS} move"
            shells.append(WorkerShell(folder, files, PLAY_SECONDS="30" if interrupted else "0", VTS_MOVER=mover))
        if interrupted:
            shells[-1].wait_until_it_works(180)
            listening.append(subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout)
            shells[-1].terminate()
        return shells[-1].ended(600)

    to_its_end.engine = request.param  # type: ignore[attr-defined]
    to_its_end.listening = listening  # type: ignore[attr-defined]
    yield to_its_end
    for shell in shells:
        shell.close()


def test_each_row_arrives_once_and_the_second_mark_with_it(run: Callable[..., Ended], target: str) -> None:
    name = f"items_{run.engine}"  # type: ignore[attr-defined]
    began = time.monotonic()
    ended = run("items", name)
    took = time.monotonic() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"{run.engine}: {ROWS} rows in {took:.0f} s, at most {used} MiB in one process")  # type: ignore[attr-defined]
    assert (ended.exit_code, parse(ended.message)) == (0, Verdict("FINISHED", 0, False, ROWS, ROWS)), ended.kept[
        -3000:
    ]
    assert "CANARY" not in ended.kept + ended.log + ended.message
    there = ask("look", target, name)
    assert there["fields"] == {"id": "INT64", "title": "VARCHAR", "v": "FLOAT_VECTOR"}
    assert is_marked(there["description"], TOKEN)
    assert there["indexes"] == []
    there = ask("finish", target, name)
    assert there["indexes"] == ["v"]
    assert ask("count", target, name) == {"count": ROWS}
    rows = {row["id"]: row for row in ask("sample", target, name, *KEYS)}
    assert {key: (row["title"], row["v"]) for key, row in rows.items()} == {
        key: (f"title {key}", vector_of(key)) for key in KEYS
    }


def test_a_second_run_would_double_the_rows_which_is_why_a_destination_must_be_absent(
    run: Callable[..., Ended], target: str
) -> None:
    name = f"twice_{run.engine}"  # type: ignore[attr-defined]
    for _ in range(2):
        assert run("few", name).exit_code == 0
    ask("finish", target, name)
    assert ask("count", target, name) == {"count": 200}


def test_a_table_that_is_not_there(run: Callable[..., Ended]) -> None:
    ended = run("nothing", "nothing")
    verdict = parse(ended.message)
    assert verdict is not None
    assert (ended.exit_code, verdict.exit, verdict.code, verdict.terminated) == (1, 1, "API-05", False)
    assert "CANARY" not in ended.log + ended.message


async def test_a_second_run_is_refused_but_for_a_retry_of_the_same_job(
    run: Callable[..., Ended], target: str
) -> None:
    """The operator's step Check, on a real target."""
    name = f"checked_{run.engine}"  # type: ignore[attr-defined]
    spec = spec_of("postgresql://127.0.0.1:1", "postgres", "few", name)
    assert PYTHON is not None
    with servers.rest(PYTHON, target) as url:
        transport = Transport(url, KEY, Limiter(1000), codes=DATA_PLANE)
        account = standing_for_an_account(url, DataPlane(transport))
        assert isinstance(await check(account, spec, JobStatus()), Baselined)
        assert run("few", name).exit_code == 0
        refused = await check(account, spec, JobStatus())
        assert isinstance(refused, Blocked)
        assert refused.reason is Reason.NAME_TAKEN
        retried = JobStatus(attempts=[Attempt(number=1, tokens=[TOKEN])])
        allowed = await check(account, spec, retried)
        assert isinstance(allowed, Baselined)
        assert allowed.baseline["drop"] == [f"default/{name}"]
        other = JobStatus(attempts=[Attempt(number=1, tokens=[TOKEN[::-1]])])
        assert isinstance(await check(account, spec, other), Blocked)
        await transport.close()


async def check(account: Account, spec: MigrationJobSpec, status: JobStatus) -> object:
    """What the step says of a new submission."""
    access = WorkerAccess(cast("Workers", None), "shop", VtsSettings("image"), KEY)
    context = SubmitContext("Check", status, "one", TOKEN[::-1] + "0", uid="uid", secrets=LOGIN)
    return await checking.baseline(access, account, spec, context)


def standing_for_an_account(url: str, data: DataPlane) -> Account:
    """One whose only cluster is at `url`."""

    async def describe(cluster_id: str) -> Cluster:
        return Cluster.model_validate({"clusterId": cluster_id, "status": "RUNNING", "connectAddress": url})

    session = SimpleNamespace(clusters=SimpleNamespace(describe=describe), data=lambda _address: data)
    return Account(cast("CloudSession", session))


def spec_of(address: str, database: str, table: str, collection: str) -> MigrationJobSpec:
    """One table into one collection."""
    values = {"uri": address, "database": database, **SECRET}
    moved = [{"source": table, "destination": collection}]
    return MigrationJobSpec.model_validate(of({"postgresql": values}, OLD, engine="VTS", collections=moved))


async def test_the_operators_own_calls_finish_what_the_engine_left(run: Callable[..., Ended], target: str) -> None:
    """Flush, Index, Load, Verify: the calls of these steps, in front of a Milvus that has no REST of version 2."""
    name = f"finished_{run.engine}"  # type: ignore[attr-defined]
    assert run("few", name).exit_code == 0
    assert PYTHON is not None
    with servers.rest(PYTHON, target) as url:
        transport = Transport(url, KEY, Limiter(1000), codes=DATA_PLANE)
        data = DataPlane(transport)
        once: dict[str, Any] = {"token": TOKEN, "fence": lambda: None}
        found = await data.describe_collection(name)
        assert is_marked(found.description or "", TOKEN)
        assert [one.name for one in found.without_index] == ["v"]
        with pytest.raises(Rejected):
            await data.count(name)  # it is not loaded
        assert isinstance(await data.flush(name, **once), Taken)
        for _ in range(2):  # repeated, as after a lost answer
            assert isinstance(await data.create_index(name, "v", "COSINE", **once), Taken)
            assert isinstance(await data.load(name, **once), Taken)
        assert not (await data.describe_collection(name)).without_index
        async with asyncio.timeout(60):
            while not (await data.load_state(name)).loaded:  # noqa: ASYNC110 - another process works
                await asyncio.sleep(0.2)
        assert await data.count(name) == 100
        assert isinstance(await data.release(name, **once), Taken)
        assert (await data.load_state(name)).load_state == NOT_LOADED
        await transport.close()


def test_told_to_end_it_ends_soon_and_meanwhile_it_serves_nobody(run: Callable[..., Ended]) -> None:
    began = time.monotonic()
    ended = run("items", f"interrupted_{run.engine}", interrupted=True)  # type: ignore[attr-defined]
    verdict = parse(ended.message)
    assert verdict is not None
    assert (ended.exit_code, verdict.exit, verdict.terminated, verdict.whole) == (143, 143, True, False)
    print(f"{run.engine}: ended {time.monotonic() - began:.0f} s after its start")  # type: ignore[attr-defined]
    java = [line.split()[3] for line in run.listening[0].splitlines() if '"java"' in line]  # type: ignore[attr-defined]
    assert java or run.engine == "played"  # type: ignore[attr-defined]
    assert all(place.startswith(("127.0.0.1:", "[::ffff:127.0.0.1]:")) for place in java), java
    assert "CANARY" not in ended.kept + ended.log + ended.message


@pytest.mark.skipif(not VTS_HOME, reason=told.NO_ENGINE)
def test_what_the_engine_says_of_its_config_is_shaded(run: Callable[..., Ended]) -> None:
    """At INFO it prints the whole config; the options that it is told to shade are the only thing that holds back."""
    ended = run("few", f"shaded_{run.engine}", log="INFO")  # type: ignore[attr-defined]
    assert run.engine == "played" or "Parsed config file" in ended.kept  # type: ignore[attr-defined]
    assert "CANARY" not in ended.kept


@pytest.fixture(autouse=True, scope="module")
def few(source: str) -> None:
    ask("seed", source, "few", 100, DIMENSIONS)


def vector_of(key: int) -> list[float]:
    """As `rows.py` writes it."""
    return [float((key * 31 + place * 7) % 1024) / 8 for place in range(DIMENSIONS)]
