"""What is signed must be what was pushed, and nothing goes anywhere that nobody named."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from zilliz_jobs import __version__

ROOT = Path(__file__).parents[2]
PLACE = "registry.test/team"
NAME = "zilliz-jobs-operator"
SAYS = {
    "docker": f'[ "$1" = image ] && echo other.test/{NAME}@sha256:old && echo {PLACE}/{NAME}@sha256:image',
    "podman": '[ "$1" = push ] && printf sha256:image > "$3"',
    "helm": '[ "$1" = push ] && echo "Pushed: it" && echo "Digest: sha256:chart"',
    "cosign": "",
    "gh": "",
}
FILES = ["one-1.whl", "one-1.tar.gz", f"{NAME}-{__version__}.tgz"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree that was built, and programs that write down how they were called."""
    for name in ("Makefile", "release.mk", "pyproject.toml"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "SHA256SUMS").write_text("".join(f"{'0' * 64}  {name}\n" for name in FILES))
    (tmp_path / "dist" / f"{NAME}-{__version__}.linux-amd64.cdx.json").touch()
    (tmp_path / "bin").mkdir()
    for name, says in SAYS.items():
        program = tmp_path / "bin" / name
        read = f'case "$*" in *--password-stdin*) cat >> {tmp_path}/stdin ;; esac'
        program.write_text(f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/calls\n{read}\n{says}\nexit 0\n')
        program.chmod(0o755)
    return tmp_path


def make(tree: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    path = f"{tree / 'bin'}:/usr/local/bin:/usr/bin:/bin"
    return subprocess.run(
        ["make", "-C", str(tree), *words], env={"PATH": path, **environ}, capture_output=True, text=True, check=False
    )


def calls(tree: Path) -> list[str]:
    file = tree / "calls"
    lines = file.read_text().splitlines() if file.exists() else []
    return [line for line in lines if not line.endswith(" info")]


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_what_was_pushed_is_signed_by_its_digest(tree: Path, engine: str) -> None:
    """A tag may be another image by the time it is signed."""
    done = make(tree, "push", "sign", f"ENGINE={engine}", REGISTRY=PLACE)
    assert done.returncode == 0, done.stderr
    image, chart = f"{PLACE}/{NAME}@sha256:image", f"{PLACE}/charts/{NAME}@sha256:chart"
    assert any(line.startswith(f"{engine} push") and f"{PLACE}/{NAME}:{__version__}" in line for line in calls(tree))
    assert f"helm push dist/{NAME}-{__version__}.tgz oci://{PLACE}/charts" in calls(tree)
    assert {f"cosign sign --yes {image}", f"cosign sign --yes {chart}"} <= set(calls(tree))
    bill = f"dist/{NAME}-{__version__}.linux-amd64.cdx.json"
    attested = [line for line in calls(tree) if line.startswith("cosign attest")]
    assert attested == [
        f"cosign attest --yes --type cyclonedx --predicate {bill} {image}",
        f"cosign attest --yes --type slsaprovenance1 --predicate dist/predicate.json {image}",
    ]
    blobs = [line.split()[-1] for line in calls(tree) if line.startswith("cosign sign-blob")]
    assert blobs == ["dist/SHA256SUMS", *(f"dist/{name}" for name in FILES)], "whatever has a sum, and the sums"


def test_an_image_of_several_platforms_is_pushed_with_all_of_them(tree: Path) -> None:
    done = make(tree, "push", "ENGINE=podman", "PLATFORMS=linux/amd64,linux/arm64", REGISTRY=PLACE)
    (line,) = [line for line in calls(tree) if line.startswith("podman")]
    image = f"{PLACE}/{NAME}:{__version__}"
    assert line == f"podman manifest push --all --digestfile dist/image.digest {image} docker://{image}", done.stderr


@pytest.mark.parametrize("base", ["", "python:3.13-slim"], ids=["that of the Dockerfile", "a tag"])
def test_a_release_on_a_base_that_can_move_is_refused(tree: Path, base: str) -> None:
    """Nobody could tell afterwards what it was built on; and nothing of a release before is lost by it."""
    done = make(tree, "release", "ENGINE=podman", f"BASE={base}")
    assert done.returncode != 0
    assert "name the base of the image by its digest" in done.stdout
    assert (tree / "dist" / "SHA256SUMS").exists()
    assert make(tree, "pinned", f"BASE=python@sha256:{'0' * 64}").returncode == 0


def test_a_push_that_fails_signs_nothing(tree: Path) -> None:
    (tree / "bin" / "helm").write_text("#!/bin/sh\necho denied >&2\nexit 1\n")
    done = make(tree, "push", "sign", "ENGINE=docker", REGISTRY=PLACE)
    assert done.returncode != 0
    assert "denied" in done.stdout
    assert not [line for line in calls(tree) if line.startswith("cosign")]


def test_every_file_is_on_the_release_page_with_its_signature(tree: Path) -> None:
    """Who installs the extra `demo` needs the other wheel of the same version."""
    for name in ("requirements/dev.txt", "operator/zilliz_local/pyproject.toml", ".venv/bin/python", ".venv/.dev"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("#!/bin/sh\n")
        (tree / name).chmod(0o755)
    done = make(tree, "upload")
    (line,) = calls(tree)
    assert line.startswith(f"gh release create v{__version__} --verify-tag"), done.stderr
    uploaded = line.partition("notes.md ")[2].split()
    assert uploaded == [one for name in ("SHA256SUMS", *FILES) for one in (name, f"{name}.sigstore.json")]


@pytest.mark.parametrize("target", ["push", "login"])
def test_without_a_registry_it_says_what_to_name(tree: Path, target: str) -> None:
    """Else the image would go to whatever the engine takes a bare name for."""
    done = make(tree, target, "ENGINE=docker")
    assert done.returncode != 0
    assert "cannot publish: say where, as REGISTRY=<host>/<path>" in done.stdout
    assert calls(tree) == []


def test_the_password_is_no_argument_of_a_process(tree: Path) -> None:
    """Any user of the machine could read it there; nor is it in what make prints."""
    secret = "s3cret-$(touch hacked)-`touch hacked`"
    done = make(tree, "login", "ENGINE=docker", REGISTRY=PLACE, REGISTRY_USER="robot", REGISTRY_PASSWORD=secret)
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in calls(tree)] == ["docker", "helm", "cosign"]
    assert all(line.endswith("--password-stdin registry.test") for line in calls(tree))
    assert (tree / "stdin").read_text() == secret * 3
    assert "s3cret" not in done.stdout + done.stderr + "".join(calls(tree))
    assert not (tree / "hacked").exists()


def test_a_tag_is_not_run_as_a_command(tree: Path) -> None:
    """Git takes backquotes in the name of a tag."""
    shown = make(tree, "-n", "tagged", TAG="v1`touch hacked`")
    assert "hacked" not in shown.stdout
