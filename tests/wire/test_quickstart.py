"""The simulator as the pod of the quick start has it: its own program, with the arguments of the manifest."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml
from tests.support.engine_rig import Rig, rig
from tests.support.kubectl_zilliz import typed

from zilliz_local.cloud import CloudSimulator, ManualClock

FOLDER = Path(__file__).parents[2] / "deploy" / "quickstart"
BOUND = 60.0


def asked(url: str, **headers: str) -> object:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5) as answer:
        return json.load(answer)


def test_it_starts_with_the_arguments_of_the_manifest_and_takes_the_key_of_the_connection(tmp_path: Path) -> None:
    bodies = [*yaml.safe_load_all((FOLDER / "simulator.yaml").read_text())]
    bodies += yaml.safe_load_all((FOLDER / "connection.yaml").read_text())
    (container,) = bodies[0]["spec"]["template"]["spec"]["containers"]
    (secret,) = (body for body in bodies if body["kind"] == "Secret")
    probe = container["readinessProbe"]["httpGet"]["path"]
    found = tmp_path / "url"
    here = ["--port", "0", "--url-file", str(found)]  # the port of the manifest may be taken on this machine
    process = subprocess.Popen(
        [sys.executable, "-m", "zilliz_local.cloud", *container["args"], *here],
        env=os.environ | {"HOME": "/nonexistent"},
    )
    try:
        deadline = time.monotonic() + BOUND
        while not found.exists():
            assert process.poll() is None
            assert time.monotonic() < deadline, "it does not listen"
            time.sleep(0.05)
        port = found.read_text().strip().rpartition(":")[2]
        asked(f"http://127.0.0.1:{port}{probe}")
        key = {"Authorization": f"Bearer {secret['stringData']['apiKey']}"}
        clusters = json.dumps(asked(f"http://127.0.0.1:{port}/v2/clusters", **key))
        (backup,) = yaml.safe_load_all((FOLDER / "backup.yaml").read_text())
        assert backup["spec"]["clusterId"] in clusters
    finally:
        process.terminate()
        process.wait(10)
    assert process.returncode == 0, "a pod would be killed after its grace period"


PAGE = (FOLDER.parents[1] / "docs" / "quickstart.md").read_text(encoding="utf-8")


def commands(beginning: str) -> list[list[str]]:
    """The commands of the page's second step that begin so, as a shell takes them apart."""
    step = PAGE.partition("## 2. ")[2].partition("## 3. ")[0].replace("\\\n", " ")
    lines = [line.strip().removeprefix("$ ") for line in step.splitlines()]
    return [shlex.split(line) for line in lines if line.startswith(beginning)]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Rig]:
    """In the time of the programs that ask it."""
    async with rig(tmp_path, CloudSimulator(clock=ManualClock()), virtual=False) as world:
        world.secret()
        await world.cloud.start()
        await world.kube.start()
        world.connection()
        yield world
        await world.kube.stop()


async def test_the_commands_of_the_page_do_what_it_says(world: Rig, tmp_path: Path) -> None:
    """Somebody who tries it out would think that it does not work."""
    config = tmp_path / "kubeconfig"
    world.kube.write_kubeconfig(config)
    for name in ("backup.yaml", "schedule.yaml"):
        (body,) = yaml.safe_load_all((FOLDER / name).read_text())
        body["metadata"]["namespace"] = "default"
        world.kube.create(body)
    await world.start()
    world.cloud.world.clock.set_speed(1000)
    creations = commands("kubectl zilliz create import")
    assert [words[4] for words in creations] == ["films", "broken"]
    seen = await typed(config, *creations[0][2:])
    assert seen.code == 0, seen.out + seen.err
    assert [words[2:] for words in commands("kubectl zilliz wait")] == [["wait", "movies"]]
    assert (await typed(config, "wait", "movies")).code == 0
    (run,) = commands("kubectl zilliz run")
    seen = await typed(config, *run[2:])
    assert seen.code == 0, seen.out + seen.err
    (told,) = commands("curl -X POST")
    await asyncio.to_thread(posted, told[3].replace("localhost:8080", world.cloud.url), told[5])
    seen = await typed(config, *creations[1][2:])
    assert (seen.code, "vector dimension mismatch" in seen.out) == (1, True), seen.out + seen.err
    seen = await typed(config, *commands("kubectl zilliz retry")[0][2:])
    assert seen.code == 0, seen.out + seen.err
    await world.stop()


def posted(url: str, body: str) -> None:
    """As curl -d does it."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    with urllib.request.urlopen(urllib.request.Request(url, body.encode(), form), timeout=5):
        pass
