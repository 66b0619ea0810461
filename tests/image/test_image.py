"""The image is built by `make image`, started as a kubelet would start it, and does its work."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import stat
import subprocess
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from tests.image.container import ImageProcess, ran, started
from tests.image.store import Image, Store
from tests.support.cloud import Cloud, LoopThread
from tests.support.controlplane.binaries import find_kubectl
from tests.support.standin import stand_in
from tests.support.user import User

from zilliz_jobs import __version__

pytestmark = pytest.mark.timeout(900)  # two builds, on a machine that does other things too

ROOT = Path(__file__).parents[2]
UID = 65532
HOME = "opt/zilliz-jobs"
TIME = "1767225600"
EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def image(store: Store) -> Image:
    return store.build(ROOT, "localhost/one", SOURCE_DATE_EPOCH=TIME)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder that the container sees."""
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("user", [None, "1000770000:0"], ids=["its own user", "one that the cluster chose"])
def test_a_job_comes_to_its_end_though_nothing_can_be_written(
    image: Image, files: Path, tmp_path: Path, user: str | None
) -> None:
    """Else a pod of the restricted standard, or one with a user id of the cluster's choice, would not start."""
    thread = LoopThread()
    cloud = Cloud(thread)
    try:
        with stand_in(thread, find_kubectl()) as plane:
            operator = ImageProcess(image, plane, tmp_path / "operator.log", files, user)
            operator.start()
            try:
                with closing(User(plane, "default", operator)) as person:
                    person.connect(cloud)
                    person.importing(cloud).until_ended(seconds=60)
                rights = status(operator.pid)
                assert operator.health()[0] == 200
                code = operator.stop()
            finally:
                operator.close()
        assert code == 0, operator.log_tail()
        operator.require_clean_log()
        assert len(cloud.effects()) == 1
    finally:
        cloud.close()
        thread.close()
    uid = (user or str(UID)).partition(":")[0]
    assert rights["Uid"].split() == [uid] * 4
    assert (int(rights["CapEff"], 16), rights["NoNewPrivs"]) == (0, "1")


def test_it_says_its_version_as_a_user_with_a_name_and_no_shell(image: Image, files: Path) -> None:
    told = ran(image, files, "--version")
    assert (told.stdout.strip(), told.stderr, told.returncode) == (__version__, "", 0)
    assert image.config["User"] == f"{UID}:{UID}", "the kubelet takes no name for runAsNonRoot"
    assert image.config["Labels"]["org.opencontainers.image.version"] == __version__
    name = next(line for line in (image.root / "etc/passwd").read_text().splitlines() if f":{UID}:{UID}:" in line)
    assert name.endswith(":/usr/sbin/nologin")


def test_modules_of_the_working_directory_are_not_its_modules(image: Image, files: Path) -> None:
    """Else a file that somebody mounts, or a volume that he writes to, would run with the operator's rights."""
    (files / "aiohttp.py").write_text("raise SystemExit('not me')")
    inside = {"Entrypoint": ["sh"], "Cmd": ["-c", "cd /mnt && python -c 'import aiohttp, sys; print(sys.prefix)'"]}
    told = ran(Image(image.config | inside, image.layers, image.root), files, *inside["Cmd"])
    assert (told.stdout.strip(), told.stderr) == (f"/{HOME}", "")


def test_it_owns_nothing_and_finds_no_compiler_nor_anything_of_the_build(image: Image) -> None:
    """What the operator could change, a hole in it could change for good; what is not there cannot be used."""
    ours = [path for path in (image.root / HOME).rglob("*") if not path.is_symlink()]
    assert not [path for path in ours if path.stat().st_uid != 0 or path.stat().st_mode & stat.S_IWOTH]
    for absent in ("usr/bin/gcc", "build", "etc/pip.conf", "root/.cache", f"{HOME}/bin/pip", f"{HOME}/bin/activate"):
        assert not (image.root / absent).exists(), absent
    packages = {path.name for path in (image.root / HOME).glob("lib/python*/site-packages/*")}
    assert {"zilliz_jobs", "kopf"} <= packages
    assert not packages & {"pip", "setuptools", "hatchling", "pytest"}


