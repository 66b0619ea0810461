"""Where the API server is and who we are: a kubeconfig, or the service account of the pod.

The loaders of the Kubernetes client do the reading; they know exec plugins, OIDC and token files.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from kubernetes.aio import config
from kubernetes.aio.client import Configuration

from zilliz_jobs.kube.errors import KubeError
from zilliz_jobs.kube.kubeconfig import entries_of, problem_of, proxy_problem
from zilliz_jobs.kube.proxies import proxy_of

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
DEFAULT_NAMESPACE = "default"

loaders: Any = config  # its functions carry no types


@dataclass(frozen=True)
class Credentials:
    """What another client needs to reach the same API server as the same user. Paths are of files that exist."""

    server: str
    namespace: str = DEFAULT_NAMESPACE
    ca_path: str | None = None
    insecure: bool = False
    token: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    certificate_path: str | None = None
    private_key_path: str | None = None
    proxy_url: str | None = field(default=None, repr=False)
    tls_server_name: str | None = None


@dataclass(frozen=True)
class Source:
    """Where the configuration is read from, again whenever the credentials have expired.

    `kubeconfig` is a path, or several with the separator of $KUBECONFIG; None for the pod's service account.
    `proxies`: the environment whose proxies count where the kubeconfig names none; empty for no proxy.
    """

    kubeconfig: str | None
    context: str | None = None
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)

    async def load(self) -> Any:
        """A fresh `Configuration`. Raises KubeError when the files cannot be used. Runs exec plugins."""
        configuration = Configuration()
        configuration.retries = None  # who knows the object decides on a repetition
        try:
            if self.kubeconfig is None:
                loaders.load_incluster_config(client_configuration=configuration)
            else:
                self._check_files()
                await loaders.load_kube_config(
                    config_file=self.kubeconfig,
                    context=self.context,
                    client_configuration=configuration,
                    persist_config=False,
                )
                self._check_plugin(configuration)
        except (loaders.ConfigException, OSError, ValueError, TypeError, KeyError, yaml.YAMLError) as error:
            where = self.kubeconfig or "the pod's service account"
            raise KubeError(f"cannot use {where}: {error}") from error
        if not configuration.proxy and (proxy := proxy_of(configuration.host, self.proxies)):
            if problem := proxy_problem(proxy, "the proxy of the environment"):
                raise KubeError(f"cannot reach Kubernetes: {problem}")
            configuration.proxy = proxy
        return configuration

    def _check_files(self) -> None:
        """The loader answers a missing file with a TypeError, and does not say what it leaves aside."""
        parts = (self.kubeconfig or "").split(os.pathsep)
        if not any(Path(part).expanduser().is_file() for part in parts if part):
            raise KubeError(f"cannot read the kubeconfig: there is no file {self.kubeconfig}")
        cluster, user = entries_of(self.kubeconfig or "", self.context)
        if problem := problem_of(cluster, user):
            raise KubeError(f"cannot use {self.kubeconfig}: {problem}")

    def _check_plugin(self, configuration: Any) -> None:
        """The loader logs what is wrong with an exec plugin, and goes on as nobody."""
        _, user = entries_of(self.kubeconfig or "", self.context)
        if user.get("exec") and not configuration.api_key and not configuration.cert_file:
            raise KubeError(f"cannot use {self.kubeconfig}: the exec plugin gave no credentials; kubectl tells why")

    def namespace(self) -> str:
        """The namespace that kubectl would use: the context's, or the pod's."""
        if self.kubeconfig is None:
            file = SERVICE_ACCOUNT / "namespace"
            return file.read_text(encoding="utf-8").strip() if file.is_file() else DEFAULT_NAMESPACE
        contexts, current = loaders.list_kube_config_contexts(config_file=self.kubeconfig)
        named = [c for c in contexts if c["name"] == self.context] or [current]
        return str((named[0].get("context") or {}).get("namespace") or DEFAULT_NAMESPACE)


def find_source(
    kubeconfig: str | Path | None = None,
    context: str | None = None,
    environ: Mapping[str, str] = os.environ,
    *,
    trust_env: bool = False,
) -> Source:
    """The first that applies: the named file, $KUBECONFIG, the pod's service account, ~/.kube/config. `trust_env`:
    the proxies of the environment count."""
    proxies = dict(environ) if trust_env else {}
    if kubeconfig is not None:
        return Source(str(kubeconfig), context, proxies)
    if from_environment := environ.get("KUBECONFIG"):
        return Source(from_environment, context, proxies)
    if context is None and environ.get("KUBERNETES_SERVICE_HOST") and (SERVICE_ACCOUNT / "token").is_file():
        return Source(None, proxies=proxies)
    return Source(str(Path.home() / ".kube" / "config"), context, proxies)


async def credentials_of(configuration: Any, namespace: str) -> Credentials:
    """The credentials in `configuration`, with a token file read again when its time has come."""
    scheme, _, secret = (await configuration.get_api_key_with_prefix("BearerToken") or "").partition(" ")
    username = password = None
    if scheme.lower() == "basic":
        username, _, password = base64.b64decode(secret).decode().partition(":")
    return Credentials(
        server=configuration.host,
        namespace=namespace,
        ca_path=configuration.ssl_ca_cert,
        insecure=not configuration.verify_ssl,
        token=secret.strip() if scheme.lower() == "bearer" else None,
        username=username,
        password=password,
        certificate_path=configuration.cert_file,
        private_key_path=configuration.key_file,
        proxy_url=configuration.proxy,
        tls_server_name=configuration.tls_server_name,
    )
