"""What the image is made of: the locks and the version of this tree, and nothing that could differ from them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from zilliz_jobs import __version__

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def locked(name: str) -> dict[str, str]:
    """Each package with its version and hashes."""
    text = (ROOT / "requirements" / name).read_text()
    blocks = re.split(r"\n(?=[a-z0-9])", text)
    return {block.partition("==")[0]: re.sub(r"\n    #.*", "", block).strip() for block in blocks}


def test_the_tools_that_build_it_are_those_that_were_tested() -> None:
    """Else a wheel could be built by a release that no test has seen; `make lock` writes both."""
    build, dev = locked("build.txt"), locked("dev.txt")
    assert "hatchling" in build
    assert {name: dev.get(name) for name in build} == build


def test_its_label_tells_the_version_that_it_holds() -> None:
    assert f"ARG VERSION={__version__}\n" in DOCKERFILE


def test_packages_come_from_the_locks_alone() -> None:
    """An install without hashes would take whatever an index serves on that day."""
    installs = re.findall(r"pip .*?install(?:.*\\\n)*.*", DOCKERFILE)
    lines = [line for text in installs for line in re.split(r"&&", text.replace("\\\n", " ")) if " install " in line]
    assert len(lines) == 3
    assert all("--require-hashes" in line or "--no-deps --no-index" in line for line in lines), lines


@pytest.mark.parametrize(
    ("there", "chosen"),
    [(["docker", "podman"], "docker"), (["podman", "buildah"], "podman"), (["buildah"], "buildah"), ([], "")],
    ids=["docker first", "podman before buildah", "buildah where there is nothing else", "none: it says so"],
)
def test_it_is_built_with_what_works_here(tmp_path: Path, there: list[str], chosen: str) -> None:
    """A docker command without its daemon, as many machines have it, must not be the end of it."""
    for name in ("docker", "podman", "buildah"):
        program = tmp_path / name
        works = name in there
        program.write_text(f'#!/bin/sh\n[ "$1" = info ] && exit {0 if works else 1}\necho ran {name} "$@"\n')
        program.chmod(0o755)
    path = f"{tmp_path}:/usr/local/bin:/usr/bin:/bin"
    done = subprocess.run(
        ["make", "-C", str(ROOT), "image", "BASE=mine"], env={"PATH": path}, capture_output=True, text=True
    )
    if not chosen:
        assert done.returncode != 0
        assert "cannot build the image: no docker, podman or buildah works here" in done.stdout
        return
    assert f"ran {chosen} build" in done.stdout
    assert "--build-arg BASE=mine" in done.stdout
    assert ("--timestamp=" in done.stdout) is (chosen != "docker"), "docker takes the time as a build argument"


def image_for(tmp_path: Path, engine: str) -> subprocess.CompletedProcess[str]:
    program = tmp_path / engine
    program.write_text(f'#!/bin/sh\necho ran {engine} "$@"\n')
    program.chmod(0o755)
    path = f"{tmp_path}:/usr/local/bin:/usr/bin:/bin"
    command = ["make", "-C", str(ROOT), "image", f"ENGINE={engine}", "PLATFORMS=linux/amd64,linux/arm64"]
    return subprocess.run(command, env={"PATH": path}, capture_output=True, text=True, check=False)


def test_it_is_built_for_several_platforms_under_one_name(tmp_path: Path) -> None:
    done = image_for(tmp_path, "buildah")
    platforms = f"--platform linux/amd64,linux/arm64 --manifest zilliz-jobs-operator:{__version__} "
    assert platforms in done.stdout, done.stderr
    assert "BASE is named by a tag, which moves" in done.stdout


def test_docker_which_keeps_one_platform_says_what_to_run(tmp_path: Path) -> None:
    """Else the image of one platform would be published as that of all."""
    done = image_for(tmp_path, "docker")
    assert done.returncode != 0
    assert "run make with ENGINE=podman or ENGINE=buildah" in done.stdout
