"""The fixture `judge`: skipped where it cannot be built, failed there where CI is set."""

from __future__ import annotations

import os

import pytest
from tests.gitops.judging import JUDGE, Judge
from tests.support.controlplane.binaries import UnavailableError

SENTENCE = "NO JUDGE OF GITOPS HEALTH"


@pytest.fixture(scope="session")
def judge() -> Judge:
    try:
        return Judge(JUDGE.binary())
    except UnavailableError as error:
        if os.environ.get("CI", "").lower() not in ("", "0", "false"):
            pytest.fail(f"{SENTENCE}, and CI is set: {error}", pytrace=False)
        pytest.skip(f"{SENTENCE}: {error}")
