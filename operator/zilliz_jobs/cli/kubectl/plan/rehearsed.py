"""What a plan finds about one job."""

from __future__ import annotations

from dataclasses import dataclass, field

from zilliz_jobs.cli.kubectl.doctor.finding import Finding
from zilliz_jobs.cli.kubectl.jobview import JobView
from zilliz_jobs.cloud.rehearsal import Withheld
from zilliz_jobs.core.foreigntext import shown

HIDDEN = "***"
"""In the place of a secret."""


@dataclass
class Rehearsed:
    """What was found about one job. `requests`: what would be sent, without secrets; none where that is not known.
    `begins_later`: what may happen in the cloud just now is none of its business."""

    job: JobView
    findings: list[Finding] = field(default_factory=list)
    requests: list[Withheld] = field(default_factory=list)
    begins_later: bool = False
    hidden: frozenset[str] = field(default_factory=frozenset, repr=False)
    """Values of Secrets, which are not shown."""

    def problem(self, reason: str, message: str) -> None:
        self.findings.append(Finding.problem(f"{reason}: {shown(message)}"))

    def ok(self, text: str) -> None:
        self.findings.append(Finding.ok(text))

    def unchecked(self, what: str, needs: str) -> None:
        self.findings.append(Finding.unchecked(what, needs))
