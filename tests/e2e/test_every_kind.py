"""Every row of the table of kinds, walked on a real API server."""

from __future__ import annotations

import pytest
from tests.e2e.cloud import Cloud
from tests.e2e.user import User
from tests.everykind import Row, Walk, Walker, cases, named

pytestmark = pytest.mark.controlplane


@pytest.mark.parametrize("case", cases(), ids=named)
def test_each_row_keeps_its_rules(user: User, cloud: Cloud, case: tuple[Row, Walk]) -> None:
    """What the table of the documentation promises for a kind is what a person with kubectl gets."""
    row, walk = case
    walk(Walker(user, cloud, row))
