"""A registry of images and charts on this machine, without TLS, as long as a block lasts."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.controlplane.supervise import free_ports, is_healthy

SETTINGS = """\
version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage:
  filesystem: {{rootdirectory: {folder}/storage}}
http: {{addr: "127.0.0.1:{port}"}}
"""
START_SECONDS = 60


@contextmanager
def registry(program: Path, folder: Path) -> Iterator[str]:
    """Its host and port. `folder` takes what is pushed, and its log."""
    (port,) = free_ports(1)
    settings = folder / "registry.yaml"
    settings.write_text(SETTINGS.format(folder=folder, port=port))
    with (folder / "registry.log").open("wb") as log:
        process = subprocess.Popen([program, "serve", settings], stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + START_SECONDS
            while not is_healthy(port, "/v2/"):
                assert process.poll() is None, (folder / "registry.log").read_text()
                assert time.monotonic() < deadline, "the registry does not answer"
                time.sleep(0.1)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)
