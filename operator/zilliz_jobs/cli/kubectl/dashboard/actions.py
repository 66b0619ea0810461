"""What the page may change: the very requests that `kubectl zilliz cancel`, `retry` and `run` make."""

from __future__ import annotations

from zilliz_jobs.api.jobresources import JOB_RESOURCES
from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.api.projectjob import PROJECT_JOB
from zilliz_jobs.cli.kubectl.asking import Target, ask, fresh_token
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.dashboard.board import RESOURCES, Board
from zilliz_jobs.cli.kubectl.dashboard.rows import Row, kind_word
from zilliz_jobs.cli.kubectl.exitcodes import ExitCode
from zilliz_jobs.control.objects import Key

_JOBS = frozenset({kind_word(resource.kind) for resource in (*JOB_RESOURCES, PROJECT_JOB)})
VERBS = {"cancel": _JOBS, "retry": _JOBS, "run": frozenset({kind_word(JOB_SCHEDULE.kind)})}
"""What can be asked, and of which kinds, by their words."""


async def act(cluster: Cluster, board: Board, key: Key, verb: str, seconds: float) -> Row | None:
    """Ask, and wait so long for the operator's answer; None where no such object is listed. The rules are those of
    the operator, which decides; a request that the page should not have offered is refused by it. Raises nothing:
    what goes wrong is an answer."""
    body = board.body(key)
    if body is None:
        return None
    target = Target(RESOURCES[kind_word(key.kind)], body)
    answer = await ask(cluster, target, verb, fresh_token(cluster.now()), seconds)
    return {"outcome": answer.outcome, "text": answer.text, "well": answer.code is ExitCode.DONE}
