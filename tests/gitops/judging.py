"""Asks what GitOps tools make of objects: the real kstatus, Flux's own CEL evaluator, and Argo CD's Lua interpreter.

The program in `judge/` is built once with Go, as the control plane of the end-to-end tests is, and kept beside it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.controlplane.binaries import UnavailableError, cache_root
from tests.e2e.controlplane.gobuild import BuildError, go_toolchain

Body = dict[str, Any]
SOURCE = Path(__file__).parent / "judge"
BUILD_SECONDS = 800


def judge_binary(environ: Mapping[str, str] | None = None) -> Path:
    """The program, built unless it is there. Raises UnavailableError where it cannot be."""
    env = dict(os.environ if environ is None else environ)
    digest = hashlib.sha256(f"{platform.system()}-{platform.machine()}".encode())
    for name in ("main.go", "go.mod", "go.sum"):
        digest.update((SOURCE / name).read_bytes())
    target = cache_root(env).parent / "judge" / digest.hexdigest()[:16]
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_file():
            _build(target, env)
    return target


def _build(target: Path, env: dict[str, str]) -> None:
    print("\rgitops tests: building the judge, about two minutes, once", file=sys.__stderr__, flush=True)
    settings = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off"}
    for name in ("GOOS", "GOARCH", "GOROOT"):
        env.pop(name, None)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        made = Path(folder) / "judge"
        try:
            with go_toolchain(lambda line: None, env) as go:
                command = [str(go), "build", "-trimpath", "-ldflags", "-s -w", "-o", str(made), "."]
                subprocess.run(
                    command,
                    cwd=SOURCE,
                    env=env | settings,
                    check=True,
                    capture_output=True,
                    text=True,
                    timeout=BUILD_SECONDS,
                )
        except BuildError as error:
            raise UnavailableError(str(error)) from error
        except subprocess.CalledProcessError as error:
            end = "\n".join(error.stderr.splitlines()[-10:])
            raise UnavailableError(
                f"cannot build the judge: go ended with status {error.returncode}\n{end}"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise UnavailableError(f"cannot build the judge: not done in {BUILD_SECONDS} s") from error
        made.rename(target)


@dataclass
class Judge:
    """`ask` many questions at once; an answer that is an error raises."""

    binary: Path

    def kstatus(self, bodies: Sequence[Body]) -> list[str]:
        return self._ask([{"object": body} for body in bodies])

    def lua(self, bodies: Sequence[Body], script: str) -> list[Any]:
        return self._ask([{"object": body, "lua": script} for body in bodies])

    def expressions(self, bodies: Sequence[Body], by_kind: Mapping[str, Body]) -> list[str]:
        return self._ask([{"object": body, "expressions": by_kind[body["kind"]]} for body in bodies])

    def _ask(self, questions: Sequence[Body]) -> list[Any]:
        done = subprocess.run(
            [str(self.binary)], input=json.dumps(questions), capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        answers = json.loads(done.stdout)
        bad = [(a["error"], q["object"]) for a, q in zip(answers, questions, strict=True) if "error" in a]
        assert not bad, f"a tool cannot judge an object: {bad[0]}"
        return [answer["result"] for answer in answers]
