"""What Argo CD, Flux and `helm --wait` make of a job at every point of its life that `decide` can bring about."""

from __future__ import annotations

from typing import Any

import pytest
from tests.gitops.fixtures import judge  # noqa: F401
from tests.gitops.judging import Judge
from tests.gitops.kit import BAD, GOOD, HELD, JOBS, MOVES, expected, expressions, health_scripts, verdicts
from tests.unit.core.lives import EDITS, LINKS, lives_of
from tests.unit.core.scenes import COMPOSED, KINDS, Scene

from zilliz_jobs.api.resources import RESOURCES

pytestmark = pytest.mark.timeout(900)  # the judge is built once

Body = dict[str, Any]
AROUND = {**LINKS, "suspended by hand": EDITS["suspend"], "a broken manifest": EDITS["a broken manifest"]}


def body_of(scene: Scene, kind: str = "BackupJob") -> Body:
    return {
        "apiVersion": "jobs.zilliz.com/v1alpha1",
        "kind": kind,
        "metadata": {"name": "x", "namespace": "n", "generation": scene.snapshot.generation},
        "spec": {"suspend": bool(scene.snapshot.spec and scene.snapshot.spec.suspend)},
        "status": scene.status.wire(),
    }


def test_every_point_of_a_life_has_the_health_that_its_words_promise(judge: Judge) -> None:  # noqa: F811
    """Else a sync goes on over a failed backup, or waits for ever on one that has ended."""
    cases: dict[str, Body] = {}
    known: set[str] = set()
    for number, kind in enumerate((*KINDS, *COMPOSED)):
        for life, lived in lives_of(kind).items():
            if life == "new":
                continue
            there = lived(kind)
            for name, change in AROUND.items():
                body = body_of(change(there).see())
                status = body["status"]
                shown = str([(c["type"], c["status"], c["reason"]) for c in status["conditions"]])
                if (new := f"{status.get('state')} {status.get('completionTime')} {shown}") not in known:
                    known.add(new)
                    cases[f"kind {number}, {life}, {name}"] = body
    found = verdicts(judge, list(cases.values()))
    wrong = {
        name: (expected(body), said, body["status"].get("state"), body["status"].get("reason"))
        for (name, body), said in zip(cases.items(), found, strict=True)
        if said != expected(body)
    }
    assert wrong == {}
    assert set(found) == {GOOD, BAD, HELD, MOVES}


def test_a_status_of_an_older_generation_says_nothing(judge: Judge) -> None:  # noqa: F811
    """Else an edit that starts the job anew would look done before anybody has seen it."""
    stale = []
    for life in ("suspended", "successful", "failed", "unknown"):
        body = body_of(lives_of(KINDS[0])[life](KINDS[0]))
        body["metadata"]["generation"] += 1
        stale.append(body)
    assert verdicts(judge, stale) == [MOVES] * 4


def test_an_object_that_nobody_has_looked_at_is_on_its_way(judge: Judge) -> None:  # noqa: F811
    """As the CRD's default makes it: the operator may be down, and nothing is done yet."""
    new = [
        {
            "apiVersion": "jobs.zilliz.com/v1alpha1",
            "kind": kind,
            "metadata": {"name": "x", "generation": 1},
            "spec": {},
            "status": {"observedGeneration": -1},
        }
        for kind in (*JOBS, "ZillizConnection", "JobCenter")
    ]
    assert verdicts(judge, new) == [MOVES] * len(new)


def test_an_object_that_goes_is_waited_for_to_be_gone(judge: Judge) -> None:  # noqa: F811
    body = body_of(lives_of(KINDS[0])["successful"](KINDS[0]))
    body["metadata"]["deletionTimestamp"] = "2026-03-01T12:00:00Z"
    assert judge.kstatus([body]) == ["Terminating"]


def test_all_kinds_have_a_health_and_flux_knows_those_that_stand_in_git() -> None:
    assert set(health_scripts()) == {resource.kind for resource in RESOURCES}
    assert set(expressions()) == {resource.kind for resource in RESOURCES} - {"ProjectJob"}
