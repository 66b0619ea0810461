"""What the chart makes of its values. Whether the API server takes it, and whether it works, is tried end to end."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.built.chart.rendering import Body, Chart, RefusedError, environment, of_kind, selects, the
from tests.support.rights import granted

from zilliz_jobs import __version__
from zilliz_jobs.api.crd import crd
from zilliz_jobs.api.model import API_VERSION, GROUP
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.settings import Settings

pytestmark = pytest.mark.controlplane

EVERYTHING: dict[str, Any] = {
    "replicaCount": 2,
    "watchNamespaces": ["shop", "films"],
    "networkPolicy": {"enabled": True, "metricsFrom": [{"namespaceSelector": {}}]},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "prometheusRule": {"enabled": True},
    "dashboard": {"enabled": True},
    "proxy": {"https": "http://proxy:3128", "noProxy": "10.0.0.0/8"},
    "ca": {"configMap": "corporate"},
    "commonLabels": {"team": "data"},
    "imagePullSecrets": [{"name": "registry"}],
    "nodeSelector": {"pool": "system"},
    "tolerations": [{"key": "system", "operator": "Exists"}],
    "priorityClassName": "system-cluster-critical",
}
RECOMMENDED = {f"app.kubernetes.io/{name}" for name in ("name", "instance", "version", "component", "part-of")}


def pods(bodies: list[Body]) -> list[Body]:
    """The templates of all pods."""
    return [body["spec"]["template"] for body in bodies if body["kind"] in ("Deployment", "Job")]


def test_it_is_linted_strictly(chart: Chart) -> None:
    assert "0 chart(s) failed" in chart.run("lint", "--strict", str(chart.path), values=EVERYTHING)


def test_it_is_of_the_release_that_it_installs(chart: Chart) -> None:
    meta = yaml.safe_load((chart.path / "Chart.yaml").read_text())
    assert meta["appVersion"] == meta["version"] == __version__
    images = {pod["spec"]["containers"][0]["image"] for pod in pods(chart.render())}
    assert images == {f"zilliz-jobs-operator:{__version__}"}


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        ({"repository": "r.example/z", "tag": "7"}, "r.example/z:7"),
        ({"tag": "7", "digest": f"sha256:{'a' * 64}"}, f"zilliz-jobs-operator@sha256:{'a' * 64}"),
    ],
)
def test_the_image_is_the_one_that_was_named(chart: Chart, image: Body, shown: str) -> None:
    assert {pod["spec"]["containers"][0]["image"] for pod in pods(chart.render(image=image))} == {shown}


@pytest.mark.parametrize("keep", [True, False])
def test_the_definitions_are_those_of_the_operator(chart: Chart, keep: bool) -> None:
    """A character that the templates changed could be a rule that lets a job run twice."""
    made = of_kind(chart.render(crds={} if keep else {"keep": False}), DEFINITION)
    assert {one["metadata"]["name"]: one["spec"] for one in made} == {r.crd_name: crd(r)["spec"] for r in RESOURCES}
    for one in made:
        assert set(one["metadata"]["labels"]) >= RECOMMENDED
        assert one["metadata"].get("annotations") == ({"helm.sh/resource-policy": "keep"} if keep else None)


DEFINITION = "CustomResourceDefinition"


def test_the_definitions_can_be_left_to_others(chart: Chart) -> None:
    assert of_kind(chart.render(), DEFINITION) == []


def test_the_roles_know_all_kinds_and_those_that_may_be_held(chart: Chart) -> None:
    """Else a new kind would be watched by nobody, and its objects would stay Pending."""
    role = next(
        r for r in of_kind(chart.render(), "ClusterRole") if r["metadata"]["name"] == "it-zilliz-jobs-operator"
    )
    by_verb = {verb: set(rule["resources"]) for rule in role["rules"][:1] for verb in rule["verbs"]}
    assert by_verb["watch"] == {resource.plural for resource in RESOURCES}
    (held,) = (set(r["resources"]) for r in role["rules"] if r["verbs"] == ["patch"] and "/" not in r["resources"][0])
    assert held == {kind.resource.plural for kind in JOB_KINDS if kind.traits.can_cancel or kind.traits.cleanup}


def test_the_base_for_kustomize_gives_the_same_rights(chart: Chart) -> None:
    """The chart's are held against an audit; those of the base are known to be right by this alone."""
    base = Path(__file__).parents[3] / "deploy" / "kustomize"
    other = [one for file in base.glob("*role.yaml") for one in yaml.safe_load_all(file.read_text())]
    ours = chart.render(fullnameOverride="zilliz-jobs-operator", releaseFinalizers={"enabled": False})
    assert granted(ours, "operator") == granted([_of_the_operator(role) for role in other], "operator")


