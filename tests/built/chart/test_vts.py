"""The engine of migrations in the chart: what it adds when it is enabled, and that it adds nothing before."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.built.chart.rendering import Body, Chart, RefusedError, environment, of_kind, the
from tests.built.chart.test_templates import RECOMMENDED
from tests.support.rights import Right, granted

from zilliz_jobs.cli.kubectl.doctor.rights import needed_by_engine
from zilliz_jobs.settings import Settings

pytestmark = pytest.mark.controlplane

DIGEST = f"sha256:{'a' * 64}"
IMAGE = {"repository": "registry.test/vts", "tag": "1", "digest": DIGEST}
NAMESPACES = ["shop", "films"]
COMPONENT = Path(__file__).parents[3] / "deploy" / "kustomize" / "components" / "vts"
NAMESPACE = COMPONENT.parent.parent / "vts-namespace"
POLICY, BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"
ADDED = {
    *(Right("batch", "jobs", verb) for verb in ("get", "create", "patch", "delete")),
    *(Right("", resource, "list") for resource in ("pods", "events")),
}


def enabled(**more: Any) -> Body:
    return {"vts": {"enabled": True, "image": IMAGE} | more}


def with_engine(chart: Chart, **more: Any) -> list[Body]:
    return chart.render(watchNamespaces=NAMESPACES, migrations=enabled(**more))


def test_who_does_not_enable_it_gets_not_one_line_of_it(chart: Chart) -> None:
    """The right to create Jobs is a large one: it must not come with an upgrade that nobody asked for it."""
    without = chart.render(watchNamespaces=NAMESPACES)
    assert "vts" not in yaml.safe_dump_all(without).lower()
    left = [body for body in copy.deepcopy(with_engine(chart)) if not _is_added(body)]
    for role in of_kind(left, "Role"):
        role["rules"] = [
            rule
            for rule in role["rules"]
            if rule["apiGroups"] != ["batch"] and rule["resources"] != ["pods", "events"]
        ]
    (container,) = the(left, "Deployment")["spec"]["template"]["spec"]["containers"]
    container["env"] = [one for one in container["env"] if not one["name"].startswith("ZILLIZ_JOBS_VTS_")]
    assert left == without


def test_what_it_adds_says_what_it_belongs_to(chart: Chart) -> None:
    added = [body for body in with_engine(chart) if _is_added(body)]
    assert len(added) == 2 + len(NAMESPACES)
    for body in added:
        assert set(body["metadata"]["labels"]) >= RECOMMENDED


def _is_added(body: Body) -> bool:
    return bool(body["metadata"]["labels"]["app.kubernetes.io/component"] == "migrations")


def test_its_rights_are_added_in_the_namespaces_that_are_named(chart: Chart) -> None:
    without, with_it = chart.render(watchNamespaces=NAMESPACES), with_engine(chart)
    assert granted(with_it, "operator") - granted(without, "operator") == ADDED
    assert granted(without, "operator") <= granted(with_it, "operator")
    assert {Right(deed.group, deed.resource, deed.verb) for deed in needed_by_engine("shop")} == ADDED, "the doctor's"
    where = {
        role["metadata"].get("namespace")
        for role in with_it
        if role["kind"] in ("Role", "ClusterRole") and any("batch" in rule["apiGroups"] for rule in role["rules"])
    }
    assert where == set(NAMESPACES)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"migrations": enabled()}, "set watchNamespaces to the namespaces that it is for"),
        ({"migrations": enabled(networkPolicy={"enabled": False})}, "set watchNamespaces to the namespaces"),
        (
            {"watchNamespaces": NAMESPACES, "migrations": enabled(image=IMAGE | {"digest": ""})},
            "set migrations.vts.image.repository and migrations.vts.image.digest",
        ),
        (
            {"watchNamespaces": NAMESPACES, "migrations": enabled(image={"digest": DIGEST})},
            "set migrations.vts.image.repository and migrations.vts.image.digest",
        ),
        ({"migrations": {"vts": {"image": {"digest": "sha256:1"}}}}, "digest"),
        ({"migrations": {"vts": {"image": {"repository": "a' || true || 'b"}}}}, "repository"),
        ({"migrations": {"vts": {"image": {"repository": f"a@{DIGEST}"}}}}, "repository"),
        ({"migrations": {"vts": {"cluster": "seatunnel:8080"}}}, "cluster"),
        ({"migrations": {"vts": {"cluster": "http://user:password@seatunnel:8080"}}}, "cluster"),
        ({"migrations": {"vts": {"networkPolicy": {"sourcePorts": ["all"]}}}}, "sourcePorts"),
        ({"migrations": {"vts": {"enable": True}}}, "enable"),
    ],
    ids=str,
)
def test_half_of_it_is_refused_with_what_to_do(chart: Chart, values: Body, said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        chart.render(**values)


def test_the_operator_is_told_what_its_workers_run(chart: Chart, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that it does not read would be a value without effect."""
    bodies = with_engine(chart, image=IMAGE | {"pullPolicy": "Always"}, cluster="http://seatunnel.data:8080")
    told = {name: value for name, value in environment(the(bodies, "Deployment")).items() if "_VTS_" in name}
    assert len(told) == 3
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.vts_image == f"registry.test/vts:1@{DIGEST}"
    assert (settings.vts_pull_policy, settings.vts_cluster) == ("Always", "http://seatunnel.data:8080")


