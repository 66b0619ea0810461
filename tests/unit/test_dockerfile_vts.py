"""The image of the engine: what of a distribution gets into it, and that it can run in the pod of a worker."""

from __future__ import annotations

import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "images" / "vts-worker" / "Dockerfile").read_text()
BUILD, _, FINAL = DOCKERFILE.partition("\n\n# Copies only")
DISTRIBUTION = (
    "lib/seatunnel-hadoop3-uber.jar",
    "starter/seatunnel-starter.jar",
    "starter/logging/log4j-core.jar",
    "connectors/connector-milvus-2.3.11.jar",
    "connectors/plugin-mapping.properties",
    "config/hazelcast-client.yaml",
    "LICENSE",
)
LEFT_BEHIND = ("bin/seatunnel.sh", "config/seatunnel.yaml", "config/v2.batch.config.template", "mvnw", ".mvn/w.jar")


def packed(archive: Path, *files: str) -> None:
    """A distribution with these files, which only their owner may read."""
    with tarfile.open(archive, "w:gz") as packing, tempfile.TemporaryDirectory() as folder:
        for name in files:
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
            path.chmod(0o600)
            packing.add(path, f"apache-seatunnel-2.3.11/{name}")


def build(folder: Path, *files: str) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The RUN of the first stage over an archive with these files."""
    packed(folder / "vts.tar.gz", *files)
    (script,) = re.findall(r"^RUN ((?:.*\\\n)*.*)", BUILD, re.MULTILINE)
    home = folder / "seatunnel"
    script = script.replace("/opt/seatunnel", str(home)).replace("/build/vts.tar.gz", str(folder / "vts.tar.gz"))
    return home, subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)


def test_the_engine_gets_into_it_and_can_be_read_by_anybody(tmp_path: Path) -> None:
    """The pod's user is not the one that the archive was made by."""
    home, done = build(tmp_path, *DISTRIBUTION, *LEFT_BEHIND)
    assert done.returncode == 0, done.stderr
    assert {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()} == set(DISTRIBUTION)
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in home.rglob("*"))
    assert not [path for path in home.rglob("*") if path.stat().st_mode & 0o022], "others could write it"


@pytest.mark.parametrize("missing", ["starter/seatunnel-starter.jar", "connectors/connector-milvus-2.3.11.jar"])
def test_an_archive_without_the_engine_is_refused(tmp_path: Path, missing: str) -> None:
    """Else it would be found by the first migration, which fails."""
    _, done = build(tmp_path, *(name for name in DISTRIBUTION if name != missing))
    assert done.returncode != 0
    assert "cannot use the archive: it holds no engine with the connector of Milvus" in done.stderr


def test_the_last_stage_takes_the_engine_and_nothing_else() -> None:
    """What the first stage was lent, an archive of a private place or a proxy, must not be in a layer."""
    assert re.findall(r"^(?:COPY|ADD) .*", FINAL, re.MULTILINE) == ["COPY --from=build /opt/seatunnel /opt/seatunnel"]
    assert not re.findall(r"^RUN ", FINAL, re.MULTILINE)
    assert set(re.findall(r"^ARG (\w+)", DOCKERFILE, re.MULTILINE)) == {"BASE", "DISTRIBUTION", "VERSION"}
    assert "://" not in DOCKERFILE, "nothing is fetched from a place that was not chosen"


def test_it_runs_as_the_user_of_the_worker() -> None:
    """The admission policy asks for runAsNonRoot, which the kubelet can only check where the user is a number."""
    assert re.findall(r"^USER (.+)", FINAL, re.MULTILINE) == ["65532:65532"]
    assert "ENV SEATUNNEL_HOME=/opt/seatunnel\n" in FINAL


def test_the_commands_of_the_page_build_it() -> None:
    page = (ROOT / "docs" / "vts.md").read_text()
    commands = re.findall(r"^\$ docker build .*", page, re.MULTILINE)
    assert commands
    for command in commands:
        assert command.endswith(" images/vts-worker")
        assert set(re.findall(r"--build-arg (\w+)=", command)) <= {"BASE", "DISTRIBUTION", "VERSION"}