def _of_the_operator(role: Body) -> Body:
    return role | {"metadata": role["metadata"] | {"labels": {"app.kubernetes.io/component": "operator"}}}


def test_people_may_not_write_what_the_operator_says(chart: Chart) -> None:
    """A status that somebody edits is a record of money that nobody spent."""
    roles = {r["metadata"]["name"].rsplit("-", 1)[-1]: r for r in of_kind(chart.render(), "ClusterRole")}
    for to in ("view", "edit", "admin"):
        assert roles[to]["metadata"]["labels"][f"rbac.authorization.k8s.io/aggregate-to-{to}"] == "true"
        assert not [one for rule in roles[to]["rules"] for one in rule["resources"] if "/" in one]
    edited = {one for rule in roles["edit"]["rules"] for one in rule["resources"]}
    assert edited == {resource.plural for resource in RESOURCES} - {"zillizconnections"}
    assert "create" not in next(r["verbs"] for r in roles["edit"]["rules"] if "projectjobs" in r["resources"])
    assert {one for rule in roles["view"]["rules"] for one in rule["verbs"]} == {"get", "list", "watch"}
    assert not [
        r for r in of_kind(chart.render(rbac={"aggregate": False}), "ClusterRole") if "admin" in str(r["metadata"])
    ]


def test_in_some_namespaces_nothing_is_allowed_elsewhere(chart: Chart) -> None:
    bodies = chart.render(watchNamespaces=["shop", "films", "shop"], rbac={"aggregate": False})
    assert of_kind(bodies, "ClusterRole") == of_kind(bodies, "ClusterRoleBinding") == []
    where = sorted(r["metadata"]["namespace"] for r in of_kind(bodies, "Role"))
    assert where == ["films", "films", "home", "home", "shop", "shop"], "operator and hook, and at home their Lease"
    assert environment(the(bodies, "Deployment"))["ZILLIZ_JOBS_NAMESPACES"] == "shop,films"
    hook = the(bodies, "Job")["spec"]["template"]["spec"]["containers"][0]["args"]
    assert [arg for arg in hook if "namespace" in arg] == ["--namespace=shop", "--namespace=films"]


def test_whoever_makes_roles_by_hand_can(chart: Chart) -> None:
    bodies = chart.render(
        rbac={"create": False, "aggregate": False}, serviceAccount={"create": False, "name": "mine"}
    )
    assert not [body for body in bodies if "Role" in body["kind"]]
    assert the(bodies, "Deployment")["spec"]["template"]["spec"]["serviceAccountName"] == "mine"


def test_every_object_says_what_it_belongs_to(chart: Chart) -> None:
    bodies = chart.render(**EVERYTHING)
    for body in [*bodies, *pods(bodies)]:
        assert set(body["metadata"]["labels"]) >= RECOMMENDED, body
        assert body["metadata"]["labels"]["team"] == "data"


