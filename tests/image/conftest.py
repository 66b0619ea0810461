from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.image.base import UnavailableError, base_tarball
from tests.image.store import Store, temporary_store
from tests.image.told import SENTENCE


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    try:
        tarball = base_tarball()
    except UnavailableError as error:
        pytest.skip(f"{SENTENCE}: {error}")
    with temporary_store() as store:
        store.take_in(tarball)
        yield store
