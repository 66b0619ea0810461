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


def kube_apiserver(
    *, etcd_url: str, port: int, serving: Path, tokens: Path, key: Path, audit_policy: Path, audit_log: Path
) -> list[str]:
    """Return the arguments of kube-apiserver: RBAC is on, and everything is on the loopback."""
    return [
        f"--etcd-servers={etcd_url}",
        "--bind-address=127.0.0.1",
        # Without it the server looks for an outer network interface, which a sandbox may not have.
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={serving}",
        "--authorization-mode=RBAC",
        f"--token-auth-file={tokens}",
        # Kubernetes takes the public half out of the private key.
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-cluster-ip-range=10.0.0.0/24",
        # It would refuse pods until their service account has been made, which nothing here waits for.
        "--disable-admission-plugins=ServiceAccount",
        "--endpoint-reconciler-type=none",
        f"--audit-policy-file={audit_policy}",
        f"--audit-log-path={audit_log}",
    ]


def kube_controller_manager(*, kubeconfig: Path, key: Path) -> list[str]:
    """Return the arguments of kube-controller-manager: a few controllers and no port of its own."""
    return [
        f"--kubeconfig={kubeconfig}",
        f"--controllers={','.join(CONTROLLERS)}",
        f"--service-account-private-key-file={key}",
        "--leader-elect=false",
        "--secure-port=0",
    ]