def test_it_holds_the_operator_without_the_stand_ins_and_the_demo(image: Image, files: Path) -> None:
    """They are code that could be attacked, and that nobody runs in a cluster."""
    packages = {path.name for path in (image.root / HOME).glob("lib/python*/site-packages/*")}
    assert {name for name in packages if name.startswith("zilliz")} == {
        "zilliz_jobs",
        f"zilliz_jobs_operator-{__version__}.dist-info",
    }
    examples = {path.name for path in EXAMPLES.glob("*.yaml")}
    held = {path.name for path in (image.root / HOME).glob("lib/python*/site-packages/zilliz_*/**/*.yaml")}
    assert examples
    assert not held & examples
    told = ran(image, files, "demo")
    assert (told.returncode, told.stdout) == (2, "")
    assert "pip install 'zilliz-jobs-operator[demo]'" in told.stderr


def test_built_again_elsewhere_it_is_the_same_to_the_byte(store: Store, image: Image, tmp_path: Path) -> None:
    """Else nobody could show that an image was made from this source and these locks, and from nothing else."""
    elsewhere = tmp_path / "elsewhere"
    for name in ("operator", "requirements"):
        shutil.copytree(ROOT / name, elsewhere / name, copy_function=shutil.copyfile)
    for name in ("Dockerfile", ".dockerignore", "Makefile", "release.mk", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, elsewhere / name)
    (elsewhere / "operator" / "zilliz_jobs" / "main.py").chmod(0o660)
    (elsewhere / "operator" / "zilliz_jobs" / "core" / "rubbish.pyc").write_bytes(secrets.token_bytes(8))
    again = store.build(elsewhere, "localhost/two", SOURCE_DATE_EPOCH=TIME)
    assert again.layers == image.layers, differences(image.root / HOME, again.root / HOME)


def test_the_simulator_answers_as_the_quick_start_starts_it(store: Store, image: Image, files: Path) -> None:
    """As its Deployment has it: nothing can be written, and no right is left."""
    simulator = store.build_simulator(ROOT, "localhost/one", "localhost/simulator", SOURCE_DATE_EPOCH=TIME)
    assert simulator.config["User"] == image.config["User"]
    bodies = yaml.safe_load_all((ROOT / "deploy/quickstart/simulator.yaml").read_text())
    (container,) = next(iter(bodies))["spec"]["template"]["spec"]["containers"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = started(simulator, files, [*container["args"], "--port", str(port)])
    process = subprocess.Popen(command, env=simulator.environment)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_sim/health", timeout=5).read()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline, "it does not answer"
                time.sleep(0.2)
    finally:
        process.terminate()
        process.wait(10)


def differences(one: Path, two: Path) -> list[str]:
    def tree(root: Path) -> dict[str, tuple[int, float, bytes]]:
        return {
            str(path.relative_to(root)): (path.stat().st_mode, path.stat().st_mtime, path.read_bytes())
            for path in root.rglob("*")
            if path.is_file() and not path.is_symlink()
        }

    first, second = tree(one), tree(two)
    return sorted(name for name in first | second if first.get(name) != second.get(name))[:20]


def status(pid: int) -> dict[str, str]:
    """What the kernel tells of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: text.strip() for name, _, text in (line.partition(":") for line in lines)}


def test_the_test_can_tell_a_writable_file_system(image: Image, files: Path) -> None:
    """Else the first test of this page would pass for an operator that writes where it likes."""
    program = "import pathlib; pathlib.Path('/tmp/x').write_text('')"
    inside = {"Entrypoint": ["python"]}
    told = ran(Image(image.config | inside, image.layers, image.root), files, "-c", program)
    assert "Read-only file system" in told.stderr
    assert os.access(image.root / "tmp", os.W_OK)