def test_a_cluster_alone_needs_no_image_and_brings_no_right(chart: Chart) -> None:
    """Runs there make no Job, so the right to make Jobs would only be a danger."""
    bodies = chart.render(migrations={"vts": {"enabled": True, "cluster": "http://seatunnel.data:8080"}})
    told = {name: value for name, value in environment(the(bodies, "Deployment")).items() if "_VTS_" in name}
    assert told == {"ZILLIZ_JOBS_VTS_CLUSTER": "http://seatunnel.data:8080"}
    assert granted(bodies, "operator") == granted(chart.render(), "operator")
    assert [body["kind"] for body in bodies if _is_added(body)] == []


def test_the_policy_asks_for_the_account_and_the_image_of_this_release(chart: Chart) -> None:
    """Of another account it would refuse the Jobs of others; of another image all of ours."""
    spec = the(with_engine(chart), POLICY)["spec"]
    (condition,) = spec["matchConditions"]
    assert condition["expression"] == (
        "request.userInfo.username == 'system:serviceaccount:home:it-zilliz-jobs-operator'"
    )
    assert {one["name"]: one["expression"] for one in spec["variables"]}["image"] == f"'registry.test/vts:1@{DIGEST}'"
    assert (spec["failurePolicy"], the(with_engine(chart), BINDING)["spec"]["validationActions"]) == (
        "Fail",
        ["Deny"],
    )


def test_two_releases_of_one_name_have_policies_of_their_own(chart: Chart) -> None:
    """A policy has no namespace: the second install would take the first one's away."""
    names = {
        the(chart.render("-n", home, watchNamespaces=NAMESPACES, migrations=enabled()), kind)["metadata"]["name"]
        for home in ("one", "two")
        for kind in (POLICY, BINDING)
    }
    assert len(names) == 2


def test_nothing_gets_into_a_worker_and_out_of_it_only_to_its_two_ends(chart: Chart) -> None:
    policies = of_kind(with_engine(chart, networkPolicy={"sourcePorts": [5433]}), "NetworkPolicy")
    assert sorted(policy["metadata"]["namespace"] for policy in policies) == sorted(NAMESPACES)
    for policy in policies:
        spec = policy["spec"]
        assert spec["podSelector"]["matchLabels"] == {"jobs.zilliz.com/worker": "migration"}
        assert (spec["policyTypes"], spec["ingress"]) == (["Ingress", "Egress"], [])
        out = {(port["protocol"], port["port"]) for rule in spec["egress"] for port in rule["ports"]}
        assert out == {("UDP", 53), *(("TCP", port) for port in (53, 443, 19530, 19539, 5433))}
    assert of_kind(with_engine(chart, networkPolicy={"enabled": False}), "NetworkPolicy") == []


def test_the_component_for_kustomize_gives_the_same(chart: Chart) -> None:
    """The chart's policy is tried on an API server; that of the component is known to be right by this alone."""
    bodies = with_engine(chart)
    ours, other = the(bodies, POLICY)["spec"], the(_of(COMPONENT / "policy.yaml"), POLICY)["spec"]
    for name in ("failurePolicy", "matchConstraints", "validations"):
        assert other[name] == ours[name]
    assert other["variables"][1:] == ours["variables"][1:]
    assert other["variables"][0] == {"name": "image", "expression": "params.data.image"}
    (role,) = of_kind(_of(NAMESPACE / "role.yaml"), "Role")
    role["metadata"]["labels"] = {"app.kubernetes.io/component": "operator"}
    assert granted([role], "operator") == ADDED
    (policy, *_) = of_kind(bodies, "NetworkPolicy")
    assert the(_of(NAMESPACE / "networkpolicy.yaml"), "NetworkPolicy")["spec"] == policy["spec"]


def _of(path: Path) -> list[Body]:
    return list(yaml.safe_load_all(path.read_text()))
