"""What a worker's Job, its pods and their events tell of a run. Pure.

The verdict of a run that went well comes first; then what ended the pod from outside; then what the verdict says of a
failure. Words of Kubernetes are passed on, those of the engine never, since they may quote a row or an address.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.api.model import parse_time
from zilliz_jobs.core.observation import Missing, Seen
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.shortening import shortened
from zilliz_jobs.kinds.migrations.vts.manifests import CONTAINER
from zilliz_jobs.kinds.migrations.vts.verdict import OUT_OF_MEMORY_EXIT, TABLE_NOT_FOUND, Verdict, parse

Body = dict[str, Any]

MAX_WORDS = 512
CANCELING, ENDING = "Canceling", "Terminating"
KILLED, TERMINATED = 137, 143

BENIGN = frozenset({"ContainerCreating", "PodInitializing", ""})
"""Reasons of a container that waits while all goes well."""

INTERRUPTIONS = frozenset(
    {
        "Evicted",
        "Shutdown",
        "Terminated",
        "NodeLost",
        "NodeAffinity",
        "NodeShutdown",
        "Preempting",
        "UnexpectedAdmissionError",
    }
)
"""Reasons of a pod that its node ended (read in source of the kubelet)."""


def judge(job: Body | None, pods: list[Body], events: list[Body], *, cancelled: bool) -> Seen | Missing:
    """The run as Kubernetes shows it now. Missing where the Job is gone and nobody asked for that.

    `pods`: those of the Job. `events`: those about the Job and its pods; only read where the pod does not start.
    `cancelled`: the operator deletes the Job. Successful means that the engine ended well with each row that it read
    written; whether the target has them is not known by that.
    """
    if job is None:
        if not cancelled:
            return Missing()
        return Seen(State.CANCELED, "Canceled", message="the engine was stopped", reason=Reason.CANCELED)
    pod = _newest(pods)
    verdict = verdict_of(pods)
    seen = _ended(job, pod, verdict) or _going_on(job, pod, events)
    seen = replace(seen, start_time=parse_time((job.get("status") or {}).get("startTime")))
    if job["metadata"].get("deletionTimestamp") and seen.state is not State.SUCCESSFUL:
        # Foreground: the Job is there until its pod is gone. The end is told when nothing writes any more.
        if cancelled:
            return replace(seen, state=State.IN_PROGRESS, cloud_status=CANCELING, reason=Reason.CANCELING, message="")
        ending = "the Job is being deleted, by somebody else than the operator"
        return replace(seen, state=State.IN_PROGRESS, cloud_status=ENDING, reason=None, message=ending)
    return seen


def verdict_of(pods: list[Body]) -> Verdict | None:
    """What the worker itself said; None where it said nothing, or nothing readable."""
    pod = _newest(pods)
    return parse(str(_terminated(pod).get("message") or "")) if pod else None


def _ended(job: Body, pod: Body | None, verdict: Verdict | None) -> Seen | None:
    """The run that is over; None while it is not."""
    complete, failed = _condition(job, "Complete"), _condition(job, "Failed")
    phase = _phase(pod)
    over = (complete or failed) and phase not in ("Running", "Unknown")  # a Job can be over before its pod is
    if not over and phase not in ("Succeeded", "Failed"):
        return None
    end = _terminated(pod).get("finishedAt") or (complete or failed or {}).get("lastTransitionTime")
    if complete or phase == "Succeeded" or (verdict and verdict.whole):
        rows = verdict.rows if verdict else ""
        return Seen(State.SUCCESSFUL, "Complete", message=rows, end_time=parse_time(end))
    reason, message = _failure(failed or _condition(job, "FailureTarget") or {}, pod, verdict)
    return Seen(State.FAILED, "Failed", message=message, reason=reason, end_time=parse_time(end))


def _failure(failed: Body, pod: Body | None, verdict: Verdict | None) -> tuple[Reason, str]:
    if interruption := _interruption(failed, pod):
        return Reason.WORKER_INTERRUPTED, interruption
    ended = _terminated(pod)
    if ended.get("reason") == "OOMKilled" or (verdict and verdict.exit == OUT_OF_MEMORY_EXIT):
        return Reason.OUT_OF_MEMORY, _with_rows("the engine ran out of memory", verdict)
    if verdict is None:
        code = ended.get("exitCode")
        if code in (KILLED, TERMINATED, None):
            words = f"its pod ended with exit code {code}" if code else "its pod is gone"
            return Reason.WORKER_INTERRUPTED, f"{words}, and said nothing of how far it was"
        return Reason.MIGRATION_FAILED, f"the worker ended with exit code {code}, and said nothing of the reason"
    if verdict.terminated:
        return Reason.WORKER_INTERRUPTED, _with_rows("its pod was told to end", verdict)
    if verdict.exit == KILLED:
        return Reason.OUT_OF_MEMORY, _with_rows(
            "the engine was killed, as the system does for want of memory", verdict
        )
    if verdict.code in TABLE_NOT_FOUND:
        return Reason.SOURCE_NOT_FOUND, f"the engine ended with its code {verdict.code}"
    if verdict.code:
        return Reason.MIGRATION_FAILED, _with_rows(f"the engine ended with its code {verdict.code}", verdict)
    return Reason.MIGRATION_FAILED, _with_rows(
        f"the engine ended in its state {verdict.state} with exit code {verdict.exit}", verdict
    )


def _interruption(failed: Body, pod: Body | None) -> str:
    """What ended the pod from outside, in the words of Kubernetes; '' for nothing that shows."""
    status = (pod or {}).get("status") or {}
    if disrupted := _condition(pod or {}, "DisruptionTarget"):
        return _words("its pod was ended", disrupted)
    if status.get("reason") in INTERRUPTIONS:
        return _words("its pod was ended", status)
    if failed.get("reason") in ("PodFailurePolicy", "DeadlineExceeded"):
        return _words("its Job was ended", failed)
    return ""


def _going_on(job: Body, pod: Body | None, events: list[Body]) -> Seen:
    if pod is None:
        if (job.get("spec") or {}).get("suspend"):
            return Seen(State.PENDING, "Suspended", message="its Job is suspended")
        if words := _warning(events):
            return Seen(State.PENDING, "Pending", reason=Reason.WORKER_NOT_STARTED, message=words)
        return Seen(State.PENDING, "Pending", message="its Job has no pod so far")
    name = pod["metadata"]["name"]
    if _phase(pod) == "Running":
        return Seen(State.IN_PROGRESS, "Running", message=f"the engine runs in pod {name}")
    if _phase(pod) == "Unknown":
        return Seen(State.IN_PROGRESS, "Unknown", message=f"the node of pod {name} does not answer")
    if words := _obstacle(pod, events):
        return Seen(State.PENDING, "Pending", reason=Reason.WORKER_NOT_STARTED, message=words)
    return Seen(State.PENDING, "Pending", message=f"pod {name} is being started")


def _obstacle(pod: Body, events: list[Body]) -> str:
    """Why the pod does not start, in the words of Kubernetes; '' where nothing shows."""
    name = pod["metadata"]["name"]
    conditions = (pod.get("status") or {}).get("conditions") or []
    for one in conditions:
        if one.get("type") == "PodScheduled" and one.get("status") == "False":
            return _words(f"pod {name} has no node", one)
    waiting = _container_state(pod).get("waiting") or {}
    if (waiting.get("reason") or "") not in BENIGN:
        return _words(f"pod {name} does not start", waiting)
    return _warning(events)


def _warning(events: list[Body]) -> str:
    """The newest warning, in its own words; '' for none."""
    warnings = [one for one in events if one.get("type") == "Warning"]
    newest = max(warnings, key=_time, default=None)
    return _words("Kubernetes says", newest) if newest else ""


def _time(event: Body) -> str:
    """RFC 3339 times of one form compare as texts."""
    return str(event.get("lastTimestamp") or event.get("eventTime") or event.get("firstTimestamp") or "")


def _words(what: str, told: Body) -> str:
    reason, message = str(told.get("reason") or ""), " ".join(str(told.get("message") or "").split())
    said = ": ".join(part for part in (reason, message) if part)
    return shortened(f"{what}: {said}" if said else what, MAX_WORDS)


def _with_rows(text: str, verdict: Verdict | None) -> str:
    return f"{text}; {verdict.rows}" if verdict and verdict.rows else text


def _newest(pods: list[Body]) -> Body | None:
    """A Job that is never tried twice has one pod; where there are more, the last one counts."""
    return max(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp") or ""), default=None)


def _phase(pod: Body | None) -> str:
    return str(((pod or {}).get("status") or {}).get("phase") or "")


def _condition(body: Body, kind: str) -> Body | None:
    """The condition, if it is true."""
    conditions = (body.get("status") or {}).get("conditions") or []
    return next((one for one in conditions if one.get("type") == kind and one.get("status") == "True"), None)


def _container_state(pod: Body | None) -> Body:
    """Of the engine's container: an admission webhook may have put others beside it, and before it."""
    statuses = ((pod or {}).get("status") or {}).get("containerStatuses") or []
    state: Body = next((one.get("state") or {} for one in statuses if one.get("name") == CONTAINER), {})
    return state


def _terminated(pod: Body | None) -> Body:
    ended: Body = _container_state(pod).get("terminated") or {}
    return ended
