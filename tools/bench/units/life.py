"""One import from its manifest to its end: the requests that it takes of the two servers. Counts, no times."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tools.bench.mould import Mould, import_spec
from tools.bench.problem import Problem
from tools.bench.units.inside import Inside
from tools.bench.units.meter import BY_TIME, sum_of

NAME = "life"
RUN_SECONDS = 100.0
ONCE = "kube LIST "
WRITE = "kube PATCH importjobs/status"
STAGES = {"submitted": 0.0, "begun": 20.0, "further": 40.0, "over": 60.0}
"""Seconds that go by in the cloud before the job is read for this stage. It is submitted without a read."""


async def measure(on: Inside) -> tuple[dict[str, Any], Mould]:
    """`writes`: of its status, by stage; `reads`: reads of the job, of which an operator makes more the longer it
    runs. Also the object as it was when its job waited in the cloud, which forgets the job afterwards.

    What a process asks once, whatever the number of objects, is left out.
    """
    on.next_job(run_seconds=RUN_SECONDS)
    begin, writes = on.calls(), dict[str, int]()
    on.hear(await on.create("ImportJob", NAME, import_spec()))
    form: Mould | None = None
    for stage, seconds in STAGES.items():
        before = on.calls()
        if stage != "submitted":
            on.advance(seconds)
            await on.read_jobs([NAME])
        await on.reconcile(NAME)
        form = form or Mould.of(on.stored(NAME))
        writes[stage] = (on.calls() - before)[WRITE]
    if form is None or not on.is_settled(NAME):
        raise Problem(f"cannot measure: {NAME} is not over: {on.stored(NAME).get('status')}")
    calls = Counter({name: count for name, count in (on.calls() - begin).items() if not name.startswith(ONCE)})
    calls[BY_TIME] = 1  # of its bucket; that of its connection is read again by time
    on.forget_jobs([form.job_id])
    figures = {
        "reads": len(STAGES) - 1,
        "writes": writes,
        "writesInAll": sum(writes.values()),
        "writesBesidesProgress": sum(writes.values()) - writes["further"],
        "cloudCalls": sum_of(calls, "cloud "),
        "kubeCalls": sum_of(calls, "kube "),
        "calls": dict(sorted(calls.items())),
    }
    return figures, form
