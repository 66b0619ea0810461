"""The job-centre page in the terminal, and what the shell offers to complete."""

from __future__ import annotations

import asyncio

from tests.support.engine_rig import Rig
from tests.support.kubectl_zilliz import typed

from zilliz_jobs.cli.kubectl.completion import candidates
from zilliz_local.cloud import PROJECT


async def test_the_page_shows_every_row_with_its_owner(keyed: Rig) -> None:
    keyed.connection(consoleApi={"enabled": True})
    keyed.backup("movies")
    meta = {"name": "shop", "namespace": "default"}
    spec = {"projectId": PROJECT, "intervalSeconds": 10}
    keyed.kube.create({"apiVersion": "jobs.zilliz.com/v1alpha1", "kind": "JobCenter", "metadata": meta, "spec": spec})
    await keyed.start()
    await keyed.until(lambda: keyed.kube.objects("projectjobs.jobs.zilliz.com"), "there are rows", 30)
    seen = await typed(keyed.kubeconfig, "center")
    assert seen.code == 0, seen.err
    assert seen.lines[0].startswith(f"default/shop  project {PROJECT}")
    assert seen.lines[2].split()[0] == "ROW"
    assert len(seen.lines) == 3 + len(keyed.kube.objects("projectjobs.jobs.zilliz.com"))
    missing = await typed(keyed.kubeconfig, "center", "nobody")
    assert (missing.code, "there is no JobCenter nobody" in missing.err) == (5, True)


async def test_the_names_of_jobs_are_completed(keyed: Rig) -> None:
    keyed.backup("movies")
    flag = f"--kubeconfig={keyed.kubeconfig}"
    found, directive = await asyncio.to_thread(candidates, ["wait", flag, "back"])
    assert (found, directive) == ([("backupjob/movies", "Pending")], 4)
    nowhere, _ = await asyncio.to_thread(candidates, ["wait", "--kubeconfig=/nowhere", ""])
    assert nowhere == []


def test_commands_kinds_flags_and_values_are_completed() -> None:
    assert {word for word, _ in candidates(["re"])[0]} == {"retry", "resume", "resolve"}
    assert ("import" in {word for word, _ in candidates(["create", ""])[0]}) is True
    assert "--urls" in {word for word, _ in candidates(["create", "import", "--u"])[0]}
    assert {word for word, _ in candidates(["jobs", "--state", "F"])[0]} == {"Failed"}
    assert "--timeout" in {word for word, _ in candidates(["wait", "--t"])[0]}
    assert candidates(["plan", "-f", ""]) == ([], 0)
    assert candidates(["nothing", "x"]) == ([], 4)
