"""The image of the engine is built of a distribution, and what the worker's user needs of it can be read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.image.container import ran
from tests.image.store import Store
from tests.unit.test_dockerfile_vts import DISTRIBUTION, LEFT_BEHIND, packed

pytestmark = pytest.mark.timeout(900)

FOLDER = Path(__file__).parents[2] / "images" / "vts-worker"
HOME = "/opt/seatunnel"


def test_a_distribution_becomes_the_image_of_the_worker(store: Store, tmp_path: Path) -> None:
    """What it was built of must not stay in a layer: an archive may come from a private place."""
    folder, files = tmp_path / "worker", tmp_path / "files"
    shutil.copytree(FOLDER, folder)
    files.mkdir()
    packed(folder / "mine.tar.gz", *DISTRIBUTION, *LEFT_BEHIND)
    image = store.build_worker(folder, "mine.tar.gz", "localhost/worker")
    assert (image.config["User"], image.environment["SEATUNNEL_HOME"]) == ("65532:65532", HOME)
    assert image.config["Labels"]["org.opencontainers.image.version"] == "1.2.2"
    inside = {str(path.relative_to(image.root / HOME[1:])) for path in (image.root / HOME[1:]).rglob("*")}
    assert inside >= set(DISTRIBUTION)
    assert not inside & set(LEFT_BEHIND)
    assert not list(image.root.rglob("*.tar.gz"))
    image.config.setdefault("Entrypoint", [])
    tools = "for tool in bash tail grep awk; do command -v $tool || exit 1; done"
    done = ran(image, files, "bash", "-c", f"{tools}; cat {HOME}/starter/seatunnel-starter.jar; touch {HOME}/new")
    assert "starter/seatunnel-starter.jar" in done.stdout, done.stderr
    assert done.returncode != 0, "its user could write the engine"
