"""The operator under test: as a process of its own, which can be killed, or in a thread of the test process."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import kopf
from tests.support.charted import Release
from tests.support.cloud import CANARY
from tests.support.controlplane import ControlPlane
from tests.support.controlplane.supervise import free_ports
from tests.support.forkserver import Forked, ForkServer
from tests.support.standin import StandIn

from zilliz_jobs.main import make_registry
from zilliz_jobs.settings import Settings
from zilliz_jobs.telemetry.logs import RedactingText

SOURCE = Path(__file__).parents[2] / "operator"
QUICK: dict[str, Any] = {
    "allow_http_endpoints": True,
    "poll_min": 0.2,
    "poll_max": 1.0,
    "progress_interval": 0.5,
    "retry_cap": 1.0,
    "missing_grace": 3,
    "workers": 8,
}
LOG_FORM = "%(asctime)s %(levelname)s %(name)s %(message)s"
ENDING = "being terminated"
NEVER = (CANARY, "Traceback (most recent call last)", "should not happen")


class Operator:
    """What both have in common: a log, and metrics."""

    def __init__(self, cluster: ControlPlane | StandIn, log: Path) -> None:
        self.log = log
        (self.metrics_port,) = free_ports(1)
        self._cluster, self._starts = cluster, cluster.apiserver_starts

    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def log_tail(self, lines: int = 40) -> str:
        return "\n".join(self.said().splitlines()[-lines:])

    def metrics(self) -> dict[str, float]:
        """Samples by name and labels, as the text form writes them."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def answers(self, answer: str) -> float:
        """How many submissions it had such an answer to: Accepted, NotSent, ..."""
        named = f'answer="{answer}"'
        return sum(n for name, n in self.metrics().items() if "submissions_total" in name and named in name)

    def require_clean_log(self) -> None:
        """No key, no stack trace, no surprise."""
        bad = [line for line in self.said().splitlines() if any(word in line for word in NEVER)]
        assert not bad, f"the operator's log holds what it never should:\n{chr(10).join(bad)}\n{self.log_tail(200)}"
        if self._cluster.apiserver_starts != self._starts:
            return  # while an API server starts it knows no roles yet
        # What earlier tests left may be in namespaces that end, where nobody may write.
        lacking = [line for line in self.said().splitlines() if "orbidden" in line and ENDING not in line]
        assert not lacking, f"the operator lacks a right:\n{chr(10).join(lacking)}"


