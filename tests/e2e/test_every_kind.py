"""The rows of the table of kinds, walked on a real API server.

Each row and each walk once; with E2E_WHOLE every walk of every row, as on the stand-in.
"""

from __future__ import annotations

import os

import pytest
from tests.support.cloud import Cloud
from tests.support.everykind import Row, Walk, Walker, cases, cover, named
from tests.support.user import User

pytestmark = pytest.mark.controlplane

CASES = cases() if os.environ.get("E2E_WHOLE") else cover()


@pytest.mark.parametrize("case", CASES, ids=named)
def test_each_row_keeps_its_rules(user: User, cloud: Cloud, case: tuple[Row, Walk]) -> None:
    """What the table of the documentation promises for a kind is what a person with kubectl gets."""
    row, walk = case
    walk(Walker(user, cloud, row))
