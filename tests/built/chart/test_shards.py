"""The chart with shards: where two operators have one selector, or none has it, objects are worked on twice, or by
nobody."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from tests.built.chart.rendering import Body, Chart, RefusedError, environment, of_kind, selects, the
from tests.support.rights import granted

from zilliz_jobs.control.shard import SHARD_LABEL, Shard
from zilliz_jobs.settings import Settings

pytestmark = pytest.mark.controlplane

SHARDS: list[dict[str, Any]] = [
    {"name": "eu"},
    {"name": "us", "replicaCount": 2, "resources": {"limits": {"memory": "1Gi"}}},
]


@pytest.fixture(scope="module")
def bodies(chart: Chart) -> list[Body]:
    return chart.render(shards=SHARDS, serviceMonitor={"enabled": True}, networkPolicy={"enabled": True})


def named(bodies: list[Body], kind: str) -> dict[str, Body]:
    return {body["metadata"]["name"]: body for body in of_kind(bodies, kind)}


def settings_of(deployment: Body, monkeypatch: pytest.MonkeyPatch) -> Settings:
    with monkeypatch.context() as here:
        for name, value in environment(deployment).items():
            here.setenv(name, value)
        return Settings()


def test_each_has_an_operator_and_each_object_one_of_them(
    bodies: list[Body], monkeypatch: pytest.MonkeyPatch
) -> None:
    operators = named(bodies, "Deployment")
    assert set(operators) == {
        "it-zilliz-jobs-operator",
        "it-zilliz-jobs-operator-eu",
        "it-zilliz-jobs-operator-us",
    }
    settings = [settings_of(one, monkeypatch) for one in operators.values()]
    for labels in ({}, {SHARD_LABEL: "eu"}, {SHARD_LABEL: "us"}):
        body = {"metadata": {"labels": labels}}
        assert len([one for one in settings if one.shard.selects(body)]) == 1, labels
    leases = {one.shard.lease_name(one.lease_name) for one in settings}
    assert leases == set(operators), "a Lease of its own, which the hook finds by the Deployment's name"
    assert [one.shards for one in settings if one.shards] == [["eu", "us"]]
    (default,) = (one for one in settings if one.shards)
    assert default.shard.name == "default"


def test_its_operator_may_renew_the_lease_of_each(bodies: list[Body]) -> None:
    (role,) = (r for r in of_kind(bodies, "Role") if r["metadata"]["name"] == "it-zilliz-jobs-operator-leader")
    (rule,) = (r for r in role["rules"] if r.get("resourceNames"))
    assert set(rule["resourceNames"]) == set(named(bodies, "Deployment"))
    assert set(rule["verbs"]) == {"get", "update"}


def test_no_selector_meets_the_pods_of_another(bodies: list[Body]) -> None:
    """A Deployment would adopt them, a budget would count them, and a Service would add two leaders up."""
    pods = {name: one["spec"]["template"] for name, one in named(bodies, "Deployment").items()}
    for name, deployment in named(bodies, "Deployment").items():
        selector = deployment["spec"]["selector"]["matchLabels"]
        assert [other for other, pod in pods.items() if selects(selector, pod)] == [name]
    for name, service in named(bodies, "Service").items():
        met = [other for other, pod in pods.items() if selects(service["spec"]["selector"], pod)]
        assert [f"{one}-metrics" for one in met] == [name]
    policy = the(bodies, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"]
    assert all(selects(policy, pod) for pod in pods.values())


def test_only_what_has_two_replicas_has_a_budget(bodies: list[Body]) -> None:
    (budget,) = of_kind(bodies, "PodDisruptionBudget")
    assert budget["metadata"]["name"] == "it-zilliz-jobs-operator-us"
    us = named(bodies, "Deployment")["it-zilliz-jobs-operator-us"]
    assert us["spec"]["replicas"] == 2
    assert us["spec"]["template"]["spec"]["containers"][0]["resources"] == {"limits": {"memory": "1Gi"}}
    assert selects(budget["spec"]["selector"]["matchLabels"], us["spec"]["template"])


def test_the_metrics_of_all_are_read_and_told_apart(bodies: list[Body]) -> None:
    monitor = the(bodies, "ServiceMonitor")["spec"]
    (how,) = monitor["selector"]["matchExpressions"]
    for service in of_kind(bodies, "Service"):
        assert selects(monitor["selector"]["matchLabels"], service)
        assert service["metadata"]["labels"][how["key"]] in how["values"]
    assert monitor["targetLabels"] == [SHARD_LABEL]


def test_the_hook_stops_all_of_them(bodies: list[Body]) -> None:
    """One that works on puts its finalizers back."""
    args = the(bodies, "Job")["spec"]["template"]["spec"]["containers"][0]["args"]
    assert [arg for arg in args if "shard" in arg or "deployment" in arg] == [
        "--stop-deployment=it-zilliz-jobs-operator",
        "--shard=eu",
        "--shard=us",
    ]
    (role,) = (r for r in of_kind(bodies, "Role") if r["metadata"]["name"].endswith("-stop"))
    for rule in role["rules"]:
        assert set(rule["resourceNames"]) == set(named(bodies, "Deployment"))


def test_without_shards_there_is_one_operator_for_all(chart: Chart, monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = chart.render()
    settings = settings_of(the(bodies, "Deployment"), monkeypatch)
    assert settings.shard == Shard()
    assert settings.shards == []
    assert granted(bodies, "operator") <= granted(chart.render(shards=SHARDS), "operator")


def test_the_default_operator_stays_the_same_deployment(chart: Chart, bodies: list[Body]) -> None:
    """The selector of a Deployment cannot be changed: an upgrade that adds shards would fail."""
    before, after = the(chart.render(), "Deployment"), named(bodies, "Deployment")["it-zilliz-jobs-operator"]
    assert before["spec"]["selector"] == after["spec"]["selector"]
    names = [*named(bodies, "Deployment")]
    assert all(a != b for a, b in pairwise(sorted(names)))


@pytest.mark.parametrize(
    ("shards", "said"),
    [
        ([{"name": "default"}], "name"),
        ([{"name": "EU"}], "name"),
        ([{"name": "a_b"}], "name"),
        ([{"replicaCount": 2}], "name"),
        ([{"name": "a", "selector": "x"}], "selector"),
        ([{"name": "a"}, {"name": "a"}], "a name of its own"),
        ([{"name": "a" * 30}], "too long"),
    ],
    ids=str,
)
def test_a_shard_that_cannot_be_is_refused(chart: Chart, shards: list[Body], said: str) -> None:
    values: dict[str, Any] = {"shards": shards, "fullnameOverride": "a-release-with-a-long-name"}
    with pytest.raises(RefusedError, match=said):
        chart.render(**values)
