"""Programs of the tests that are built once with Go, as the control plane is, and kept beside it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.controlplane.binaries import UnavailableError, cache_root
from tests.support.controlplane.gobuild import BuildError, go_toolchain

BUILD_SECONDS = 2400
STRIPPED = "-s -w"
SETTINGS = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off"}


@dataclass(frozen=True)
class GoProgram:
    """`package` of the Go module in `folder`, made of `files`, pinned by go.sum. `takes`: how long a build
    is; `flags`: those of the linker."""

    name: str
    folder: Path
    package: str
    files: tuple[str, ...]
    takes: str
    flags: str = STRIPPED

    def binary(self, environ: Mapping[str, str] | None = None) -> Path:
        """The program, built unless it is there. Raises UnavailableError where it cannot be."""
        env = dict(os.environ if environ is None else environ)
        digest = hashlib.sha256(f"{platform.system()}-{platform.machine()}".encode())
        for name in self.files:
            digest.update((self.folder / name).read_bytes())
        if self.flags != STRIPPED:
            digest.update(self.flags.encode())
        target = cache_root(env).parent / self.name / digest.hexdigest()[:16]
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not target.is_file():
                self._build(target, env)
        return target

    def _build(self, target: Path, env: dict[str, str]) -> None:
        print(f"\rtests: building {self.name}, {self.takes}, once", file=sys.__stderr__, flush=True)
        for name in ("GOOS", "GOARCH", "GOROOT"):
            env.pop(name, None)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            made = Path(folder) / self.name
            try:
                with go_toolchain(lambda line: None, env) as go:
                    command = [str(go), "build", "-trimpath", "-ldflags", self.flags, "-o", str(made), self.package]
                    subprocess.run(
                        command,
                        cwd=self.folder,
                        env=env | SETTINGS,
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
                    f"cannot build {self.name}: go ended with status {error.returncode}\n{end}"
                ) from error
            except subprocess.TimeoutExpired as error:
                raise UnavailableError(f"cannot build {self.name}: not done in {BUILD_SECONDS} s") from error
            made.rename(target)
