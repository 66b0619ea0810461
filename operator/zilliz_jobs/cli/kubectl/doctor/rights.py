"""What the user of this command may do in the namespace, and what the operator needs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import Protocol

from zilliz_jobs.api.jobresources import JOB_RESOURCES
from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.api.model import GROUP
from zilliz_jobs.api.projectjob import PROJECT_JOB
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.doctor.finding import Finding
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.kube.errors import Forbidden, NotFound
from zilliz_jobs.kube.reviews import AccessReviews, Deed

AT_ONCE = 10
LOOKING = ("get", "list", "watch")
CHANGING = ("create", "patch", "delete")
_DOES = {"create": "create jobs", "patch": "cancel, retry and suspend jobs", "delete": "delete jobs"}


class Asking(Protocol):
    """Asks the API server about one deed."""

    def __call__(self, deed: Deed, /) -> Awaitable[bool]: ...


async def check_own_rights(cluster: Cluster) -> list[Finding]:
    """Of the user, in the namespace of the command."""
    reviews, where = AccessReviews(cluster.client), cluster.home
    looks = [Deed(verb, GROUP, resource.plural, where) for resource in RESOURCES for verb in LOOKING]
    changes = [Deed(verb, GROUP, resource.plural, where) for resource in JOB_RESOURCES for verb in CHANGING]
    of_schedules = [Deed(verb, GROUP, JOB_SCHEDULE.plural, where) for verb in CHANGING]
    try:
        answers = await _ask(looks + changes + of_schedules, reviews.may_i)
    except NotFound:
        return [Finding.unchecked("your rights", "this server does not tell them")]
    lacks = [deed for deed in looks if not answers[deed]]
    if lacks:
        words = _grouped(lacks)
        return [Finding.problem(f"you cannot see all in {where}: no {words}; ask for the role 'view'")]
    found = [Finding.ok(f"you may see the objects of all kinds in {where}")]
    for verb, deed_words in _DOES.items():
        mine = [deed for deed in changes if deed.verb == verb]
        lacking = [deed for deed in mine if not answers[deed]]
        if not lacking:
            found.append(Finding.ok(f"you may {deed_words} of all kinds in {where}"))
        elif len(lacking) == len(mine):
            found.append(Finding.ok(f"you may not {deed_words} in {where}; the role 'edit' would allow it"))
        else:
            found.append(Finding.ok(f"you may {deed_words} of some kinds in {where}; no {_grouped(lacking)}"))
    return [*found, Finding.ok(_schedules_said([deed for deed in of_schedules if not answers[deed]], where))]


def _schedules_said(lacking: Sequence[Deed], where: str) -> str:
    deed_words = "create, run, suspend and delete schedules"
    if len(lacking) == len(CHANGING):
        return f"you may not {deed_words} in {where}; the role 'edit' would allow it"
    return f"you may {deed_words} in {where}" + (f", but for: no {_grouped(lacking)}" if lacking else "")


def needed(namespace: str) -> list[Deed]:
    """All that an operator does with what is in a namespace."""
    held = [kind.resource for kind in JOB_KINDS if kind.may_be_held]
    deeds = [Deed(verb, GROUP, resource.plural, namespace) for resource in RESOURCES for verb in LOOKING]
    deeds += [Deed("patch", GROUP, f"{resource.plural}/status", namespace) for resource in RESOURCES]
    deeds += [Deed("patch", GROUP, resource.plural, namespace) for resource in held]
    made = (*JOB_RESOURCES, PROJECT_JOB)  # by schedules and job centres
    deeds += [Deed(verb, GROUP, resource.plural, namespace) for resource in made for verb in ("create", "delete")]
    deeds += [Deed(verb, "", "secrets", namespace) for verb in ("get", "create", "patch")]
    return [*deeds, Deed("create", "", "events", namespace)]


def needed_by_engine(namespace: str) -> list[Deed]:
    """What it does besides where migrations by VTS are enabled."""
    deeds = [Deed(verb, "batch", "jobs", namespace) for verb in ("get", "create", "patch", "delete")]
    return [*deeds, *(Deed("list", "", resource, namespace) for resource in ("pods", "events"))]


async def check_operator_rights(
    cluster: Cluster, account_namespace: str, account: str, *, with_engine: bool
) -> list[Finding]:
    """Of the operator's service account, in the namespace of the command. `with_engine`: migrations by VTS are
    enabled."""
    reviews = AccessReviews(cluster.client)
    user = f"system:serviceaccount:{account_namespace}:{account}"
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{account_namespace}", "system:authenticated"]
    what = "the rights of the operator"
    try:
        deeds = needed(cluster.home) + (needed_by_engine(cluster.home) if with_engine else [])
        answers = await _ask(deeds, lambda deed: reviews.may(user, groups, deed))
    except Forbidden:
        return [Finding.unchecked(what, "needs create on subjectaccessreviews.authorization.k8s.io")]
    lacks = [deed for deed, allowed in answers.items() if not allowed]
    if lacks:
        return [
            Finding.problem(f"{user} lacks in {cluster.home}: {_grouped(lacks)}; upgrade the chart, or its roles")
        ]
    return [Finding.ok(f"{user} has all rights that the operator needs in {cluster.home}")]


async def _ask(deeds: Iterable[Deed], ask: Asking) -> dict[Deed, bool]:
    room = asyncio.Semaphore(AT_ONCE)

    async def one(deed: Deed) -> tuple[Deed, bool]:
        async with room:
            return deed, await ask(deed)

    return dict(await asyncio.gather(*(one(deed) for deed in deeds)))


def _grouped(deeds: Iterable[Deed]) -> str:
    """By verb: list, watch on backupjobs and importjobs."""
    by_what: dict[str, list[str]] = {}
    for deed in deeds:
        by_what.setdefault(deed.resource, []).append(deed.verb)
    alike: dict[tuple[str, ...], list[str]] = {}
    for resource, verbs in by_what.items():
        alike.setdefault(tuple(verbs), []).append(resource)
    return "; ".join(f"{', '.join(verbs)} on {', '.join(what)}" for verbs, what in alike.items())