def test_the_settings_arrive(chart: Chart, monkeypatch: pytest.MonkeyPatch) -> None:
    """A figure that is written in another way, 1e+06 say, would keep the operator from starting."""
    wanted = {
        "workers": 8,
        "allowHttpEndpoints": True,
        "missingGrace": 100_000_000,
        "pollMax": 1_000_000,
        "retryCap": 0.5,
        "logLevel": "debug",
    }
    env = environment(the(chart.render(settings=wanted, watchNamespaces=["shop"]), "Deployment"))
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert (settings.workers, settings.allow_http_endpoints, settings.log_level) == (8, True, "debug")
    assert (settings.missing_grace, settings.poll_max, settings.retry_cap) == (100_000_000, 1_000_000, 0.5)
    assert (settings.log_format, settings.namespaces, settings.leader_elect) == ("json", ["shop"], True)
    assert settings.lease_name == "it-zilliz-jobs-operator"
    assert (settings.health_port, settings.metrics_port) == (8081, 8080)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"replicas": 2}, "replicas"),
        ({"settings": {"polMax": 3}}, "polMax"),
        ({"settings": {"workers": 0}}, "workers"),
        ({"settings": {"logFormat": "xml"}}, "logFormat"),
        ({"settings": {"leaderElect": False}}, "leaderElect"),
        ({"image": {"digest": "sha256:1"}}, "digest"),
        ({"watchNamespaces": ["Not A Name"]}, "watchNamespaces"),
        ({"terminationGracePeriodSeconds": 5}, "terminationGracePeriodSeconds"),
        ({"ca": {"configMap": "a", "secret": "b"}}, "ca"),
        ({"jobs": {"a": {"kind": "ProjectJob", "spec": {}}}}, "kind"),
        ({"connections": {"a": {"specs": {}}}}, "connections"),
    ],
    ids=str,
)
def test_a_slip_in_the_values_is_refused(chart: Chart, values: Body, said: str) -> None:
    """Else it would be passed over in silence, and found when it is too late."""
    with pytest.raises(RefusedError, match=said):
        chart.render(**values)


