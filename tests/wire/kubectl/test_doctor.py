"""`kubectl zilliz doctor` on a server without Deployments and rights: what it can tell it tells, and the rest is not
called well."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from tests.support.engine_rig import Rig
from tests.support.kubectl_zilliz import Typed, typed

from zilliz_jobs.api.crd import crd
from zilliz_jobs.api.resources import RESOURCES
from zilliz_local.kube import KubeApi


def said(seen: Typed, verdict: str) -> str:
    """All lines of a verdict."""
    return "\n".join(line for line in seen.lines if line.startswith(verdict))


async def test_a_namespace_in_order_is_called_so(world: Rig) -> None:
    world.backup("movies")
    await world.start()
    await world.until(lambda: world.status("backupjobs", "movies").get("jobId"))
    seen = await typed(world.kubeconfig, "doctor")
    assert seen.code == 0, seen.out
    assert said(seen, "PROBLEM") == ""
    assert f"all {len(RESOURCES)} CRDs are there" in said(seen, "OK")
    assert "ZillizConnection default/default is ready" in said(seen, "OK")
    assert "has taken note of 1 job" in said(seen, "OK")
    assert "whether the operator runs, and leads" in said(seen, "not checked")
    assert seen.lines[-1] == "0 problems found; 2 things could not be checked."


async def test_a_key_that_is_rejected_comes_with_what_to_do(keyed: Rig) -> None:
    await keyed.patch_secret("another")
    keyed.connection()
    await keyed.start()
    await keyed.until(lambda: keyed.status("zillizconnections", "default").get("conditions"))
    seen = await typed(keyed.kubeconfig, "doctor")
    assert seen.code == 1
    assert "ZillizConnection default/default: KeyRejected: " in said(seen, "PROBLEM")
    assert "put a valid key into the connection's Secret" in said(seen, "PROBLEM")
    assert "another" not in seen.out


async def test_without_an_operator_nothing_is_called_ready(keyed: Rig) -> None:
    """A status that an operator of last week left is not the connection as it is now."""
    keyed.connection()
    keyed.backup("movies")
    client = await keyed.client()
    await client.request(
        "PATCH",
        "/apis/jobs.zilliz.com/v1alpha1/namespaces/default/zillizconnections/default/status",
        body={"status": {"observedGeneration": 7, "conditions": [{"type": "Ready", "status": "True"}]}},
        content_type="application/merge-patch+json",
    )
    seen = await typed(keyed.kubeconfig, "doctor")
    assert seen.code == 1
    assert "no operator has checked it as it is now" in said(seen, "PROBLEM")
    assert "whether an operator takes note of jobs (there is none older than a minute)" in said(seen, "not checked")


async def test_a_suspended_connection_and_none_at_all_are_problems(world: Rig) -> None:
    await world.patch("zillizconnections", "default", {"spec": {"suspend": True}})
    await world.start()
    await world.until(lambda: world.status("zillizconnections", "default").get("conditions"))
    seen = await typed(world.kubeconfig, "doctor")
    assert "ZillizConnection default/default is suspended" in said(seen, "PROBLEM")
    seen = await typed(world.kubeconfig, "doctor", "-n", "elsewhere")
    assert "there is no ZillizConnection in namespace elsewhere" in said(seen, "PROBLEM")


@pytest.mark.parametrize("state", ["old", "missing", "all missing"])
async def test_old_and_missing_crds_are_told_apart(tmp_path: Path, state: str) -> None:
    crds = [copy.deepcopy(crd(resource)) for resource in RESOURCES]
    if state == "old":
        (version,) = crds[1]["spec"]["versions"]
        del version["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"]["submission"]
    if state == "missing":
        del crds[1]
    async with KubeApi(crds=[] if state == "all missing" else crds) as kube:
        kube.write_kubeconfig(tmp_path / "kubeconfig")
        seen = await typed(tmp_path / "kubeconfig", "doctor")
    assert seen.code == 1
    words = {
        "old": "the installed CRD backupjobs.jobs.zilliz.com lacks status.submission",
        "missing": "the CRD backupjobs.jobs.zilliz.com is not installed",
        "all missing": "no CRD of the operator is installed",
    }
    assert words[state] in said(seen, "PROBLEM")


async def test_a_server_that_is_away_is_no_list_of_problems(tmp_path: Path) -> None:
    async with KubeApi(crds=[]) as kube:
        kube.write_kubeconfig(tmp_path / "kubeconfig")
    seen = await typed(tmp_path / "kubeconfig", "doctor")
    assert (seen.code, seen.out) == (5, "")
    assert "no answer from" in seen.err
