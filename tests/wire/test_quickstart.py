"""The simulator as the pod of the quick start has it: its own program, with the arguments of the manifest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import yaml

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
