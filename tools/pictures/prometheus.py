"""A Prometheus beside the operators of a run, and what it answers. Debian's program, which is not installed."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.controlplane.binaries import UnavailableError
from tests.support.controlplane.supervise import Reaper, Server, free_ports
from tests.support.debian import unpacked
from tools.bench.problem import Problem

PACKAGE = "prometheus"
START_SECONDS = 60.0
ANSWER_SECONDS = 30.0
INTERVAL = "1s"


def program() -> Path:
    """Raises Problem where it cannot be had."""
    try:
        return unpacked(PACKAGE, into="monitoring")[PACKAGE]
    except UnavailableError as error:
        raise Problem(f"cannot get Prometheus: {error}") from None


class Prometheus:
    def __init__(self, address: str) -> None:
        self._address = address

    def now(self, expression: str, at: float) -> list[Any]:
        """The series of an expression at a time (seconds), each with `metric` and `value`. Raises Problem."""
        return self._ask("query", query=expression, time=str(at))

    def over(self, expression: str, start: float, end: float, step: float) -> list[Any]:
        """The same from a time to another, with `values`. Raises Problem."""
        return self._ask("query_range", query=expression, start=str(start), end=str(end), step=str(step))

    def _ask(self, what: str, **query: str) -> list[Any]:
        url = f"http://{self._address}/api/v1/{what}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as answer:
                found: list[Any] = json.loads(answer.read())["data"]["result"]
        except urllib.error.HTTPError as error:
            with error:
                raise Problem(f"Prometheus refuses {query['query']}: {error.read().decode()[:300]}") from None
        return found


@contextmanager
def prometheus(folder: Path, reaper: Reaper, replicas: Mapping[str, int]) -> Iterator[Prometheus]:
    """`replicas`: the ports of their metrics, by the names of their pods. Each is read every second."""
    (port,) = free_ports(1)
    address = f"127.0.0.1:{port}"
    labels = {"namespace": "zilliz-jobs", "job": "zilliz-jobs-operator"}
    scraped = [
        {"targets": [f"127.0.0.1:{served}"], "labels": {**labels, "pod": pod}} for pod, served in replicas.items()
    ]
    config = folder / "prometheus.yaml"
    config.write_text(
        json.dumps(
            {
                "global": {"scrape_interval": INTERVAL, "scrape_timeout": INTERVAL},
                "scrape_configs": [{"job_name": "operator", "honor_labels": True, "static_configs": scraped}],
            }
        )
    )
    flags = [f"--config.file={config}", f"--storage.tsdb.path={folder / 'prometheus'}"]
    server = Server(PACKAGE, [str(program()), *flags, f"--web.listen-address={address}"], folder, reaper)
    server.start(lambda: _is_ready(address), START_SECONDS, os.environ)
    try:
        yield Prometheus(address)
    finally:
        server.stop(kill=True)


def _is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/-/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
