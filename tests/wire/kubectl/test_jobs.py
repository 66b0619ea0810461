"""`kubectl zilliz jobs` and `show` against an API server and a working operator: what a person sees is what is there,
or why it cannot be seen."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from tests.support.engine_rig import Rig
from tests.support.kubectl_zilliz import typed

from zilliz_jobs.api.resources import RESOURCES
from zilliz_local.kube import KubeApi


async def test_all_kinds_stand_in_one_table(world: Rig) -> None:
    world.backup("movies")
    world.imports("films")
    await world.start()
    await world.until(lambda: world.status("importjobs", "films").get("jobId"))
    world.cloud.advance(3600)
    await world.until_state("importjobs", "films", "Successful")
    await world.until_state("backupjobs", "movies", "Successful")
    seen = await typed(world.kubeconfig, "jobs")
    assert (seen.code, seen.err) == (0, "")
    title, *rows = seen.lines
    assert title.split() == ["JOB", "STATE", "REASON", "PROGRESS", "TARGET", "STARTED", "AGE"]
    assert {tuple(row.split()[:3]) for row in rows} == {
        ("backupjob/movies", "Successful", "100%"),
        ("importjob/films", "Successful", "100%"),
    }


async def test_only_what_was_asked_for_is_shown(world: Rig) -> None:
    world.backup("movies")
    world.imports("films", objectStorage={"urls": ["s3://b/a.parquet"], "credentialsSecretRef": {"name": "none"}})
    await world.start()
    await world.until(lambda: world.status("importjobs", "films").get("reason") == "SecretNotFound")
    await world.until(lambda: world.status("backupjobs", "movies").get("jobId"))
    world.cloud.advance(3600)
    await world.until_state("backupjobs", "movies", "Successful")
    for words, names in {
        ("--state", "successful"): ["backupjob/movies"],
        ("--reason", "secretnotfound"): ["importjob/films"],
        ("zbk",): ["backupjob/movies"],
        ("importjobs", "BackupJob"): ["importjob/films", "backupjob/movies"],
        ("--cluster", "in01-nobody"): [],
        ("--state", "Pending,Failed", "import"): ["importjob/films"],
    }.items():
        seen = await typed(world.kubeconfig, "jobs", *words, "-o", "json")
        found = json.loads(seen.out)
        assert (seen.code, found["kind"], found["apiVersion"]) == (0, "List", "v1")
        assert sorted(f"{one['kind'].lower()}/{one['metadata']['name']}" for one in found["items"]) == sorted(names)
        assert all(one["apiVersion"] == "jobs.zilliz.com/v1alpha1" for one in found["items"])
    none = await typed(world.kubeconfig, "jobs", "--state", "Canceled")
    assert (none.code, none.out) == (0, "")
    assert "no jobs of this description in namespace default" in none.err


async def test_the_forms_for_programs_are_those_of_kubectl(world: Rig) -> None:
    world.backup("movies")
    names = await typed(world.kubeconfig, "jobs", "-o", "name")
    assert names.out == "backupjob.jobs.zilliz.com/movies\n"
    text = await typed(world.kubeconfig, "jobs", "-o", "yaml", "-A")
    assert [one["metadata"]["namespace"] for one in yaml.safe_load(text.out)["items"]] == ["default"]
    one = await typed(world.kubeconfig, "show", "movies", "-o", "json")
    assert json.loads(one.out)["kind"] == "BackupJob"


async def test_a_job_is_found_by_its_name_alone_where_that_is_unique(world: Rig) -> None:
    world.backup("movies")
    assert "BackupJob default/movies" in (await typed(world.kubeconfig, "show", "movies")).out
    world.imports("movies")
    twice = await typed(world.kubeconfig, "show", "movies")
    assert twice.code == 5
    assert "backupjob/movies and importjob/movies" in twice.err
    assert "ImportJob default/movies" in (await typed(world.kubeconfig, "show", "zim/movies")).out
    for word, said in {
        "nobody": "there is no job or schedule nobody in namespace default",
        "importjob/nobody": "there is no ImportJob nobody in namespace default",
        "film/x": "'film' is no kind that this command takes",
        "/x": "names no job",
    }.items():
        seen = await typed(world.kubeconfig, "show", word)
        assert (seen.code, seen.out) == (5, "")
        assert said in seen.err


async def test_a_wrong_use_is_told_apart_from_every_end_of_a_job(world: Rig) -> None:
    """Scripts take 2 for a job that was cancelled."""
    for words in (
        ["jobs", "--foo"],
        ["jobs", "--state", "Failing"],
        ["jobs", "-A", "-n", "shop"],
        ["jobs", "-o", "xml"],
    ):
        seen = await typed(world.kubeconfig, *words)
        assert (seen.code, seen.out) == (5, "")
        assert seen.err.startswith("kubectl zilliz: ")


async def test_without_its_kinds_the_server_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    async with KubeApi(crds=[]) as kube:
        kube.write_kubeconfig(tmp_path / "kubeconfig")
        seen = await typed(tmp_path / "kubeconfig", "jobs")
        assert (seen.code, seen.out) == (5, "")
        assert "importjobs.jobs.zilliz.com" in seen.err
        assert "kubectl apply -f crds/" in seen.err
        named = await typed(tmp_path / "kubeconfig", "show", "films")
        assert "kubectl apply -f crds/" in named.err


async def test_a_kind_that_is_not_served_is_named_and_the_others_are_shown(world: Rig) -> None:
    world.backup("movies")
    client = await world.client()
    await client.request(
        "DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/importjobs.jobs.zilliz.com"
    )
    seen = await typed(world.kubeconfig, "jobs")
    assert seen.code == 5
    assert "backupjob/movies" in seen.out
    assert "has no importjobs.jobs.zilliz.com" in seen.err
    assert "backupjobs" not in seen.err


async def test_a_server_that_is_away_is_one_sentence(tmp_path: Path) -> None:
    async with KubeApi(crds=[]) as kube:
        kube.write_kubeconfig(tmp_path / "kubeconfig")
    seen = await typed(tmp_path / "kubeconfig", "jobs")
    assert seen.code == 5
    assert "no answer from http://127.0.0.1" in seen.err
    assert len(seen.err.splitlines()) == 1
    missing = await typed(tmp_path / "nowhere", "jobs")
    assert missing.code == 5
    assert "there is no file" in missing.err


def test_every_kind_is_found_by_all_its_names() -> None:
    from zilliz_jobs.cli.kubectl.kindnames import kind_named, words_of
    from zilliz_jobs.kinds import JOB_KINDS

    words = [word for kind in JOB_KINDS for word in words_of(kind.resource)]
    assert len(words) == len(set(words)), "a word stands for two kinds"
    assert all(kind_named(word.upper()) is kind for kind in JOB_KINDS for word in words_of(kind.resource))
    assert len(RESOURCES) > len(JOB_KINDS)
