"""Rights: those that the chart gives, and those that were used, as the API server's audit tells."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from tests.support.charted import Audit, Body, is_forbidden
from tests.support.controlplane import ControlPlane
from tests.support.user import PLURALS


@dataclass(frozen=True, order=True)
class Right:
    """One deed, as a rule of a role names it. `name`: of the one object that it is limited to."""

    group: str
    resource: str
    verb: str
    name: str = ""


def granted(manifests: Iterable[Body], component: str) -> set[Right]:
    """What the roles of a component of the chart allow, one by one."""
    roles = [m for m in manifests if m["kind"] in ("ClusterRole", "Role")]
    return {
        Right(*deed)
        for role in roles
        if role["metadata"]["labels"]["app.kubernetes.io/component"] == component
        for rule in role["rules"]
        for deed in itertools.product(
            rule["apiGroups"], rule["resources"], rule["verbs"], rule.get("resourceNames", [""])
        )
    }


def may(cluster: ControlPlane, user: str, verb: str, what: str, *, namespace: str = "") -> bool:
    """Whether the user is allowed it, as `kubectl auth can-i --as` asks. `what`: plural.group/subresource.

    A role that was just made is known to the server a moment later.
    """
    groups = ["system:authenticated"]
    if user.startswith("system:serviceaccount:"):
        groups += ["system:serviceaccounts", f"system:serviceaccounts:{user.split(':')[2]}"]
    kind, _, subresource = what.partition("/")
    plural, _, group = kind.partition(".")
    asked = {"verb": verb, "group": group, "resource": plural, "subresource": subresource, "namespace": namespace}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": user, "groups": groups, "resourceAttributes": asked},
    }
    answer = cluster.client.call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review).ok()
    return bool(answer["status"]["allowed"])


class Deeds:
    """What a service account of a release did: by its roles, whose names begin with that of the release."""

    def __init__(self, cluster: ControlPlane, account: str, release: str, *, from_now: bool = False) -> None:
        """`from_now`: an earlier release of the same name had an account of the same name."""
        self._audit, self._role = Audit(cluster, account, from_now=from_now), release

    def used(self) -> set[Right]:
        """The rights that it needed; what every user of a cluster may do is not among them."""
        found = set()
        for entry in self._audit.entries():
            what = entry.get("objectRef", {})
            if self._role in entry["annotations"].get("authorization.k8s.io/reason", ""):
                resource = "/".join(filter(None, (what["resource"], what.get("subresource"))))
                for name in ("", what.get("name", "")):
                    found.add(Right(what.get("apiGroup", ""), resource, entry["verb"], name))
        return found

    def forbidden(self) -> list[str]:
        return [f"{entry['verb']} {entry['requestURI']}" for entry in self._audit.entries() if is_forbidden(entry)]

    def unread(self, kinds: Iterable[str]) -> set[str]:
        """Kinds of which it has not yet read a single object."""
        read = {right.resource for right in self.used() if right.verb == "get"}
        return {kind for kind in kinds if PLURALS[kind] not in read}
