"""Two wheels come from this tree: what runs in a cluster, and what shows and tests it on one machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

import zilliz_jobs
from zilliz_jobs import __version__

ROOT = Path(__file__).parents[2]
PROJECTS = {"zilliz_jobs": ROOT, "zilliz_local": ROOT / "operator" / "zilliz_local"}
"""The folder of each distribution, by the package that it has."""
OF_THE_BUILD = {"zilliz_local/pyproject.toml", "zilliz_local/LICENSE"}
TIME = "1767225600"
"""Files of operator/ that no wheel has among its modules."""
pytestmark = pytest.mark.timeout(600)  # two builds and two environments, on a machine that does other things too


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("wheels")
    return {package: built(project, folder / package) for package, project in PROJECTS.items()}


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The archives of the source."""
    folder = tmp_path_factory.mktemp("sources")
    return {package: built(project, folder / package, "sdist") for package, project in PROJECTS.items()}


def built(project: Path, folder: Path, target: str = "wheel") -> Path:
    program = Path(sys.executable).with_name("hatchling")
    run(program, "build", "--target", target, "--directory", folder, cwd=project)
    (made,) = folder.iterdir()
    return made


def run(*command: str | Path, cwd: Path | None = None) -> str:
    timed = os.environ | {"SOURCE_DATE_EPOCH": TIME}
    done = subprocess.run(command, cwd=cwd, env=timed, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def files(wheel: Path) -> set[str]:
    """All but its metadata."""
    return {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}


def required(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as opened:
        (name,) = [name for name in opened.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = Parser().parsestr(opened.read(name).decode())
    return {str(line).replace("'", '"') for line in metadata.get_all("Requires-Dist", [])}


def test_the_wheel_of_the_operator_has_nothing_that_a_cluster_does_not_need(wheels: dict[str, Path]) -> None:
    """A stand-in or a demo in the image is code that can be attacked and that nobody runs there."""
    names = files(wheels["zilliz_jobs"])
    assert "zilliz_jobs/main.py" in names
    assert {name.partition("/")[0] for name in names} == {"zilliz_jobs"}
    assert [name for name in names if re.search(r"demo|example|simulat", name)] == []


def test_every_file_of_the_source_is_in_exactly_one_of_the_two(wheels: dict[str, Path]) -> None:
    """One that is in both is overwritten, and removed with either; one in none is missing once it is installed."""
    operator, local = (files(wheel) for wheel in wheels.values())
    assert operator & local == set()
    source = {str(path.relative_to(ROOT / "operator")) for path in (ROOT / "operator").rglob("*") if path.is_file()}
    kept = {name for name in source if "__pycache__" not in name} - OF_THE_BUILD
    assert operator | local == kept | {f"zilliz_local/examples/{path.name}" for path in (ROOT / "examples").iterdir()}


@pytest.mark.parametrize("package", PROJECTS)
def test_the_archive_of_the_source_builds_the_same_wheel(
    wheels: dict[str, Path], sources: dict[str, Path], package: str, tmp_path: Path
) -> None:
    """Who packages it for a distribution of his own gets exactly what was tested."""
    with tarfile.open(sources[package]) as opened:
        opened.extractall(tmp_path, filter="data")
    (project,) = tmp_path.iterdir()
    again = built(project, tmp_path / "again")
    assert again.name == wheels[package].name
    assert again.read_bytes() == wheels[package].read_bytes()


@pytest.mark.parametrize("package", PROJECTS)
def test_the_archive_of_the_source_has_no_links_and_no_tests(sources: dict[str, Path], package: str) -> None:
    """A link would lead out of the archive; the tests need the whole tree."""
    with tarfile.open(sources[package]) as opened:
        members = opened.getmembers()
    assert [member.name for member in members if not member.isfile()] == []
    names = {member.name.partition("/")[2] for member in members}
    assert {"LICENSE", "README.md", "PKG-INFO", "pyproject.toml"} <= names
    assert [name for name in names if name.startswith("tests/")] == []


def test_both_have_the_licence(wheels: dict[str, Path]) -> None:
    text = (ROOT / "LICENSE").read_bytes()
    for wheel in wheels.values():
        with zipfile.ZipFile(wheel) as opened:
            (name,) = [name for name in opened.namelist() if name.endswith(".dist-info/licenses/LICENSE")]
            assert opened.read(name) == text


def test_each_asks_for_the_other_one_of_the_same_version(wheels: dict[str, Path]) -> None:
    """The demo of one version with the operator of another one is what nobody has tried."""
    assert f'zilliz-jobs-local=={__version__} ; extra == "demo"' in {
        re.sub(r"\s*;", " ;", line) for line in required(wheels["zilliz_jobs"])
    }
    assert f"zilliz-jobs-operator=={__version__}" in required(wheels["zilliz_local"])
    others = [line for line in required(wheels["zilliz_jobs"]) if "zilliz-jobs" in line and "extra" not in line]
    assert others == [], "who installs the operator gets the operator"


def test_the_demo_of_a_checkout_needs_no_more_than_the_operator_does() -> None:
    """`make demo` installs the packages of requirements/runtime.txt and nothing else."""
    project = tomllib.loads((PROJECTS["zilliz_local"] / "pyproject.toml").read_text())["project"]
    needed = {re.split(r"[=><]", line)[0] for line in project["dependencies"]} - {"zilliz-jobs-operator"}
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements" / "runtime.txt").read_text(), re.MULTILINE))
    assert needed
    assert needed - locked == set()


def test_what_both_declare_is_the_same() -> None:
    """A classifier or a bound that only one of them has would promise what the pair cannot keep."""
    operator, local = (tomllib.loads((folder / "pyproject.toml").read_text()) for folder in PROJECTS.values())
    assert local["build-system"] == operator["build-system"]
    for field in ("version", "license", "requires-python"):
        assert local["project"][field] == operator["project"][field]
    pythons = [
        [line for line in one["project"]["classifiers"] if line.startswith(("Programming", "Development"))]
        for one in (operator, local)
    ]
    assert pythons[0] == pythons[1]
    both = dict(line.split(">=") for line in operator["project"]["dependencies"])
    for line in local["project"]["dependencies"]:
        name, _, least = line.partition(">=")
        assert both.get(name, least) == least


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of this environment, without those of this tree."""
    folder = tmp_path_factory.mktemp("packages")
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not path.name.lstrip("_").startswith("zilliz_"):
            (folder / path.name).symlink_to(path)
    return folder


def installed(folder: Path, others: Path, *wheels: Path) -> Path:
    """The bin folder of a new environment with these wheels, and the packages that they need beside them."""
    venv.create(folder, symlinks=True, with_pip=False)
    python = folder / "bin" / "python"
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "others.pth").write_text(f"{others}\n")
    flags = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-index", "--no-compile"]
    run(sys.executable, "-m", "pip", "--python", python, "install", *flags, *wheels)
    return folder / "bin"


def test_with_both_the_demo_is_a_command_of_the_operator(
    wheels: dict[str, Path], others: Path, tmp_path: Path
) -> None:
    programs = installed(tmp_path / "both", others, *wheels.values())
    shown = run(programs / "zilliz-jobs", "demo", "--help", cwd=tmp_path)
    assert "Usage: zilliz-jobs demo [OPTIONS]" in shown
    assert "--kubeconfig" in shown
    code = "from zilliz_local.demo.examples import directory; print(directory())"
    examples = Path(run(programs / "python", "-c", code, cwd=tmp_path).strip())
    assert examples.is_relative_to(tmp_path), "not those of the tree"
    assert {path.name for path in examples.iterdir()} == {path.name for path in (ROOT / "examples").iterdir()}


def test_with_the_operator_alone_the_demo_says_what_to_install(
    wheels: dict[str, Path], others: Path, tmp_path: Path
) -> None:
    programs = installed(tmp_path / "alone", others, wheels["zilliz_jobs"])
    assert "demo" in run(programs / "zilliz-jobs", "--help", cwd=tmp_path)
    for words in ([], ["--help"], ["--keep", "--speed", "3"], ["--kubeconfig=x"]):
        done = subprocess.run(
            [programs / "zilliz-jobs", "demo", *words], capture_output=True, text=True, cwd=tmp_path
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert "pip install 'zilliz-jobs-operator[demo]'" in done.stderr
        assert done.stderr.count("\n") == 1, "one line, and no stack trace"
    crds = run(programs / "zilliz-jobs", "crds", cwd=tmp_path)
    assert crds.count("kind: CustomResourceDefinition") >= 14, "everything else works without it"
    where = "import zilliz_jobs; print(zilliz_jobs.__file__)"
    assert run(programs / "python", "-c", where, cwd=tmp_path).strip() != zilliz_jobs.__file__
