"""A request for one object: the annotation with a fresh token, and the operator's answer to exactly that token."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from zilliz_jobs.api.jobstatus import Outcome, RequestStatus
from zilliz_jobs.api.model import format_time
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.exitcodes import CommandError, ExitCode
from zilliz_jobs.cli.kubectl.following import Following, Watched
from zilliz_jobs.cli.kubectl.jobview import request_in
from zilliz_jobs.cli.kubectl.objectview import objects_in
from zilliz_jobs.control.objects import CANCEL, RESOLVE, RETRY, Body, key_of, raw_status
from zilliz_jobs.core.foreigntext import shown
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.requests import MAX_TOKEN
from zilliz_jobs.schedules.manifest import RUN_REQUESTED

ANNOTATIONS = {"cancel": CANCEL, "retry": RETRY, "resolution": RESOLVE, "run": RUN_REQUESTED}
"""By the field of the status that answers."""
NOBODY = "no operator has answered; whether one works: kubectl zilliz doctor"


@dataclass(frozen=True)
class Target:
    """An object that is asked something: a job, a row of a JobCenter, or a schedule."""

    resource: Resource
    body: Body

    @property
    def name(self) -> str:
        return str(self.body["metadata"]["name"])

    @property
    def namespace(self) -> str:
        return str(self.body["metadata"]["namespace"])

    @property
    def reference(self) -> str:
        return f"{self.resource.singular}/{self.name}"


@dataclass(frozen=True)
class Answer:
    """What became of a request. `outcome`: the word that is printed."""

    target: Target
    outcome: str
    text: str
    code: ExitCode


def fresh_token(now: datetime) -> str:
    """A token that no other request has; the time in it is for people."""
    return f"{format_time(now)}-{secrets.token_hex(4)}"


async def ask(cluster: Cluster, target: Target, field: str, token: str, seconds: float) -> Answer:
    """Set the annotation, and wait for the answer. `field`: one of ANNOTATIONS. What cannot be set is an answer too,
    so that of several requests the others go on."""
    change = {"metadata": {"annotations": {ANNOTATIONS[field]: token}}}
    try:
        body = await cluster.patch(target.resource, target.namespace, target.name, change)
    except CommandError as error:
        return Answer(target, "not asked", str(error), error.code)
    try:
        answer = await _answer(cluster, Target(target.resource, body), field, token, seconds)
    except CommandError as error:
        return Answer(target, "not answered", str(error), error.code)
    if answer is None:
        return Answer(target, "not answered yet", NOBODY, ExitCode.TIMED_OUT)
    text = ": ".join(filter(None, (shown(answer.reason or ""), shown(answer.message or ""))))
    refused = answer.outcome in (Outcome.REFUSED, Outcome.FAILED)
    waits = answer.outcome is Outcome.REQUESTED
    code = ExitCode.FAILED if refused else ExitCode.TIMED_OUT if waits else ExitCode.DONE
    return Answer(target, str(answer.outcome), text, code)


async def _answer(cluster: Cluster, target: Target, field: str, token: str, seconds: float) -> RequestStatus | None:
    """The last that was said to this token within the time; None for nothing."""
    known: RequestStatus | None = None
    async with Following(cluster, [Watched(target.resource, target.namespace, target.name)]) as following:
        try:
            async with asyncio.timeout(seconds):
                while True:
                    body = following.objects.get(key_of(target.body))
                    if following.complete and body is None:
                        raise CommandError(f"{target.reference} was deleted meanwhile")
                    request = request_in(raw_status(body or {}), field)
                    if request is not None and request.outcome and request.token == token[:MAX_TOKEN]:
                        known = request
                        if request.outcome is not Outcome.REQUESTED:
                            return known
                    await following.news()
        except TimeoutError:
            return known


async def set_suspend(cluster: Cluster, target: Target, wanted: bool, seconds: float) -> Answer:
    """Write `spec.suspend`, and wait until the operator has taken note of it."""
    try:
        body = await cluster.patch(target.resource, target.namespace, target.name, {"spec": {"suspend": wanted}})
    except CommandError as error:
        return Answer(target, "not asked", str(error), error.code)
    word = "suspended" if wanted else "resumed"
    try:
        seen = await _observed(cluster, Target(target.resource, body), seconds)
    except CommandError as error:
        return Answer(target, f"{word}, not answered", str(error), error.code)
    if seen is None:
        return Answer(target, f"{word}, not answered yet", NOBODY, ExitCode.TIMED_OUT)
    held = next((one for one in objects_in(seen.get("conditions")) if one.get("type") == "Suspended"), {})
    text = ": ".join(shown(str(held[name])) for name in ("reason", "message") if held.get(name))
    late = wanted and held.get("reason") == Reason.RUNNING_ALREADY
    return Answer(target, "too late" if late else word, text, ExitCode.FAILED if late else ExitCode.DONE)


async def _observed(cluster: Cluster, target: Target, seconds: float) -> Mapping[str, object] | None:
    """The status of this generation, or of a later one."""
    wanted = target.body["metadata"].get("generation") or 0
    async with Following(cluster, [Watched(target.resource, target.namespace, target.name)]) as following:
        try:
            async with asyncio.timeout(seconds):
                while True:
                    body = following.objects.get(key_of(target.body))
                    if following.complete and body is None:
                        raise CommandError(f"{target.reference} was deleted meanwhile")
                    status = raw_status(body or {})
                    seen = status.get("observedGeneration")
                    if isinstance(seen, int) and seen >= wanted:
                        return status
                    await following.news()
        except TimeoutError:
            return None
