"""What a kubeconfig asks for that cannot be done, told before anything is tried: a field that is ignored in silence
leads to another server, or to the right one as another user."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

PROXIES = ("http", "https")
PROVIDERS = ("gcp", "oidc")
_IMPERSONATION = ("as", "as-uid", "as-groups", "as-user-extra")

Entry = Mapping[str, Any]


def entries_of(kubeconfig: str, context: str | None) -> tuple[Entry, Entry]:
    """Cluster and user of the context, from one file or several; the first that names a thing wins, as with kubectl.
    Empty where they are missing, which the loader tells. Raises OSError, yaml.YAMLError."""
    files = [Path(part).expanduser() for part in kubeconfig.split(os.pathsep) if part]
    known = [_dict(yaml.safe_load(file.read_text(encoding="utf-8"))) for file in files if file.is_file()]
    name = context or next((one["current-context"] for one in known if one.get("current-context")), "")
    chosen = _named(known, "contexts", "context", name)
    return (
        _named(known, "clusters", "cluster", chosen.get("cluster")),
        _named(known, "users", "user", chosen.get("user")),
    )


def problem_of(cluster: Entry, user: Entry) -> str:
    """The first thing that cannot be honoured, and what to do; empty where all can. Names no value that may be
    secret."""
    if found := [name for name in _IMPERSONATION if user.get(name)]:
        return f"the user's field {found[0]!r} is not supported; give the operator a user of its own"
    if (plugin := _dict(user.get("exec"))) and plugin.get("provideClusterInfo"):
        return "the user's exec.provideClusterInfo is not supported; use a plugin that needs no cluster, or a token"
    provider = _dict(user.get("auth-provider")).get("name")
    if provider and provider not in PROVIDERS:
        return f"the user's auth-provider {provider!r} is not supported; use an exec plugin or a token"
    if proxy := cluster.get("proxy-url"):
        return proxy_problem(str(proxy), "the cluster's proxy-url")
    return ""


def proxy_problem(proxy: str, whose: str) -> str:
    """Why this proxy cannot be used."""
    try:
        parts = urlsplit(proxy)
        usable = parts.scheme in PROXIES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return f"{whose} is no URL; write http://<host>:<port>"
    return "" if usable else f"{whose} is of scheme {parts.scheme!r}; only http:// and https:// proxies are supported"


def _named(known: Sequence[Entry], many: str, one: str, name: object) -> Entry:
    for config in known:
        listed = config.get(many)
        for entry in listed if isinstance(listed, list) else ():
            if isinstance(entry, dict) and entry.get("name") == name:
                return _dict(entry.get(one))
    return {}


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
