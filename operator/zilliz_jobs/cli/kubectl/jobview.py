"""One job object as people read it. Lenient: people can edit every part of an object."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from zilliz_jobs.api.jobstatus import REPEATS_STATE, RequestStatus, State
from zilliz_jobs.api.model import parse_time
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cli.kubectl.exitcodes import ExitCode
from zilliz_jobs.cli.kubectl.objectview import ObjectView, objects_in, text_in
from zilliz_jobs.control.objects import CANCEL, RETRY, Body, connection_key, raw_status
from zilliz_jobs.core.foreigntext import shown
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.requests import is_new
from zilliz_jobs.kinds.base import AnyKind

ENDS = {
    State.SUCCESSFUL: ExitCode.DONE,
    State.FAILED: ExitCode.FAILED,
    State.CANCELED: ExitCode.CANCELED,
    State.UNKNOWN: ExitCode.NEEDS_A_PERSON,
}


@dataclass(frozen=True)
class JobView(ObjectView):
    kind: AnyKind
    body: Body

    @property
    def resource(self) -> Resource:
        return self.kind.resource

    @property
    def address(self) -> str:
        """Where the page of the dashboard shows it."""
        return f"/jobs/{self.resource.singular}/{self.namespace}/{self.name}"

    @property
    def uid(self) -> str:
        return str(self.body["metadata"].get("uid") or "")

    @property
    def status(self) -> Body:
        return raw_status(self.body)

    @property
    def state(self) -> str:
        """As stored; a new object is Pending before any operator has seen it."""
        return self.text("state")

    @property
    def is_unseen(self) -> bool:
        """No operator has ever written its status."""
        return self.status.get("observedGeneration") in (None, -1)

    @property
    def reason(self) -> str:
        """Empty where it only repeats the state."""
        reason = self.text("reason")
        return "" if reason in REPEATS_STATE else reason

    @property
    def progress(self) -> int | None:
        percent = self.status.get("progressPercent")
        return percent if isinstance(percent, int) and not isinstance(percent, bool) else None

    @property
    def connection(self) -> str:
        return shown(connection_key(self.body).name)

    @property
    def cluster(self) -> str:
        """The cluster that it works on, or "" where that is not told."""
        submission = self.status.get("submission")
        handle = submission.get("handle") if isinstance(submission, dict) else None
        return shown(self.kind.place(self.spec, handle if isinstance(handle, dict) else {}).cluster_id)

    def text(self, name: str) -> str:
        """A text of the status, safe to print."""
        return text_in(self.status, name)

    def time(self, name: str) -> datetime | None:
        return parse_time(self.status.get(name))

    def request(self, name: str) -> RequestStatus | None:
        """`name`: cancel, retry or resolution."""
        return request_in(self.status, name)

    @property
    def result(self) -> Body:
        result = self.status.get("result")
        return result if isinstance(result, dict) else {}

    @property
    def result_files(self) -> list[Body]:
        return objects_in(self.result.get("files"))

    @property
    def results(self) -> list[tuple[str, str]]:
        """What the job made, but for its files, as names and texts."""
        plain = {name: value for name, value in self.result.items() if name != "files"}
        return [
            (shown(name), shown(value if isinstance(value, str) else json.dumps(value)))
            for name, value in plain.items()
        ]

    @property
    def end(self) -> ExitCode | None:
        """How it ended, or that only a person can bring it further; None while it goes on by itself."""
        annotations = self.body["metadata"].get("annotations") or {}
        unanswered = any(
            is_new(annotations.get(mark), self.request(name)) for mark, name in ((RETRY, "retry"), (CANCEL, "cancel"))
        )
        if self.time("completionTime") is not None:
            end = next((code for state, code in ENDS.items() if state == self.state), ExitCode.NEEDS_A_PERSON)
            return None if unanswered and end is not ExitCode.DONE else end
        late = self.condition("Overdue")
        if late.get("status") == "True" and late.get("reason") == Reason.STALLED:
            return ExitCode.NEEDS_A_PERSON
        return ExitCode.NEEDS_A_PERSON if self.condition("Stalled").get("status") == "True" else None


def request_in(status: Body, name: str) -> RequestStatus | None:
    """A request as the status mirrors it; None where there is none, or none that can be read."""
    raw = status.get(name)
    if not isinstance(raw, dict) or not isinstance(raw.get("token"), str):
        return None
    texts = {key: value for key, value in raw.items() if value is None or isinstance(value, str)}
    return RequestStatus.model_validate(texts)
