"""One operator, many running jobs, and a lead that is interrupted for a moment: every job is followed to its end.

With the chart's Lease: 15 seconds, 10 to renew it, a try every 2.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from tests.support.cloud import COLLECTIONS, SPEED, Cloud
from tests.support.operators import OperatorProcess
from tests.support.user import Job, User

JOBS = 12
STOPPED_SECONDS = 13.0  # the Lease was renewed up to 2.4 s before: work must end at 10, the Lease lasts for 15
LONG = 120 * SPEED  # so that progress is news all the time, and no job ends by itself


def stops_for_13_s(operator: OperatorProcess) -> None:
    os.kill(operator.pid, signal.SIGSTOP)
    try:
        time.sleep(STOPPED_SECONDS)
    finally:
        operator.go_on()


def follows_on(user: User, cloud: Cloud, operator: OperatorProcess, interrupt: Callable[[], None]) -> None:
    """All jobs run when `interrupt` is called; they end in the cloud after it, and every object shows it."""
    user.until("it leads", lambda: operator.leads)
    cloud.next_job("IMPORT", run_seconds=LONG, times=JOBS)
    user.connect(cloud, settle=2)
    jobs: list[Job] = [
        user.importing(cloud, f"job-{n}", collection=COLLECTIONS[n % len(COLLECTIONS)]) for n in range(JOBS)
    ]
    for job in jobs:
        job.until_submitted()
    interrupt()
    user.until("it works again", lambda: operator.leads)
    cloud.ask(lambda sim: sim.advance(2 * LONG))
    for job in jobs:
        job.until("its end is seen", lambda status: status.get("completionTime"), 40)
    assert len(cloud.effects()) == JOBS
