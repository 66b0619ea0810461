"""From the release before to this one as a user does it: `helm upgrade` over pods that work, with both images."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.image.base import UnavailableError
from tests.node.images import earlier_archive
from tests.node.stage import Chart, require_once
from tests.node.told import SENTENCE
from tests.support.charted import CHART
from tests.support.cloud import COLLECTIONS, SPEED, Cloud
from tests.support.node import Node
from tests.upgrade.earlier import checked_out

from zilliz_jobs import __version__

pytestmark = pytest.mark.controlplane

EARLIER = "0.1.0"
PARTS = ("Dockerfile", ".dockerignore", "Makefile", "pyproject.toml", "README.md", "LICENSE", "requirements")


@pytest.fixture
def earlier(cluster_of_one_node: Node, tmp_path: Path) -> Iterator[Chart]:
    """The chart of the release before, with its image."""
    source = checked_out(EARLIER, tmp_path, *PARTS, "operator", "examples", "charts")
    try:
        with cluster_of_one_node.machine.outside():
            archive = earlier_archive(source, EARLIER)
        cluster_of_one_node.import_image(archive)
    except UnavailableError as error:
        pytest.skip(f"{SENTENCE}: {error}")
    made = Chart(cluster_of_one_node, folder=source / "charts" / CHART.name)
    made.install()
    yield made
    made.require_clean_logs()
    made.remove()


def images(chart: Chart) -> set[str]:
    return {one["image"].rpartition(":")[2] for pod in chart.pods() for one in pod["spec"]["containers"]}


def test_the_chart_takes_over_from_the_release_before_it(earlier: Chart, cloud: Cloud) -> None:
    """Its jobs run on, a submission that is on its way is written down, and what waited can begin."""
    assert images(earlier) == {EARLIER}
    user = earlier.user()
    user.connect(cloud, settle=3, console=True)
    cloud.next_job("IMPORT", run_seconds=200 * SPEED, times=len(COLLECTIONS))
    running = [user.importing(cloud, name, collection=name) for name in COLLECTIONS]
    for job in running:
        job.until("runs", lambda status: status.get("state") == "InProgress")
    waiting = user.backup(cloud, "waiting", suspend=True)
    waiting.until_reason("Suspended")
    cloud.fault("backup.create", "latency_after", seconds=8)
    late = user.backup(cloud, "late")
    earlier.until("the backup took effect", lambda: cloud.effects()[-1].route == "backup.create")
    earlier.folder, began = CHART, time.monotonic()
    earlier.upgrade()
    print(f"upgrade from {EARLIER}: {time.monotonic() - began:.1f} s")
    assert images(earlier) == {__version__}
    late.until_ended()
    waiting.edit(suspend=False)
    waiting.until_ended()
    cloud.ask(lambda sim: sim.advance(400 * SPEED))
    for job in running:
        job.until_ended()
    require_once(cloud, [*running, late, waiting])
