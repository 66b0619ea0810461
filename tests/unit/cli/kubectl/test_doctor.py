"""A job that nobody looks after must not be called well."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.cli.kubectl.pictures import NOW, job, jobs

from zilliz_jobs.cli.kubectl.doctor.accounts import attention, connection, set_back
from zilliz_jobs.cli.kubectl.doctor.enginepolicy import is_limited
from zilliz_jobs.cli.kubectl.doctor.finding import Verdict
from zilliz_jobs.cli.kubectl.doctor.operators import engine_said, installed

SEEN = [one for one in jobs() if one.status["observedGeneration"] == 1]


def test_a_job_that_no_operator_has_seen_is_a_problem_after_a_minute() -> None:
    new = job("new-one")
    (finding,) = attention([*SEEN, new], NOW)
    assert (finding.verdict, "1 more job too young to tell" in finding.text) == (Verdict.OK, True)
    (finding,) = attention([*SEEN, new], NOW + timedelta(seconds=61))
    assert finding.verdict is Verdict.PROBLEM
    assert "shop/restorejob/new-one" in finding.text


def test_a_request_that_nobody_answers_is_a_problem_too() -> None:
    asked = {"annotations": {"jobs.zilliz.com/cancel-requested": "now"}}
    one = SEEN[0]
    waits = replace(one, body=one.body | {"metadata": one.body["metadata"] | asked})
    (finding,) = attention([waits], NOW)
    assert finding.verdict is Verdict.PROBLEM


def test_a_namespace_without_jobs_proves_nothing() -> None:
    assert [finding.verdict for finding in attention([], NOW)] == [Verdict.NOT_CHECKED]


def test_a_status_that_tells_less_than_it_did_is_a_problem_with_the_way_out() -> None:
    """Who restored etcd must hear of the one switch that keeps jobs from being submitted a second time."""
    assert set_back(SEEN) == []
    one = SEEN[0]
    condition = {"type": "Stalled", "status": "True", "reason": "RecordUnreadable"}
    behind = replace(one, body=one.body | {"status": one.status | {"conditions": [condition]}})
    (finding,) = set_back([*SEEN, behind])
    assert finding.verdict is Verdict.PROBLEM
    assert f"{one.namespace}/{one.reference}" in finding.text
    assert "firstSubmission: Hold" in finding.text


@pytest.mark.parametrize(("first", "held"), [("Hold", True), ("Submit", False), (None, False)])
def test_who_forgot_that_new_jobs_are_held_hears_of_it(first: str | None, held: bool) -> None:
    ready = {"type": "Ready", "status": "True", "reason": "KeyAccepted"}
    status = {"observedGeneration": 1, "endpoint": "https://api.example.com", "conditions": [ready]}
    meta = {"namespace": "shop", "name": "default", "generation": 1}
    finding = connection({"metadata": meta, "spec": {"firstSubmission": first}, "status": status})
    assert (finding.verdict, "firstSubmission is Hold" in finding.text) == (Verdict.OK, held)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ([], "migrations by VTS are not enabled; migrations.vts.enabled of the chart would do that"),
        (
            [{"value": "registry.test/vts@sha256:1"}],
            "migrations by VTS are enabled, with the image registry.test/vts@sha256:1",
        ),
        (
            [{"valueFrom": {"configMapKeyRef": {"name": "zilliz-jobs-vts", "key": "image"}}}],
            "migrations by VTS are enabled",
        ),
    ],
    ids=["not enabled", "by the chart", "by Kustomize, from a ConfigMap"],
)
def test_who_waits_for_a_migration_by_vts_learns_whether_it_is_enabled(entry: list[Any], said: str) -> None:
    env = [{"name": "ZILLIZ_JOBS_VTS_IMAGE", **one} for one in entry]
    pod = {"containers": [{"name": "operator", "env": env}]}
    found = installed({"metadata": {"namespace": "home", "name": "it"}, "spec": {"template": {"spec": pod}}})
    assert engine_said(found.engine) == said


def test_an_engine_on_a_cluster_of_seatunnel_is_enabled_without_an_image() -> None:
    env = [{"name": "ZILLIZ_JOBS_VTS_CLUSTER", "value": "http://seatunnel.data:8080"}]
    pod = {"containers": [{"name": "operator", "env": env}]}
    found = installed({"metadata": {"namespace": "home", "name": "it"}, "spec": {"template": {"spec": pod}}})
    assert engine_said(found.engine, found.engine_cluster) == (
        "migrations by VTS are enabled, on the SeaTunnel cluster http://seatunnel.data:8080"
    )


OPERATOR = "system:serviceaccount:zilliz-jobs-system:zilliz-jobs-operator"
POLICY, BINDING = yaml.safe_load_all(
    (Path(__file__).parents[4] / "deploy" / "kustomize" / "components" / "vts" / "policy.yaml").read_text()
)


@pytest.mark.parametrize(
    ("user", "policies", "bindings", "limited"),
    [
        (OPERATOR, [POLICY], [BINDING], True),
        (f"{OPERATOR}-2", [POLICY], [BINDING], False),
        (OPERATOR, [POLICY], [], False),
        (OPERATOR, [POLICY], [{"spec": BINDING["spec"] | {"validationActions": ["Audit"]}}], False),
        (OPERATOR, [], [BINDING], False),
    ],
    ids=["as it is shipped", "of another account", "bound by nothing", "bound to be logged only", "not there"],
)
def test_an_engine_without_its_policy_is_found(
    user: str, policies: list[Any], bindings: list[Any], limited: bool
) -> None:
    """Whoever enables it by hand, and leaves the policy out, has opened the namespace to a leaked token."""
    assert is_limited(user, policies, bindings) is limited
