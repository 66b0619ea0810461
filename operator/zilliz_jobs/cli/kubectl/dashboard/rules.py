"""What a cancel and a retry of a listed job would become, by the operator's own rules. Pure."""

from __future__ import annotations

from datetime import datetime

from zilliz_jobs.api.jobcenter import JOB_CENTER
from zilliz_jobs.api.jobstatus import Outcome
from zilliz_jobs.api.projectjob import PROJECT_JOB
from zilliz_jobs.cli.kubectl.dashboard.board import KINDS, Board
from zilliz_jobs.cli.kubectl.jobview import JobView
from zilliz_jobs.cli.kubectl.judging import Judged, judged
from zilliz_jobs.cli.kubectl.objectview import spec_in
from zilliz_jobs.control.objects import Body, Key, connection_key, raw_status
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.jobcenter.rowkind import RowKind
from zilliz_jobs.jobcenter.rowstore import job_object

ROWS = RowKind()
UNSEEN: Body = {"spec": {"consoleApi": {"enabled": True}}}
"""In the place of a connection that the user may not see: what it allows, the operator knows, and decides."""


def rules_of(board: Board, key: Key, now: datetime) -> Judged | None:
    """None for what is no job, and where its record cannot be read."""
    body = board.body(key)
    if body is None:
        return None
    if key.kind in KINDS:
        return judged(JobView(KINDS[key.kind], body), board.body(connection_key(body)) or UNSEEN, now)
    if key.kind != PROJECT_JOB.kind:
        return None
    if raw_status(body).get("owner"):
        refused = (Outcome.REFUSED, Reason.OWNED_ELSEWHERE, Reason.OWNED_ELSEWHERE.help)
        return Judged(cancel=refused, retry=refused)
    if "jobId" not in spec_in(body):
        return None
    connection = connection_of_row(board, body)
    name = str(connection["metadata"]["name"]) if connection else "default"
    return judged(JobView(ROWS, job_object(body, name)), connection or UNSEEN, now)


def connection_of_row(board: Board, body: Body) -> Body | None:
    """The connection of the row's JobCenter; None where it is not known."""
    ref, namespace = spec_in(body).get("jobCenterRef"), str(body["metadata"]["namespace"])
    name = ref.get("name") if isinstance(ref, dict) else None
    center = board.body(Key(JOB_CENTER.kind, namespace, str(name)))
    return board.body(connection_key(center)) if center is not None else None
