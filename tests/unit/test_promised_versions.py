"""The Helm 3 that pages promise is the one that was run, and the oldest Kubernetes is the one that can be."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from tests.compat.programs import HELM, OLDEST

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "zilliz-jobs-operator"
SENTENCE = f"Kubernetes {OLDEST.rpartition('.')[0]} or newer, Helm {HELM.rpartition('.')[0]} or 4"


def test_the_pages_promise_the_helm_that_is_run() -> None:
    for page in (ROOT / "README.md", ROOT / "docs/install.md", CHART / "README.md"):
        assert SENTENCE in re.sub(r"\s+", " ", page.read_text()), page


def test_the_chart_asks_for_the_kubernetes_that_compat_builds() -> None:
    meta = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert meta["kubeVersion"] == f">={OLDEST.rpartition('.')[0]}.0-0"
