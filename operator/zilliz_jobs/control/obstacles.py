"""Failures of Kubernetes that hold up an object, and how the object reports them.

Before a submission they are observations, like those of the cloud: a condition, an event, a later pass by back-off.
Where not even the status can be written, an event of the object is all that a person can see.
"""

from __future__ import annotations

from zilliz_jobs.control.objects import Body
from zilliz_jobs.core import observation as seen_
from zilliz_jobs.core.observation import Blocked, Observation, Unreadable
from zilliz_jobs.core.plan import Action, Prepare
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kube.errors import KubeError, StrictDecoding, Terminating, is_refusal
from zilliz_jobs.kube.events import EventPoster

LASTING = 3  # failed passes in a row before an event is posted; a single one may be a restart of the API server
_BROKEN_STATUS = (500, 504)  # HTTP status of the API server where a webhook fails


def obstacle(error: KubeError, action: Action) -> Blocked | Unreadable:
    """What `error` means for a job that was at `action`. Pure.

    A refusal before a submission is told at once, with the API server's own sentence. What may pass in a moment, or
    came while the job was looked for, is told where it lasts.
    """
    if is_refusal(error) and isinstance(action, Prepare):
        return Blocked(Reason.KUBERNETES_REFUSED, str(error))
    return Unreadable(_reason(error), str(error), getattr(error, "retry_after", None))


def tell(events: EventPoster, body: Body, error: KubeError, tries: int = 0) -> None:
    """Post a Warning event where `error` is one that a person can do something about; once for each request of the
    operator that fails so. `tries`: passes over the object that came to nothing before."""
    if isinstance(error, StrictDecoding | Terminating):
        return  # the first has an event of its own, and the second's namespace takes none
    if is_refusal(error) or (error.status in _BROKEN_STATUS and tries >= LASTING):
        request = str(error).partition(": ")[0]
        events.post(body, "Warning", str(_reason(error)), str(error), once_per=request, logged=True)


def is_fruitless(seen: Observation) -> bool:
    """Whether a pass with this observation achieved nothing, so that the next one waits longer. Pure."""
    match seen:
        case seen_.Unreadable() | seen_.Blocked() | seen_.NotSent() | seen_.Refused() | seen_.CancelUnclear():
            return True
        case _:
            return False


def _reason(error: KubeError) -> Reason:
    return Reason.KUBERNETES_REFUSED if is_refusal(error) else Reason.KUBERNETES_UNAVAILABLE