class OperatorProcess(Operator):
    """`zilliz-jobs operator`. The log is one file over all its lives."""

    def __init__(
        self,
        cluster: ControlPlane | StandIn,
        log: Path,
        *,
        namespaces: tuple[str, ...] = (),
        release: Release | None = None,
        stop_at: str = "",
        clock_off: float = 0.0,
        forked: bool = True,
        **settings: Any,
    ) -> None:
        """`release`: of the chart, with its rights and its settings. `stop_at`: the step (see `stopping`) at which
        it stops itself; `clock_off`: seconds by which its machine's clock is ahead; `forked`: False for a program
        that is started as a shell does, which takes two seconds more; `settings` beside the usual ones."""
        super().__init__(cluster, log)
        (self.health_port,) = free_ports(1)
        ports = {"metrics_port": self.metrics_port, "health_port": self.health_port}
        charted = release.environment if release else {}
        self._environment = (
            cluster.environment
            | charted
            | {f"ZILLIZ_JOBS_{name.upper()}": str(value) for name, value in (QUICK | ports | settings).items()}
        )
        self._environment["PYTHONPATH"] = os.pathsep.join((str(SOURCE), str(SOURCE.parent)))
        flags = [*(f"--namespace={name}" for name in namespaces)]
        flags += ["--kubeconfig", str(release.kubeconfig)] if release else []
        program = ["tests.support.stopping", stop_at] if stop_at else ["zilliz_jobs.cli.app"]
        program = ["tests.support.wrongclock", str(clock_off)] if clock_off else program
        self._command = [*program, *(release.arguments if release else ["operator"]), *flags]
        self._forked = forked
        self._process: subprocess.Popen[bytes] | Forked | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            if self._forked:
                self._process = ForkServer.only().start(self._command[0], self._command[1:], self._environment, log)
                return
            command = [sys.executable, "-m", *self._command]
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)

    @property
    def pid(self) -> int:
        assert self._process is not None, "the operator does not run"
        return self._process.pid

    @property
    def runs(self) -> bool:
        return self._process is not None

    @property
    def is_stopped(self) -> bool:
        """Whether it stands still, by SIGSTOP."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    @property
    def leads(self) -> bool:
        """As its metric says; a process that stands still says nothing."""
        try:
            return self.metrics().get("zilliz_jobs_leader") == 1.0
        except OSError:
            return False

    def health(self) -> tuple[int, dict[str, Any]]:
        """Status and body of /healthz; status 0 where nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}/healthz", timeout=5) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, {}
        except OSError:
            return 0, {}

    def kill(self) -> None:
        """As the node's end would be: no signal handler, no last word."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """As kubelet stops it; the exit code."""
        return self._end(signal.SIGTERM)

    def close(self) -> None:
        if self._process is not None:
            self.stop()

    def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        assert process is not None, "the operator does not run"
        assert process.poll() is None, f"the operator has ended by itself:\n{self.log_tail()}"
        os.kill(process.pid, how)
        try:
            return process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the operator does not end:\n{self.log_tail()}") from None


class ClosingLoop(asyncio.SelectorEventLoop):
    """An event loop that does not leave while its connections take their leave.

    kopf cuts its watches off in the midst of an answer. Over TLS such a connection waits for the server's last word,
    and aiohttp has forgotten it by then: the close of its session does not wait for it. Where the server takes some
    milliseconds longer than the operator's end, the socket would be left open, for the garbage collector to find in
    whatever test runs then. A connection that nobody closed at all is left as it is: to be found.
    """

    def __init__(self) -> None:
        super().__init__()
        self._outgoing: list[asyncio.Transport] = []

    async def create_connection(self, *args: Any, **kwargs: Any) -> Any:
        transport, protocol = await super().create_connection(*args, **kwargs)
        self._outgoing.append(transport)
        return transport, protocol

    def close(self) -> None:
        if not self.is_closed():
            for transport in self._outgoing:
                if transport.is_closing():
                    transport.abort()
            self.run_until_complete(asyncio.sleep(0))  # the turn in which the sockets are closed
        super().close()


class OperatorInProcess(Operator):
    """The operator in a thread: the same registry that `zilliz_jobs.main.run` uses."""

    def __init__(self, release: Release, log: Path) -> None:
        super().__init__(release.cluster, log)
        self._namespaces = release.namespaces
        settings = Settings(
            kubeconfig=release.kubeconfig, namespaces=[*self._namespaces], metrics_port=self.metrics_port, **QUICK
        )
        self._registry = make_registry(settings)
        self._stop = threading.Event()
        self._thread = ThreadPoolExecutor(1, "operator")
        self._handler = logging.FileHandler(log)

    def start(self) -> None:
        root = logging.getLogger()
        self._level = root.level
        root.setLevel(logging.INFO)
        self._handler.setFormatter(RedactingText(LOG_FORM))
        root.addHandler(self._handler)
        self._life = self._thread.submit(self._run)

    def _run(self) -> None:
        # Not kopf's own runner: it closes the loop at once, whatever still happens in it.
        with asyncio.Runner(loop_factory=ClosingLoop) as runner:
            runner.run(
                kopf.operator(
                    registry=self._registry,
                    standalone=True,
                    clusterwide=not self._namespaces,
                    namespaces=self._namespaces,
                    stop_flag=self._stop,
                )
            )

    def close(self) -> None:
        self._stop.set()
        try:
            self._life.result(timeout=40)
            self._thread.shutdown()
        finally:
            root = logging.getLogger()
            root.setLevel(self._level)
            root.removeHandler(self._handler)
            self._handler.close()
