"""Where migrations by VTS are enabled: does an admission policy leave of the operator's right to create Jobs what the
engine needs? Without one a leaked token of the operator could run anything in its namespaces."""

from __future__ import annotations

from collections.abc import Sequence

from zilliz_jobs.cli.kubectl.cluster import Cluster
from zilliz_jobs.cli.kubectl.doctor.finding import Finding
from zilliz_jobs.control.objects import Body
from zilliz_jobs.kube.errors import Forbidden, NotFound
from zilliz_jobs.kube.paths import path

ADMISSION = "admissionregistration.k8s.io/v1"
POLICIES, BINDINGS = "validatingadmissionpolicies", "validatingadmissionpolicybindings"


async def check_engine_policy(cluster: Cluster, user: str) -> Finding:
    """`user`: the operator's service account, as a user of Kubernetes. Raises KubeError."""
    try:
        policies, bindings = [
            (await cluster.client.get(path(ADMISSION, plural, None))).get("items") or []
            for plural in (POLICIES, BINDINGS)
        ]
    except Forbidden:
        needs = f"needs list on {POLICIES} and {BINDINGS} of admissionregistration.k8s.io"
        return Finding.unchecked("whether a policy limits the Jobs of the operator", needs)
    except NotFound:
        policies = bindings = []
    if is_limited(user, policies, bindings):
        return Finding.ok(f"a ValidatingAdmissionPolicy limits the Jobs of {user} to the pods of the engine")
    return Finding.problem(
        f"no ValidatingAdmissionPolicy limits the Jobs of {user}, so its token could run anything in its namespaces; "
        "upgrade the chart, or apply deploy/kustomize/components/vts"
    )


def is_limited(user: str, policies: Sequence[Body], bindings: Sequence[Body]) -> bool:
    """Whether a policy for this user's Jobs is bound, and denies. Pure."""
    bound = {
        one["spec"].get("policyName") for one in bindings if "Deny" in (one["spec"].get("validationActions") or [])
    }
    return any(
        policy["metadata"]["name"] in bound
        and f"'{user}'" in str(condition.get("expression"))
        and _is_of_jobs(policy["spec"])
        for policy in policies
        for condition in policy["spec"].get("matchConditions") or []
    )


def _is_of_jobs(spec: Body) -> bool:
    rules = (spec.get("matchConstraints") or {}).get("resourceRules") or []
    return any("batch" in rule["apiGroups"] and {"jobs", "*"} & {*rule["resources"]} for rule in rules)
