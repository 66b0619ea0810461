"""Programs of the tests that are built once with Go, as the control plane is, and kept beside it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.controlplane.binaries import UnavailableError, cache_root
from tests.support.controlplane.gobuild import BuildError, go_toolchain

BUILD_SECONDS = 2400
STRIPPED = "-s -w"
UNOPTIMISED = "all=-N -l -dwarf=false"
"""For the compiler: a large program is built in half the time, and need not be fast."""
SETTINGS = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off"}


@dataclass(frozen=True)
class GoProgram:
    """`package` of the Go module in `folder`, made of `files`, pinned by go.sum. `takes`: how long a build
    is; `flags`: those of the linker; `compiler`: those of the compiler; `toolchain`: the Go that it needs, where the
    one of the control plane is too old, as in `go1.27.3`."""

    name: str
    folder: Path
    package: str
    files: tuple[str, ...]
    takes: str
    flags: str = STRIPPED
    compiler: str = ""
    toolchain: str = ""

    def binary(self, environ: Mapping[str, str] | None = None) -> Path:
        """The program, built unless it is there. Raises UnavailableError where it cannot be."""
        env = dict(os.environ if environ is None else environ)
        digest = hashlib.sha256(f"{platform.system()}-{platform.machine()}".encode())
        for name in self.files:
            digest.update((self.folder / name).read_bytes())
        for chosen in (self.flags if self.flags != STRIPPED else "", self.compiler, self.toolchain):
            digest.update(chosen.encode())
        target = cache_root(env).parent / self.name / digest.hexdigest()[:16]
        with _one_at_a_time(target):
            if not target.is_file():
                self._build(target, env)
        return target

    def _build(self, target: Path, env: dict[str, str]) -> None:
        print(f"\rtests: building {self.name}, {self.takes}, once", file=sys.__stderr__, flush=True)
        settings = _settings(env, self.toolchain)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            made = Path(folder) / self.name
            try:
                with go_toolchain(lambda line: None, env) as go:
                    command = [str(go), "build", "-trimpath", "-ldflags", self.flags]
                    command += [f"-gcflags={self.compiler}"] if self.compiler else []
                    command += ["-o", str(made), self.package]
                    subprocess.run(
                        command,
                        cwd=self.folder,
                        env=settings,
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


def module_files(
    module: str,
    version: str,
    names: tuple[str, ...],
    environ: Mapping[str, str] | None = None,
    *,
    toolchain: str = "",
) -> Path:
    """A folder with these files of a Go module, as they are named there, kept beside the programs; all may be run.
    `toolchain`: as of a GoProgram. Raises UnavailableError where the module cannot be had."""
    env = dict(os.environ if environ is None else environ)
    digest = hashlib.sha256("\n".join((module, version, *names)).encode()).hexdigest()[:16]
    target = cache_root(env).parent / "modules" / digest
    with _one_at_a_time(target), tempfile.TemporaryDirectory(dir=target.parent) as folder:
        if target.is_dir():
            return target
        try:
            with go_toolchain(lambda line: None, env) as go:
                done = subprocess.run(
                    [str(go), "mod", "download", "-json", f"{module}@v{version}"],
                    cwd=folder,
                    env=_settings(env, toolchain) | {"GOFLAGS": ""},
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=BUILD_SECONDS,
                )
        except (BuildError, subprocess.TimeoutExpired) as error:
            raise UnavailableError(f"cannot get {module}: {error}") from error
        told = json.loads(done.stdout or "{}")
        if done.returncode != 0:
            raise UnavailableError(f"cannot get {module}: {told.get('Error') or done.stderr}")
        made = Path(folder) / "made"
        for name in names:
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(told["Dir"]) / name, made / name)
            (made / name).chmod(0o755)
        made.rename(target)
    return target


@contextmanager
def _one_at_a_time(target: Path) -> Iterator[None]:
    """Among all processes that want this file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _settings(env: Mapping[str, str], toolchain: str) -> dict[str, str]:
    """The environment of go: what the caller's shell says about other Go work does not count."""
    kept = {name: text for name, text in env.items() if name not in ("GOOS", "GOARCH", "GOROOT")}
    return kept | SETTINGS | ({"GOTOOLCHAIN": toolchain} if toolchain else {})
