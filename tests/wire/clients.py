"""The vendor's own clients, in an environment of their own: pinned in requirements/clients.txt, made once in the
cache directory, and run as programs of their own."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

PINS = Path(__file__).parents[2] / "requirements" / "clients.txt"
SECONDS = 300


class ClientsMissingError(Exception):
    """They cannot be installed here; the message says why."""


def client_python() -> Path:
    """The interpreter of the environment that has the clients; made where it is not there yet. Raises
    ClientsMissingError."""
    name = hashlib.sha256(PINS.read_bytes() + f"{sys.version} {platform.machine()}".encode()).hexdigest()[:16]
    base = os.environ.get("XDG_CACHE_HOME") or ""
    cache = Path(base) if base.startswith("/") else Path.home() / ".cache"
    home = cache / "zilliz-jobs-operator" / "clients" / name
    home.parent.mkdir(parents=True, exist_ok=True)
    with home.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one makes it, the others wait
        if not (home / "complete").exists():
            shutil.rmtree(home, ignore_errors=True)
            _make(home)
            (home / "complete").touch()
    return home / "bin" / "python"


def _make(home: Path) -> None:
    install = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(PINS)]
    for command in ([sys.executable, "-m", "venv", str(home)], install):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ClientsMissingError(f"cannot install the vendor's clients: {error}") from error
        if done.returncode:
            raise ClientsMissingError(f"cannot install the vendor's clients: {done.stderr.strip()[-400:]}")


async def run(python: Path, code: str, *arguments: str, env: dict[str, str] | None = None) -> tuple[int, str, str]:
    """A program of that environment: its exit code, and what it wrote."""
    program = await asyncio.create_subprocess_exec(
        str(python),
        "-c",
        code,
        *arguments,
        env={"PATH": os.environ.get("PATH", ""), **(env or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(program.communicate(), 60)
    return program.returncode or 0, out.decode(), err.decode()


BULK = """
import json, sys
from pymilvus import bulk_writer
calls = json.loads(sys.argv[1])
told = []
for name, arguments in calls:
    arguments = {k: (told[-1]["data"]["jobId"] if v == "<last job>" else v) for k, v in arguments.items()}
    try:
        told.append(getattr(bulk_writer, name)(**arguments).json())
    except Exception as error:
        told.append({"error": str(error)})
print(json.dumps(told))
"""

CLI = """
import sys
from zilliz_cli.core.model_loader import ModelLoader

load, url = ModelLoader.load, sys.argv.pop(1)

def elsewhere(self, plane):
    model = load(self, plane)
    model.endpoint = url
    return model

ModelLoader.load = elsewhere  # before its commands are made: they read the address at once
from zilliz_cli.cli import main

main()
"""


async def bulk(python: Path, *calls: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Calls of `pymilvus.bulk_writer`, one after the other, and the answers they took."""
    code, out, err = await run(python, BULK, json.dumps(calls))
    assert code == 0, err
    told: list[dict[str, Any]] = json.loads(out.splitlines()[-1])
    return told


async def cli(python: Path, url: str, home: Path, *words: str, key: str) -> tuple[int, Any]:
    """One command of zilliz-cli against this address: its exit code, and its answer as JSON or text."""
    env = {"ZILLIZ_API_KEY": key, "ZILLIZ_CONFIG_DIR": str(home), "HOME": str(home)}
    code, out, err = await run(python, CLI, url, "-o", "json", *words, env=env)
    try:
        return code, json.loads(out)
    except ValueError:
        return code, out + err