def test_the_pods_are_those_of_the_policy_and_of_the_service(chart: Chart) -> None:
    """A selector that meets nothing is a policy without effect, or metrics that nobody reads."""
    bodies = chart.render(**EVERYTHING)
    operator, hook = (the(bodies, kind)["spec"]["template"] for kind in ("Deployment", "Job"))
    for selector, meets_hook in (
        (the(bodies, "Deployment")["spec"]["selector"]["matchLabels"], False),
        (the(bodies, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"], False),
        (the(bodies, "Service")["spec"]["selector"], False),
        (the(bodies, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"], True),
    ):
        assert selects(selector, operator)
        assert selects(selector, hook) is meets_hook
    monitor = the(bodies, "ServiceMonitor")["spec"]
    assert selects(monitor["selector"]["matchLabels"], the(bodies, "Service"))
    assert monitor["endpoints"][0]["port"] == the(bodies, "Service")["spec"]["ports"][0]["name"]


def test_the_policy_lets_the_operator_do_its_work(chart: Chart) -> None:
    policy = the(chart.render(networkPolicy={"enabled": True, "egressPorts": [443, 3128]}), "NetworkPolicy")["spec"]
    out = {(port.get("protocol", "TCP"), port["port"]) for rule in policy["egress"] for port in rule["ports"]}
    assert out == {("UDP", 53), ("TCP", 53), ("TCP", 443), ("TCP", 3128)}
    into = {port["port"] for rule in policy["ingress"] for port in rule["ports"]}
    assert into == {8080, 8081}


def test_the_policy_as_shipped_leaves_the_way_to_the_clusters_open(chart: Chart) -> None:
    """Clones, samples and restored collections talk to a cluster's own data plane, on its own ports."""
    policy = the(chart.render(networkPolicy={"enabled": True}), "NetworkPolicy")["spec"]
    out = {port["port"] for rule in policy["egress"] for port in rule["ports"]}
    assert out == {53, 443, 6443, 19530, 19539}


def test_one_replica_may_always_be_moved(chart: Chart) -> None:
    """A budget for it would hold up every drain of its node."""
    assert of_kind(chart.render(), "PodDisruptionBudget") == []
    assert the(chart.render(replicaCount=2), "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


def test_the_way_to_the_cloud_leads_through_a_proxy_and_trusts_a_ca(chart: Chart) -> None:
    bodies = chart.render(**EVERYTHING)
    env = environment(the(bodies, "Deployment"))
    assert (env["HTTPS_PROXY"], env["NO_PROXY"]) == ("http://proxy:3128", "10.0.0.0/8")
    assert "ZILLIZ_JOBS_TRUST_ENV" not in env, "Kubernetes is reached directly"
    pod = the(bodies, "Deployment")["spec"]["template"]["spec"]
    (mount,) = (one for one in pod["containers"][0]["volumeMounts"] if one["name"] == "ca")
    (volume,) = (one["configMap"] for one in pod["volumes"] if one["name"] == "ca")
    assert env["SSL_CERT_FILE"] == f"{mount['mountPath']}/{volume['items'][0]['path']}"
    assert volume["name"] == "corporate"
    through = chart.render(proxy={"https": "http://p:1", "kubernetes": True}, ca={"secret": "s"})
    for kind in ("Deployment", "Job"):
        assert environment(the(through, kind))["ZILLIZ_JOBS_TRUST_ENV"] == "true"
    assert "secretName" in str(the(through, "Deployment")["spec"]["template"]["spec"]["volumes"])


def test_alerts_and_dashboard_are_taken_as_they_are(chart: Chart, helm_binary: Path, tmp_path: Path) -> None:
    """Both are full of braces that are none of Helm's."""
    copy = tmp_path / "chart"
    shutil.copytree(chart.path, copy)
    rule = {"alert": "A", "expr": "up == 0", "annotations": {"summary": "{{ $labels.kind }} is down"}}
    (copy / "files/alerts.yaml").write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": [rule]}]}))
    (copy / "files/dashboard.json").write_text('{"title": "{{kind}}"}\n')
    bodies = Chart(helm_binary, copy).render(**EVERYTHING)
    assert the(bodies, "PrometheusRule")["spec"]["groups"][0]["rules"] == [rule]
    board = the(bodies, "ConfigMap")
    assert board["data"] == {"zilliz-jobs.json": '{"title": "{{kind}}"}\n'}
    assert board["metadata"]["labels"]["grafana_dashboard"] == "1"
    for name in ("alerts.yaml", "dashboard.json"):
        (copy / "files" / name).unlink()
    bare = {body["kind"] for body in Chart(helm_binary, copy).render(**EVERYTHING)}
    assert not {"PrometheusRule", "ConfigMap"} & bare


JOBS: dict[str, Any] = {
    "connections": {"default": {"namespace": "shop", "spec": {"cloud": "Global"}}},
    "jobs": {"first": {"kind": "BackupJob", "labels": {"a": "b"}, "spec": {"clusterId": "in01-1"}}},
}


def test_connections_and_jobs_of_the_values_are_made(chart: Chart) -> None:
    ours = [body for body in chart.render(**JOBS) if body["apiVersion"] == API_VERSION]
    shown = [(body["kind"], body["metadata"]["namespace"], body["metadata"]["name"]) for body in ours]
    assert sorted(shown) == [("BackupJob", "home", "first"), ("ZillizConnection", "shop", "default")]
    job = the(ours, "BackupJob")
    assert job["spec"] == {"clusterId": "in01-1"}
    assert job["metadata"]["labels"]["a"] == "b"


@pytest.mark.parametrize(
    ("flags", "made"),
    [((), False), (("--is-upgrade",), True), (("--api-versions", API_VERSION), True)],
    ids=["the first install", "an upgrade", "the definitions are there"],
)
def test_they_wait_for_their_definitions(chart: Chart, flags: tuple[str, ...], made: bool) -> None:
    """Helm would refuse the whole install for a kind that this very install brings."""
    bodies = chart.render(*flags, crds={}, **JOBS)
    assert bool([body for body in bodies if body["apiVersion"].startswith(GROUP)]) is made


def test_nothing_of_the_hook_outlasts_it(chart: Chart) -> None:
    """It may change every job: an account of that kind must not lie about."""
    hooks = [body for body in chart.render() if "helm.sh/hook" in body["metadata"].get("annotations", {})]
    assert {body["kind"] for body in hooks} >= {"ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "Job"}
    for body in hooks:
        marks = body["metadata"]["annotations"]
        assert marks["helm.sh/hook"] == "pre-delete"
        assert marks["helm.sh/hook-delete-policy"] == "before-hook-creation,hook-succeeded"
        assert int(marks["helm.sh/hook-weight"]) < 0 or body["kind"] == "Job", "rights come before the job"
    assert of_kind(chart.render(releaseFinalizers={"enabled": False}), "Job") == []


def test_long_names_stay_names(chart: Chart) -> None:
    bodies = chart.render(fullnameOverride="a" * 60, watchNamespaces=["shop"])
    assert all(len(body["metadata"]["name"]) <= 63 for body in bodies)
    assert len({(b["kind"], b["metadata"].get("namespace"), b["metadata"]["name"]) for b in bodies}) == len(bodies)
