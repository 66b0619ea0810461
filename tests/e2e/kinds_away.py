"""Kinds that the API server does not serve for a while: what a user of them and of the others sees."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Any

from tests.support.cloud import Cloud
from tests.support.operators import OperatorProcess
from tests.support.user import User

from zilliz_jobs.api.model import GROUP, VERSION

CRDS = Path(__file__).parents[2] / "crds"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
IMPORTS = CRDS / "importjobs.yaml"
SOON = 25.0  # seconds: the health is asked of the handlers every ten
GONE = 120.0  # seconds: until the API server has taken its CRDs down, on a busy machine


def the_crds_are_installed_late(user: User, cloud: Cloud) -> None:
    operator = _operator(user)
    _delete(user, CRDS)
    operator.start()
    health = _until_told(user, "not watched")
    assert all(kind in health["watches"] for kind in ("ImportJob", "BackupJob", "ZillizConnection", "JobCenter"))
    assert _watched(operator, "ImportJob") == 0
    _apply(user, CRDS)
    user.connect(cloud)
    user.importing(cloud).until_ended()
    user.backup(cloud).until_ended()
    _until_told(user, "all kinds are watched")
    assert _watched(operator, "ImportJob") == 1
    operator.require_clean_log()


def one_kind_is_installed_late(user: User, cloud: Cloud) -> None:
    operator = _operator(user)
    _delete(user, IMPORTS)
    operator.start()
    user.connect(cloud)
    user.backup(cloud).until_ended()
    assert "ImportJob" in _until_told(user, "not watched")["watches"]
    assert "BackupJob" not in operator.health()[1]["watches"]
    _apply(user, IMPORTS)
    user.importing(cloud).until_ended()
    operator.require_clean_log()


def one_kind_goes_and_comes_back(user: User, cloud: Cloud) -> None:
    """The objects go with their CRD. The operator goes on with all others, and takes the kind up again."""
    operator = _operator(user)
    operator.start()
    user.connect(cloud)
    cloud.next_job("IMPORT", run_seconds=1_000_000)
    films = user.importing(cloud)
    films.until_submitted()
    before = operator.pid
    _delete(user, IMPORTS)
    user.backup(cloud).until_ended()
    assert "ImportJob" in _until_told(user, "not watched")["watches"]
    user.backup(cloud, "again").until_ended()
    assert operator.metrics()["zilliz_jobs_leader"] == 1.0
    _apply(user, IMPORTS)
    user.importing(cloud, "more", collection="actors").until_ended()
    _until_told(user, "all kinds are watched")
    user.until("what is gone is forgotten", lambda: _unfinished(operator, "ImportJob") == 0, SOON)
    assert operator.runs
    assert operator.pid == before
    assert operator.stop() == 0, "the signals are the process's, also after a kind was begun anew"
    operator.require_clean_log()


def _operator(user: User) -> OperatorProcess:
    assert isinstance(user.operator, OperatorProcess)
    return user.operator


def _delete(user: User, crds: Path) -> None:
    """Once their objects can be listed: an API server that is told to delete a CRD before that tries in vain to list
    what is to go with it, at longer and longer intervals."""
    _until_served(user, crds)
    paths = [f"{DEFINITIONS}/{plural}.{GROUP}" for plural in _plurals(crds)]
    for path in paths:
        user.cluster.client.call("DELETE", path).ok()
    user.until(f"{crds.name} is gone", lambda: not any(map(user.read, paths)), GONE)


def _apply(user: User, crds: Path) -> None:
    user.cluster.kubectl("create", "-f", str(crds))
    _until_served(user, crds)


def _plurals(crds: Path) -> list[str]:
    return [file.stem for file in ([crds] if crds.is_file() else sorted(crds.glob("*.yaml")))]


def _until_served(user: User, crds: Path) -> None:
    def served() -> bool:
        lists = (f"/apis/{GROUP}/{VERSION}/{plural}" for plural in _plurals(crds))
        return all(user.cluster.client.call("GET", path, limit="1").status == HTTPStatus.OK for path in lists)

    user.until("they are served", served, GONE)


def _until_told(user: User, text: str) -> dict[str, Any]:
    def told() -> dict[str, Any] | None:
        code, body = _operator(user).health()
        return body if code == 200 and text in body.get("watches", "") else None

    found: dict[str, Any] = user.until(f"/healthz says: {text}", told, SOON)
    return found


def _watched(operator: OperatorProcess, kind: str) -> float:
    return operator.metrics()[f'zilliz_jobs_kind_watched{{kind="{kind}"}}']


def _unfinished(operator: OperatorProcess, kind: str) -> float:
    named = f'kind="{kind}"'
    return sum(n for name, n in operator.metrics().items() if "unfinished_objects" in name and named in name)
