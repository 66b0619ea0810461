"""The operator on a machine whose clock is off by so many seconds.

    python -m tests.support.wrongclock SECONDS [arguments of the operator]

The machine's clock is read in one place (a test of the tree holds that), so it is there that it is wrong.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, tzinfo
from typing import Self

from zilliz_jobs.cli.app import main
from zilliz_jobs.control import clock


def wrong_by(seconds: float) -> type[datetime]:
    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + timedelta(seconds=seconds)

    return Wrong


if __name__ == "__main__":
    clock.datetime = wrong_by(float(sys.argv.pop(1)))  # type: ignore[attr-defined]
    main()
