from __future__ import annotations

from pathlib import Path

import pytest
from tests.built.chart.rendering import Chart


@pytest.fixture(scope="session")
def chart(helm_binary: Path) -> Chart:
    return Chart(helm_binary)
