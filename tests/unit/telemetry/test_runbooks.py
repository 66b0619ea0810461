"""The commands of the runbooks are found, so that tests can run them while their alert fires."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tests.support.runbooks import commands, filled

FILE = Path(__file__).parents[3] / "charts/zilliz-jobs-operator/files/alerts.yaml"
ALERTS = [rule["alert"] for group in yaml.safe_load(FILE.read_text())["groups"] for rule in group["rules"]]


def test_every_alert_has_a_heading_and_most_have_commands() -> None:
    found = {alert: commands(alert) for alert in ALERTS}
    assert len([lines for lines in found.values() if lines]) > 20
    assert all("#" not in line for lines in found.values() for line in lines), "a comment is no part of a command"
    with pytest.raises(KeyError, match="no heading ZillizJobsNothing"):
        commands("ZillizJobsNothing")


def test_names_are_filled_in_and_none_is_left_out() -> None:
    """Else a shell would take `<name>` for a file."""
    assert (
        filled("kubectl -n <ns> get <kind>", {"ns": "shop", "kind": "importjob"}) == "kubectl -n shop get importjob"
    )
    with pytest.raises(KeyError):
        filled("kubectl -n <ns> get pods", {})
