"""The command lines of the servers, as functions of their ports and files."""

from __future__ import annotations

from pathlib import Path

# What works without nodes and what users of an operator rely on: deletion of namespaces and of owned
# objects, service accounts and their token secrets, cluster roles that are aggregated from others.
CONTROLLERS = (
    "clusterrole-aggregation-controller",
    "garbage-collector-controller",
    "namespace-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
)

# The APIs that an operator, its chart and kubectl use. All others cost: each has a cache in the server, is deleted in
# every namespace that ends, and is written into the OpenAPI document that is made anew for every change of a CRD.
SERVED = (
    "v1",
    "admissionregistration.k8s.io/v1",
    "apiextensions.k8s.io/v1",
    "apiregistration.k8s.io/v1",
    "apps/v1",
    "authentication.k8s.io/v1",
    "authorization.k8s.io/v1",
    "batch/v1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",  # the server itself waits for its endpoint slices
    "events.k8s.io/v1",
    "networking.k8s.io/v1",
    "policy/v1",
    "rbac.authorization.k8s.io/v1",
)

# Their objects are in APIs that are not served, or they would refuse what needs nodes. ServiceAccount refuses pods
# until their service account has been made, which nothing here waits for. PodSecurity stays, and all that CRDs need.
WITHOUT_ADMISSION = (
    "CertificateApproval",
    "CertificateSigning",
    "CertificateSubjectRestriction",
    "ClusterTrustBundleAttest",
    "DefaultIngressClass",
    "DefaultStorageClass",
    "DefaultTolerationSeconds",
    "LimitRanger",
    "NodeDeclaredFeatureValidator",
    "PersistentVolumeClaimResize",
    "PodTopologyLabels",
    "Priority",
    "ResourceQuota",
    "RuntimeClass",
    "ServiceAccount",
    "StorageObjectInUseProtection",
    "TaintNodesByCondition",
)


def etcd(*, url: str, data: Path) -> list[str]:
    """Return the arguments of etcd: one member, in memory as far as durability goes."""
    return [
        f"--data-dir={data}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        "--listen-peer-urls=http://127.0.0.1:0",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


# What service accounts ask for, and by which role they may; nothing of what is in it.
AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    userGroups: ["system:serviceaccounts"]
  - level: None
"""


def without_admission(known: str) -> str:
    """Return those of WITHOUT_ADMISSION that `kube-apiserver --help` tells of: it refuses to start for any other."""
    return ",".join(plugin for plugin in WITHOUT_ADMISSION if plugin in known)


def kube_apiserver(
    *,
    etcd_url: str,
    port: int,
    serving: Path,
    tokens: Path,
    key: Path,
    audit_policy: Path,
    audit_log: Path,
    without: str,
    node_address: str = "",
) -> list[str]:
    """Return the arguments of kube-apiserver: RBAC is on, and everything is on the loopback. `without`: admission
    plugins. With the address of a node, pods reach it there, and all APIs are served and all plugins on, as kubelet
    and scheduler ask for more."""
    return [
        f"--etcd-servers={etcd_url}",
        f"--secure-port={port}",
        f"--cert-dir={serving}",
        "--authorization-mode=RBAC",
        f"--token-auth-file={tokens}",
        # Kubernetes takes the public half out of the private key.
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-cluster-ip-range=10.0.0.0/24",
        # What a server with many users needs: a queue for each of them, profiles, counts of all objects.
        "--enable-priority-and-fairness=false",
        "--profiling=false",
        "--etcd-count-metric-poll-period=0",
        "--etcd-db-metric-poll-interval=0",
        f"--audit-policy-file={audit_policy}",
        f"--audit-log-path={audit_log}",
        *(_with_a_node(node_address) if node_address else _without_nodes(without)),
    ]


def _without_nodes(without: str) -> list[str]:
    return [
        "--bind-address=127.0.0.1",
        # Without it the server looks for an outer network interface, which a sandbox may not have.
        "--advertise-address=127.0.0.1",
        f"--runtime-config=api/all=false,{','.join(f'api/{v}=true' if v == 'v1' else f'{v}=true' for v in SERVED)}",
        f"--disable-admission-plugins={without}",
        "--endpoint-reconciler-type=none",
    ]


def _with_a_node(address: str) -> list[str]:
    return [
        "--bind-address=0.0.0.0",
        f"--advertise-address={address}",
        "--kubelet-preferred-address-types=InternalIP",
    ]


def kube_controller_manager(*, kubeconfig: Path, key: Path, authority: Path | None = None) -> list[str]:
    """Return the arguments of kube-controller-manager: no port of its own, and a few controllers; or all, with the
    certificate of the `authority` that pods are to trust."""
    chosen = [f"--root-ca-file={authority}"] if authority else [f"--controllers={','.join(CONTROLLERS)}"]
    return [
        f"--kubeconfig={kubeconfig}",
        *chosen,
        f"--service-account-private-key-file={key}",
        "--leader-elect=false",
        "--secure-port=0",
    ]
