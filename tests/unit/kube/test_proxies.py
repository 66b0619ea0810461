"""Go's own table of exceptions (golang.org/x/net/http/httpproxy), and what of a kubeconfig cannot be honoured: where
an operator goes another way than kubectl, it stands still in exactly the clusters that have a proxy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from zilliz_jobs.kube.kubeconfig import entries_of, problem_of
from zilliz_jobs.kube.proxies import proxy_of

PROXY = "http://proxy:3128"


@pytest.mark.parametrize(
    ("server", "no_proxy", "direct"),
    [
        ("https://127.0.0.1:6443", "127.0.0.0/8,.svc", True),
        ("https://10.1.2.3:6443", "10.0.0.0/8", True),
        ("https://11.1.2.3:6443", "10.0.0.0/8", False),
        ("https://10.1.2.3:6443", "10.1.2.3/33, nonsense/8", False),
        ("https://[fd00::1]:6443", "fd00::/8", True),
        ("https://[fd00::1]:6443", "[fd00::1]", True),
        ("https://[fd00::1]:6443", "[fd00::1]:443", False),
        ("https://10.1.2.3:6443", "10.1.2.3:6443", True),
        ("https://10.1.2.3:6443", "10.1.2.3:443", False),
        ("https://10.1.2.3", "10.1.2.3:443", True),
        ("https://kubernetes.default.svc", "127.0.0.0/8,.svc", True),
        ("https://kubernetes.default.SVC.", ".svc", True),
        ("https://svc", ".svc", False),
        ("https://example.com", "example.com", True),
        ("https://api.example.com", "example.com", True),
        ("https://api.example.com", "*.example.com", True),
        ("https://example.com", "*.example.com", False),
        ("https://notexample.com", "example.com", False),
        ("https://api.example.com:6443", "example.com:6443", True),
        ("https://api.example.com:6443", "example.com:443", False),
        ("https://api.example.com", " , ,*", True),
        ("https://api.example.com", "", False),
        ("https://api.example.com", ".", False),
        ("https://localhost:6443", "", True),
        ("https://127.0.0.9:6443", "", True),
        ("https://[::1]:6443", "", True),
    ],
)
def test_exceptions_are_those_of_go(server: str, no_proxy: str, direct: bool) -> None:
    assert proxy_of(server, {"HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy}) == (None if direct else PROXY)


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({"https_proxy": PROXY}, PROXY),
        ({"HTTPS_PROXY": PROXY, "https_proxy": "http://other"}, PROXY),
        ({"HTTPS_PROXY": "proxy:3128"}, PROXY),
        ({"HTTP_PROXY": PROXY}, None),
        ({"ALL_PROXY": PROXY}, None),
        ({"HTTPS_PROXY": PROXY, "no_proxy": "api.example"}, None),
        ({}, None),
    ],
)
def test_which_variable_counts(environ: dict[str, str], proxy: str | None) -> None:
    assert proxy_of("https://api.example", environ) == proxy


@pytest.mark.parametrize(
    ("cluster", "user", "told"),
    [
        ({"proxy-url": "http://user:hush@proxy:3128", "tls-server-name": "api"}, {"tokenFile": "t"}, ""),
        ({}, {"exec": {"command": "aws"}}, ""),
        ({}, {"auth-provider": {"name": "oidc"}}, ""),
        ({"proxy-url": "socks5://user:hush@proxy"}, {}, "scheme 'socks5'"),
        ({"proxy-url": "proxy:3128"}, {}, "only http:// and https://"),
        ({"proxy-url": "http://[bad"}, {}, "no URL"),
        ({}, {"as": "x"}, "'as'"),
        ({}, {"as-groups": ["x"]}, "'as-groups'"),
        ({}, {"exec": {"command": "x", "provideClusterInfo": True}}, "provideClusterInfo"),
        ({}, {"auth-provider": {"name": "azure"}}, "'azure'"),
    ],
)
def test_what_cannot_be_honoured_is_named(cluster: dict[str, Any], user: dict[str, Any], told: str) -> None:
    problem = problem_of(cluster, user)
    assert (told in problem) if told else problem == ""
    assert "hush" not in problem


def test_of_several_files_the_first_that_names_a_thing_counts(tmp_path: Path) -> None:
    one: Any = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"as": "x"}}],
    }
    other: Any = {
        "current-context": "there",
        "clusters": [{"name": "c", "cluster": {"server": "s"}}],
        "users": [{"name": "u", "user": {}}],
    }
    files = [tmp_path / "one", tmp_path / "other"]
    for file, config in zip(files, (one, other), strict=True):
        file.write_text(yaml.safe_dump(config))
    assert entries_of(":".join(map(str, files)), None) == ({"server": "s"}, {"as": "x"})
    assert entries_of(":".join(map(str, files)), "elsewhere") == ({}, {})
