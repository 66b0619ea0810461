"""The files of deploy/gitops, and what they should make of an object: by its words alone, not its conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from tests.gitops.judging import Judge

from zilliz_jobs.api.resources import RESOURCES

Body = dict[str, Any]
KIT = Path(__file__).parents[2] / "deploy" / "gitops"
CONFIG = KIT / "argocd" / "argocd-cm.yaml"
EXPRESSIONS = KIT / "flux" / "02-gate.yaml"
GROUP = "jobs.zilliz.com"
JOBS = tuple(r.kind for r in RESOURCES if r.kind.endswith("Job") and r.kind != "ProjectJob")

HOLDS = {"Suspended", "Held", "ConnectionSuspended"}
STUCK = {"SubmissionUnknown", "InvalidSpec"}


@dataclass(frozen=True)
class Verdict:
    """What Argo CD shows, what kstatus says, and what Flux says by the expressions of the kit."""

    health: str
    kstatus: str
    flux: str


GOOD = Verdict("Healthy", "Current", "Current")
BAD = Verdict("Degraded", "Failed", "Failed")
HELD = Verdict("Suspended", "Current", "InProgress")
MOVES = Verdict("Progressing", "InProgress", "InProgress")


def expected(body: Body) -> Verdict:
    """Of a job object."""
    status = body.get("status") or {}
    if status.get("observedGeneration") != body["metadata"].get("generation"):
        return MOVES
    if status.get("completionTime"):
        return GOOD if status["state"] == "Successful" else BAD
    if status.get("reason") in HOLDS:
        return HELD
    return BAD if status.get("reason") in STUCK else MOVES


def verdicts(judge: Judge, bodies: Sequence[Body]) -> list[Verdict]:
    """What the tools say, by the files as they are shipped."""
    scripts = health_scripts()
    assert len(set(scripts.values())) == 1
    health = judge.lua(bodies, next(iter(scripts.values())))
    flux = judge.expressions(bodies, expressions())
    return [Verdict(*one) for one in zip([h["status"] for h in health], judge.kstatus(bodies), flux, strict=True)]


@cache
def config() -> dict[str, str]:
    data: dict[str, str] = yaml.safe_load(CONFIG.read_text())["data"]
    return data


@cache
def health_scripts() -> dict[str, str]:
    return {r.kind: config()[f"resource.customizations.health.{GROUP}_{r.kind}"] for r in RESOURCES}


@cache
def actions(kind: str) -> Body:
    found: Body = yaml.safe_load(config()[f"resource.customizations.actions.{GROUP}_{kind}"])
    return found


@cache
def expressions() -> dict[str, Body]:
    """Flux's, by kind. Of a ProjectJob there are none, as nobody applies one: what stands for it is never asked."""
    found: dict[str, Body] = {}
    for manifest in yaml.safe_load_all(EXPRESSIONS.read_text()):
        for one in (manifest or {}).get("spec", {}).get("healthCheckExprs") or []:
            assert one["apiVersion"] == f"{GROUP}/v1alpha1"
            found[one["kind"]] = {name: one[name] for name in ("current", "failed", "inProgress") if name in one}
    return found
