"""Who runs a command of the other distribution gets the one that goes with this operator, or is told what to do."""

from __future__ import annotations

import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest

from zilliz_jobs import __version__
from zilliz_jobs.cli.app import app
from zilliz_jobs.cli.localcommand import DISTRIBUTION, GROUP, NotUsableError, find, run

ROOT = Path(__file__).parents[3]
INSTALL = r"pip install 'zilliz-jobs-operator\[demo\]'"


def install(folder: Path, name: str, version: str, target: str = "json:dumps", command: str = "demo") -> None:
    """As an installer leaves it behind."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{command} = {target}\n")


def found(folder: Path, name: str = "demo") -> str:
    return find(name, [one for dist in distributions(path=[str(folder)]) for one in dist.entry_points]).value


@pytest.mark.parametrize("name", ["zilliz-jobs-local", "zilliz_jobs_local", "Zilliz.Jobs_Local"])
def test_it_is_found_however_its_installer_writes_the_name(tmp_path: Path, name: str) -> None:
    install(tmp_path, name, __version__)
    assert found(tmp_path) == "json:dumps"


def test_where_it_is_not_installed_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(NotUsableError, match=rf"cannot run demo: .*not installed; run: {INSTALL}"):
        found(tmp_path)


def test_another_command_is_not_taken_for_it(tmp_path: Path) -> None:
    install(tmp_path, DISTRIBUTION, __version__, command="other")
    with pytest.raises(NotUsableError, match="not installed"):
        found(tmp_path)


def test_the_demo_of_another_version_is_not_run(tmp_path: Path) -> None:
    """Its manifests and settings may be of fields that this operator does not know."""
    install(tmp_path, DISTRIBUTION, "99.0.0")
    with pytest.raises(NotUsableError, match=rf"zilliz-jobs-local 99.0.0 .* this is {__version__}; run: {INSTALL}"):
        found(tmp_path)


def test_a_package_of_somebody_else_cannot_take_the_name(tmp_path: Path) -> None:
    """It would run with the kubeconfig of whoever only wanted to see the demo."""
    install(tmp_path, "helpful-tools", __version__, target="os:abort")
    with pytest.raises(NotUsableError, match="not installed"):
        found(tmp_path)
    install(tmp_path, DISTRIBUTION, __version__)
    assert found(tmp_path) == "json:dumps"


@pytest.mark.parametrize("target", ["zilliz_local_that_is_not_there:app", "json:no_such_function"])
def test_one_that_is_damaged_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], target: str
) -> None:
    install(tmp_path, DISTRIBUTION, __version__, target=target)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        run("demo", [])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("zilliz-jobs: cannot run demo: zilliz-jobs-local is damaged (")
    assert told.count("\n") == 1


def test_every_command_that_the_distribution_brings_is_listed_by_the_operator() -> None:
    """Else nobody would know of it, or be told what to install."""
    project = tomllib.loads((ROOT / "operator/zilliz_local/pyproject.toml").read_text())["project"]
    listed = {
        command.name or (command.callback.__name__ if command.callback else "") for command in app.registered_commands
    }
    assert set(project["entry-points"][GROUP]) <= listed
