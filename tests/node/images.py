"""The images of operator and simulator, built as users build them, as archives for a node; kept until they change."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.image.base import base_tarball
from tests.image.store import temporary_store
from tests.support.controlplane.binaries import Report, cache_root
from tests.support.workershell import JAVA as STANDIN
from tests.unit.test_dockerfile_vts import DISTRIBUTION, packed

from zilliz_jobs import __version__

ROOT = Path(__file__).parents[2]
ENGINE = ROOT / "images" / "vts-worker"
MADE_OF = (
    "Dockerfile",
    ".dockerignore",
    "Makefile",
    "release.mk",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "requirements",
    "operator",
    "deploy/quickstart",
)
TIME = "1767225600"
JAVA = """\
#!/bin/sh
# A migration of a collection called `slow` takes as long as any test lasts.
export PLAY_SECONDS=4
grep -q '"slow"' /etc/vts/job.json && export PLAY_SECONDS=100000
exec python3 -I /opt/standin_java.py "$@"
"""
OPERATOR, SIMULATOR = (f"docker.io/library/zilliz-jobs-{what}:{__version__}" for what in ("operator", "simulator"))
"""What containerd takes the short names of the chart and of deploy/quickstart for."""
WORKER = "docker.io/library/vts-worker:1.2.2"


@dataclass(frozen=True)
class Archives:
    operator: Path
    simulator: Path


def archives(report: Report) -> Archives:
    """Built unless nothing has changed since: two minutes, and half a minute more for the first base. Raises
    UnavailableError (of tests/image) where no image can be built."""
    base = base_tarball()
    folder = cache_root(os.environ).parent / "node-images"
    folder.mkdir(parents=True, exist_ok=True)
    found = Archives(*(folder / f"{_digest(base)}-{what}.tar" for what in ("operator", "simulator")))
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (found.operator.is_file() and found.simulator.is_file()):
            report("node: building the images of operator and simulator, two minutes")
            _clear(folder)
            _build(base, found)
    return found


def _build(base: Path, wanted: Archives) -> None:
    with temporary_store() as store, tempfile.TemporaryDirectory(dir=wanted.operator.parent) as folder:
        store.take_in(base)
        store.build(ROOT, OPERATOR, SOURCE_DATE_EPOCH=TIME)
        store.build_simulator(ROOT, OPERATOR, SIMULATOR, SOURCE_DATE_EPOCH=TIME)
        for name, target in ((OPERATOR, wanted.operator), (SIMULATOR, wanted.simulator)):
            made = Path(folder) / target.name
            store.write_archive(name, made)
            made.rename(target)


def earlier_archive(source: Path, version: str) -> Path:
    """The image of an earlier release, from its files in `source`, kept for ever; its name has the version."""
    base = base_tarball()
    made = cache_root(os.environ).parent / "node-images-earlier" / f"{version}-{base.stem}.tar"
    if not made.is_file():
        made.parent.mkdir(parents=True, exist_ok=True)
        name = f"docker.io/library/zilliz-jobs-operator:{version}"
        with temporary_store() as store, tempfile.TemporaryDirectory(dir=made.parent) as folder:
            store.take_in(base)
            store.build(source, name, SOURCE_DATE_EPOCH=TIME)
            unfinished = Path(folder) / made.name
            store.write_archive(name, unfinished)
            unfinished.rename(made)
    return made


def worker_archive() -> Path:
    """The image of the engine of migrations, kept until it changes. There is no engine in it, and its java is the
    stand-in."""
    base = base_tarball()
    made_of = (path.read_bytes() for path in sorted(ENGINE.rglob("*")) if path.is_file())
    parts = [base.name.encode(), JAVA.encode(), repr(DISTRIBUTION).encode(), STANDIN.read_bytes(), *made_of]
    digest = hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
    made = cache_root(os.environ).parent / "node-images-worker" / f"{digest}.tar"
    if not made.is_file():
        made.parent.mkdir(parents=True, exist_ok=True)
        _clear(made.parent)
        with temporary_store() as store, tempfile.TemporaryDirectory(dir=made.parent) as name:
            folder = Path(name)
            java, engine, unfinished = folder / "java", folder / "worker", folder / made.name
            java.write_text(JAVA)
            shutil.copytree(ENGINE, engine)
            packed(engine / "vts.tar.gz", *DISTRIBUTION)
            store.take_in(base)
            store.add({java: "/usr/local/bin/java", STANDIN: "/opt/standin_java.py"}, "localhost/base-with-java")
            store.build_worker(engine, "vts.tar.gz", WORKER, base="localhost/base-with-java")
            store.write_archive(WORKER, unfinished)
            unfinished.rename(made)
    return made


def _clear(folder: Path) -> None:
    """Of another state of the tree, a third of a gigabyte each; and what a build left that was killed."""
    for old in folder.glob("*.tar"):
        old.unlink()
    for left in (path for path in folder.iterdir() if path.is_dir()):
        shutil.rmtree(left)


def _digest(base: Path) -> str:
    digest = hashlib.sha256(base.name.encode())
    for path in _files():
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _files() -> Iterator[Path]:
    for name in MADE_OF:
        place = ROOT / name
        found = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
        yield from (path for path in found if "__pycache__" not in path.parts)
