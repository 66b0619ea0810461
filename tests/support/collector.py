"""Plugin of pytest: the garbage collector of a test process."""

from __future__ import annotations

import gc


def pytest_collection_finish() -> None:
    """What was imported until now stays to the end, so the collector need not look at it again and again. What a test
    leaves open is found all the same: by the collector's own runs, and by pytest's last one."""
    gc.collect()
    gc.freeze()
