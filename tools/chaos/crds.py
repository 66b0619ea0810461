"""CRDs that come after the operator, as they do where two pipelines install the one and the other."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

import yaml
from tests.support.serving import ROOT
from tools.bench.kube import Body, Kube, KubeProblem
from tools.bench.stage import until

from zilliz_jobs.api.model import GROUP

PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SECONDS = 60


async def withhold(kube: Kube, plurals: Collection[str]) -> list[Body]:
    """Takes them away, before there is any object of them; what `bring` wants."""
    found = [yaml.safe_load((ROOT / "crds" / f"{plural}.yaml").read_text()) for plural in sorted(plurals)]
    for plural in plurals:
        await kube.ask("DELETE", f"{PATH}/{plural}.{GROUP}")
    for plural in plurals:
        await until(f"{plural} are gone", partial(_is_gone, kube, plural), seconds=SECONDS)
    return found


async def bring(kube: Kube, crds: list[Body]) -> None:
    """Makes them, and waits until they are served."""
    for crd in crds:
        await until(f"{crd['metadata']['name']} is made", partial(_made, kube, crd), seconds=SECONDS)
    for crd in crds:
        plural = crd["spec"]["names"]["plural"]
        await until(f"{plural} are served", partial(_is_served, kube, plural), seconds=SECONDS)


async def _made(kube: Kube, crd: Body) -> bool:
    try:
        await kube.ask("POST", PATH, crd)
    except KubeProblem as problem:
        return "HTTP 409" in str(problem) and await _is_served(kube, crd["spec"]["names"]["plural"])
    except OSError:
        return False  # the API server restarts
    return True


async def _is_served(kube: Kube, plural: str) -> bool:
    try:
        await kube.everything(plural)
    except (KubeProblem, OSError):
        return False
    return True


async def _is_gone(kube: Kube, plural: str) -> bool:
    return not await _is_served(kube, plural)
