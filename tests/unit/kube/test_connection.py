"""Where the API server is: the order of the sources, and sentences instead of tracebacks for bad ones."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from kubernetes.aio.config import incluster_config

from zilliz_jobs.kube import connection
from zilliz_jobs.kube.client import KubeClient
from zilliz_jobs.kube.connection import Source, credentials_of, find_source
from zilliz_jobs.kube.errors import KubeError


def kubeconfig(path: Path, user: dict[str, Any], **context: str) -> Path:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [
            {"name": "here", "context": {"cluster": "c", "user": "u"} | context},
            {"name": "there", "context": {"cluster": "c", "user": "u", "namespace": "far"}},
        ],
    }
    path.write_text(yaml.safe_dump(config))
    return path


def test_a_named_file_comes_first() -> None:
    assert find_source("/x", "c", {"KUBECONFIG": "/y"}) == Source("/x", "c")


def test_the_environment_comes_before_the_home_folder() -> None:
    assert find_source(None, None, {"KUBECONFIG": "/y:/z"}) == Source("/y:/z")
    assert find_source(None, None, {}) == Source(str(Path.home() / ".kube" / "config"))


def test_a_pod_uses_its_service_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "SERVICE_ACCOUNT", tmp_path)
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    assert find_source(None, None, environ).kubeconfig is not None, "no token, no pod"
    (tmp_path / "token").write_text("t")
    (tmp_path / "namespace").write_text("team\n")
    assert find_source(None, None, environ) == Source(None)
    assert Source(None).namespace() == "team"
    assert find_source(None, "there", environ).context == "there", "a context is one of a kubeconfig"


async def test_the_credentials_of_a_token(tmp_path: Path) -> None:
    file = kubeconfig(tmp_path / "k", {"token": "hush"}, namespace="team")
    async with await KubeClient.connect(kubeconfig=file) as client:
        found = await client.credentials()
        assert (found.server, found.token, found.username, found.namespace) == (
            "http://127.0.0.1:1",
            "hush",
            None,
            "team",
        )
        assert "hush" not in repr(found)


async def test_the_credentials_of_a_password(tmp_path: Path) -> None:
    file = kubeconfig(tmp_path / "k", {"username": "me", "password": "hush:hush"})
    async with await KubeClient.connect(kubeconfig=file) as client:
        found = await client.credentials()
        assert (found.token, found.username, found.password) == (None, "me", "hush:hush")
        assert found.namespace == "default"


async def test_another_context_can_be_named(tmp_path: Path) -> None:
    async with await KubeClient.connect(kubeconfig=kubeconfig(tmp_path / "k", {}), context="there") as client:
        assert client.namespace == "far"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="no file"),
        pytest.param("", id="an empty file"),
        pytest.param("a: [", id="no YAML"),
        pytest.param("current-context: x\ncontexts: []\nclusters: []\nusers: []\n", id="no such context"),
        pytest.param(base64.b64encode(b"x" * 99).decode(), id="something else"),
    ],
)
async def test_a_kubeconfig_that_cannot_be_used_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "k"
    if content is not None:
        file.write_text(content)
    with pytest.raises(KubeError, match=str(file)):
        await KubeClient.connect(kubeconfig=file)


PLUGIN = {"apiVersion": "client.authentication.k8s.io/v1", "command": "false", "interactiveMode": "Never"}


@pytest.mark.parametrize(
    ("user", "told"),
    [
        pytest.param({"token": "t", "as": "somebody"}, "'as' is not supported", id="to act as another user"),
        pytest.param({"exec": PLUGIN}, "the exec plugin gave no credentials", id="a plugin that fails"),
    ],
)
async def test_nobody_is_asked_as_another_user_than_the_kubeconfig_names(
    tmp_path: Path, user: dict[str, Any], told: str
) -> None:
    file = kubeconfig(tmp_path / "k", user)
    with pytest.raises(KubeError, match=f"cannot use {file}: .*{told}"):
        await Source(str(file)).load()


async def test_the_proxy_of_the_environment_leads_to_the_server(tmp_path: Path) -> None:
    """Where only a proxy reaches the server, an operator that goes around it stands still."""
    file = kubeconfig(tmp_path / "k", {"token": "t"})
    file.write_text(file.read_text().replace("http://127.0.0.1:1", "https://api.example:6443"))
    environ = {"KUBECONFIG": str(file), "HTTPS_PROXY": "http://user:hush@proxy:3128"}
    source = find_source(environ=environ, trust_env=True)
    found = await credentials_of(await source.load(), "team")
    assert found.proxy_url == "http://user:hush@proxy:3128"
    assert "hush" not in f"{source} {found}"
    assert (await find_source(environ=environ).load()).proxy is None, "nobody asked for it"
    wrong = find_source(environ=environ | {"HTTPS_PROXY": "socks5://user:hush@proxy:1080"}, trust_env=True)
    with pytest.raises(KubeError, match="the proxy of the environment is of scheme 'socks5'") as caught:
        await wrong.load()
    assert "hush" not in str(caught.value)


async def test_the_pods_token_is_the_one_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kubelet replaces it every hour: an operator that keeps the first one is locked out."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
    with pytest.raises(KubeError, match="cannot use the pod's service account"):
        await Source(None).load()
    (tmp_path / "token").write_text("first")
    (tmp_path / "ca.crt").write_text("a certificate")
    configuration = await Source(None).load()
    found = await credentials_of(configuration, "team")
    assert (found.server, found.token, found.ca_path) == ("https://[fd00::1]:443", "first", str(tmp_path / "ca.crt"))
    (tmp_path / "token").write_text("second\n")
    monkeypatch.setattr(
        incluster_config, "datetime", SimpleNamespace(datetime=_clock_ahead(hours=1), timedelta=timedelta)
    )
    assert (await credentials_of(configuration, "team")).token == "second"


def _clock_ahead(**ahead: int) -> type[datetime]:
    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Later:
            return cls.fromtimestamp((datetime.now(tz) + timedelta(**ahead)).timestamp(), tz)

    return Later
