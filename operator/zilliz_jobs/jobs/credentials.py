"""One-time credentials of a new cluster: the cloud gives the password once, in the answer to the submission.

The Secret is created empty before the request, so that no password arrives that cannot be stored; it is filled before
the job's id is recorded. It has no owner reference: the only password must outlive the job's object.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.model import GROUP
from zilliz_jobs.control.objects import Body, key_of
from zilliz_jobs.core.observation import Accepted, Blocked, Found, Prepared
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.kube.errors import AlreadyExists, Conflict, Denied, Forbidden, KubeError, NotFound, Unavailable
from zilliz_jobs.kube.persist import Pace, Write, persist
from zilliz_jobs.kube.secrets import Secret, Secrets
from zilliz_jobs.telemetry.concealed import CONCEALED

LABELS = {f"{GROUP}/one-time-credentials": "true", "app.kubernetes.io/managed-by": "zilliz-jobs-operator"}
MADE_FOR = f"{GROUP}/made-for"
KEEP_SECONDS = 60.0  # for so long at most the job's id is not recorded because its password is not stored yet
PAUSE_SECONDS = 0.5

log = logging.getLogger(__name__)


class Credentials:
    """Creates and fills the Secrets for one-time credentials."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    async def reserve(self, kind: AnyKind, body: Body, spec: JobSpec, ready: Prepared) -> Prepared | Blocked:
        """Create the Secret, empty, where the job brings credentials, and prove that it can be filled. Returns why
        the job must wait where it cannot. Idempotent. Raises KubeError."""
        key = key_of(body)
        name = kind.credentials_secret(spec, key.name)
        if name is None:
            return ready
        try:
            secret = await self._present_or_new(body, name)
            if taken(secret, body) is None:
                await self._secrets.fill(secret, {})  # changes nothing, but needs the same right
        except Denied:
            raise  # no right would help
        except Forbidden as error:
            return Blocked(Reason.CREDENTIALS_FORBIDDEN, f"{Reason.CREDENTIALS_FORBIDDEN.help} {error}")
        if problem := taken(secret, body):
            return problem
        return replace(ready, credentials_secret=name)

    async def keep(self, body: Body, name: str, answer: Accepted) -> Accepted:
        """Store the credentials; returns the answer without them, and whether they are stored.

        Tries for `KEEP_SECONDS`; raises nothing, since the job's id must be recorded whatever became of its password.
        """
        bare = replace(answer, credentials={})
        if not answer.credentials:
            return bare
        password, namespace = answer.credentials.get("password", ""), body["metadata"]["namespace"]
        CONCEALED.conceal(password, namespace=namespace)
        loop = asyncio.get_running_loop()
        write = _Filling(self, body, name, answer.credentials, loop.time() + KEEP_SECONDS)
        try:
            await persist(write, Pace(PAUSE_SECONDS, PAUSE_SECONDS))
        except KubeError as error:
            log.error(  # noqa: TRY400 - the error says what happened, and is no bug
                "%s: the one-time credentials are lost, reset the password in the console: %s", key_of(body), error
            )
            return bare
        return replace(bare, credentials_stored=True)

    async def check(self, body: Body, name: str, found: Found) -> Found:
        """The job that was found, and whether the Secret has the credentials of its cluster: then only the record of
        the answer was lost. Changes nothing. Raises KubeError."""
        try:
            secret = await self._secrets.read(body["metadata"]["namespace"], name)
        except NotFound:
            return found
        kept = _is_ours(secret, body) and secret.text("clusterId") in found.handle.values()
        return replace(found, credentials_stored=kept)

    # -- parts

    async def _present_or_new(self, body: Body, name: str) -> Secret:
        """The Secret of this name, whosever it is; made now for this job if there is none."""
        namespace = body["metadata"]["namespace"]
        try:
            secret = await self._secrets.read(namespace, name)
        except NotFound:
            try:
                return await self._secrets.create(namespace, name, labels=LABELS, annotations={MADE_FOR: _mark(body)})
            except (AlreadyExists, Unavailable) as error:
                try:
                    secret = await self._secrets.read(namespace, name)
                except NotFound:
                    raise error from None  # it says why there is none
        return secret

    async def fill(self, body: Body, name: str, values: Mapping[str, str]) -> None:
        """Store the values in the Secret that was made for this job. Idempotent. Raises KubeError."""
        secret = await self._present_or_new(body, name)
        if not _is_ours(secret, body):
            raise Conflict(f"Secret {name} is another's by now")
        await self._secrets.fill(secret, values)


@dataclass(frozen=True)
class _Filling(Write[None]):
    """`until`: when to give up, in the loop's time."""

    credentials: Credentials
    body: Body
    name: str
    values: Mapping[str, str]
    until: float

    async def once(self) -> None:
        await self.credentials.fill(self.body, self.name, self.values)

    def again(self, error: KubeError, tries: int) -> None:
        if asyncio.get_running_loop().time() > self.until:
            raise error
        log.warning("%s: the one-time credentials are not stored yet: %s", key_of(self.body), error)


def taken(secret: Secret, body: Body) -> Blocked | None:
    """Why the Secret cannot take the one-time credentials of this job; None where it can. Pure."""
    kind = key_of(body).kind
    if not _is_ours(secret, body):
        message = f"Secret {secret.name} exists and was not made for this {kind}; name another in the spec"
        return Blocked(Reason.CREDENTIALS_SECRET_TAKEN, message)
    if secret.keys:
        message = (
            f"Secret {secret.name} holds the credentials of an earlier {kind} of this name; keep them elsewhere and "
            "delete it, or name another in the spec"
        )
        return Blocked(Reason.CREDENTIALS_SECRET_TAKEN, message)
    return None


def _mark(body: Body) -> str:
    key = key_of(body)
    return f"{key.kind}/{key.name}"


def _is_ours(secret: Secret, body: Body) -> bool:
    labelled = all(secret.labels.get(name) == value for name, value in LABELS.items())
    return labelled and secret.annotations.get(MADE_FOR) == _mark(body)
