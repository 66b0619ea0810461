"""The buttons of Argo CD: there where the operator would heed them, and each changes what it says and no more."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from tests.gitops.fixtures import judge  # noqa: F401
from tests.gitops.judging import Judge
from tests.gitops.kit import CONFIG, KIT, actions
from tests.unit.core.lives import EDITS, lives_of
from tests.unit.core.scenes import CONSOLE, Scene

from zilliz_jobs.api.jobstatus import Outcome
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.requests import judge_cancel, judge_retry
from zilliz_jobs.core.snapshot import is_finished, is_unsent
from zilliz_jobs.kinds import JOB_KINDS

pytestmark = pytest.mark.timeout(900)  # the judge is built once

Body = dict[str, Any]
CLICKS = ("cancel", "retry", "suspend", "resume")


def enabled(told: Body) -> set[str]:
    return {name for name, action in told.items() if not action["disabled"]}


def wanted(scene: Scene) -> set[str]:
    """What the operator would not refuse, with a connection that may use the console API."""
    s, status = replace(scene.snapshot, link=CONSOLE), scene.status
    suspended = bool(s.spec and s.spec.suspend)
    open_to_hold = is_unsent(status) and not status.steps and not is_finished(status)
    found = {
        # Of steps that stand for a call of the console a cancel can wait for a look-up, but is refused once
        # a step is done.
        "cancel": judge_cancel(s, status)[0] is not Outcome.REFUSED and (s.traits.by_steps_only or not status.steps),
        "retry": judge_retry(s, status)[1] in (Reason.RETRY_STARTED, Reason.NO_SOURCE),
        "suspend": open_to_hold and not suspended,
        "resume": suspended and not is_finished(status),
    }
    return {name for name, there in found.items() if there}


def test_a_button_is_there_where_the_operator_would_not_refuse(judge: Judge) -> None:  # noqa: F811
    """Else a person clicks on what cannot be, or looks in vain for what could."""
    cases: dict[str, tuple[Body, Scene]] = {}
    for kind in JOB_KINDS:
        wishes: dict[str, Body] = {one.name: {one.field: one.value} for one in kind.variants}
        for variant, traits in kind.trait_variants().items():
            for life, lived in lives_of(traits).items():
                there = lived(traits)
                for name in ("spec as it is", "suspend", "retries"):
                    scene = EDITS[name](there)
                    suspended = bool(scene.snapshot.spec and scene.snapshot.spec.suspend)
                    spec: Body = {"suspend": suspended} | wishes.get(variant, {})
                    if getattr(scene.snapshot.policy, "resubmit", False):
                        spec["retryPolicy"] = {"resubmit": True}
                    body = {"kind": kind.resource.kind, "apiVersion": "v1", "metadata": {}, "spec": spec}
                    cases[f"{kind.resource.kind} {variant}: {life}, {name}"] = (
                        {**body, "status": scene.status.wire()},
                        scene,
                    )
    told = judge.lua([body for body, _ in cases.values()], actions("BackupJob")["discovery.lua"])
    wrong = {
        name: (enabled(said), wanted(scene))
        for (name, (_, scene)), said in zip(cases.items(), told, strict=True)
        if enabled(said) != wanted(scene)
    }
    assert wrong == {}
    assert set().union(*map(enabled, told)) == set(CLICKS)


@pytest.mark.parametrize(
    ("kind", "spec", "status", "there"),
    [
        ("JobCenter", {}, {}, {"suspend"}),
        ("JobCenter", {"suspend": True}, {}, {"resume"}),
        ("ZillizConnection", {"suspend": False}, {}, {"suspend"}),
        ("ProjectJob", {}, {"type": "Backup", "state": "InProgress"}, {"cancel"}),
        ("ProjectJob", {}, {"type": "Import", "state": "InProgress"}, set()),
        ("ProjectJob", {}, {"type": "Import", "state": "Failed"}, {"retry"}),
        ("ProjectJob", {}, {"type": "Backup", "state": "Failed"}, set()),
        ("ProjectJob", {}, {}, set()),
        ("BackupJob", {}, {}, {"cancel", "suspend"}),
    ],
)
def test_what_is_no_job_has_the_buttons_that_act_on_it(
    judge: Judge,  # noqa: F811
    kind: str,
    spec: Body,
    status: Body,
    there: set[str],
) -> None:
    body = {"kind": kind, "apiVersion": "v1", "metadata": {}, "spec": spec, "status": status}
    assert enabled(judge.lua([body], actions(kind)["discovery.lua"])[0]) == there


def test_an_object_that_is_being_deleted_has_no_button(judge: Judge) -> None:  # noqa: F811
    body = {"kind": "BackupJob", "apiVersion": "v1", "metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}
    assert enabled(judge.lua([body], actions("BackupJob")["discovery.lua"])[0]) == set()


@pytest.mark.parametrize("click", CLICKS)
@pytest.mark.parametrize("annotations", [None, {"team": "shop"}], ids=["no annotations", "annotations"])
def test_a_click_changes_what_it_says_and_nothing_else(
    judge: Judge,  # noqa: F811
    click: str,
    annotations: Body | None,
) -> None:
    """What a script loses on its way through Lua would be deleted from the object."""
    meta: Body = {"name": "x", "generation": 3} | ({"annotations": annotations} if annotations else {})
    spec = {"clusterId": "in01", "collections": ["a", "b"], "retryPolicy": {"limit": 2}, "suspend": click == "resume"}
    body: Body = {
        "apiVersion": "v1",
        "kind": "BackupJob",
        "metadata": meta,
        "spec": spec,
        "status": {"jobId": "job-1"},
    }
    (script,) = [d["action.lua"] for d in actions("BackupJob")["definitions"] if d["name"] == click]
    (after,) = judge.lua([body], script)
    should = copy.deepcopy(body)
    if click in ("cancel", "retry"):
        token = after["metadata"]["annotations"][f"jobs.zilliz.com/{click}-requested"]
        datetime.fromisoformat(token)  # another click, another token
        should["metadata"].setdefault("annotations", {})[f"jobs.zilliz.com/{click}-requested"] = token
    else:
        should["spec"]["suspend"] = click == "suspend"
    assert after == should


def test_every_button_of_every_kind_has_its_script(judge: Judge) -> None:  # noqa: F811
    for resource in RESOURCES:
        body = {"kind": resource.kind, "apiVersion": "v1", "metadata": {}, "spec": {}, "status": {}}
        offered = judge.lua([body], actions(resource.kind)["discovery.lua"])[0]
        assert set(offered) <= {one["name"] for one in actions(resource.kind)["definitions"]}


def test_the_config_map_is_made_from_the_scripts() -> None:
    """Else what people install is not what is tested."""
    names: Body = {"__name__": "render", "__file__": str(KIT / "argocd" / "render.py")}
    exec((KIT / "argocd" / "render.py").read_text(), names)  # noqa: S102
    assert CONFIG.read_text() == names["rendered"](), "run: python deploy/gitops/argocd/render.py"
