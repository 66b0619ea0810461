"""A seed that does not repeat its run is worth nothing to whoever has to find the fault."""

from __future__ import annotations

from collections import Counter

import pytest
from tools.chaos.jobs import CONNECTIONS, EVERY, RESTORE_ALL, Course, Origin, places
from tools.chaos.keeping import KEPT, PLURAL
from tools.chaos.moves import Course as MoveCourse
from tools.chaos.plan import WORKER_STEPS, plan
from tools.chaos.steps import OF_WORKERS, Step

from zilliz_jobs.api.connection import ZILLIZ_CONNECTION
from zilliz_jobs.api.parse import parse_spec
from zilliz_jobs.api.resources import RESOURCES
from zilliz_local.cloud.faults import FaultRule
from zilliz_local.cloud.oddities import CATALOGUE

BY_KIND = {resource.kind: resource for resource in RESOURCES}
SEEDS = range(20)
BACKUPS = {f"in01-movies{group:04d}": "backup-1" for group in range(100)}


def test_a_seed_repeats_its_plan_to_the_letter() -> None:
    assert plan(7, 200) == plan(7, 200)
    assert plan(7, 200).lines() == plan(7, 200).lines()


def test_some_seeds_play_the_election_of_a_single_operator_and_some_do_not() -> None:
    assert {plan(seed, 25).elects for seed in SEEDS} == {True, False}


def test_an_odd_cloud_gives_odd_answers_of_every_sort_and_a_plain_one_none() -> None:
    odd = {one.rule.get("oddity") for seed in range(2 * len(SEEDS)) for one in plan(seed, 200, odd=True).happenings}
    assert odd == {*CATALOGUE, None}
    assert not any(one.rule.get("oddity") for one in plan(7, 200).happenings)


def test_etcd_is_set_back_once_and_the_operator_that_remembers_is_spared() -> None:
    found = [plan(seed, 200, restores=True).happenings for seed in SEEDS]
    for happenings in found:
        (spare,) = (one for one in happenings if one.what == "spare")
        (restore,) = (one for one in happenings if one.what == "etcd-restore")
        assert spare.at < restore.at
        assert not [one for one in happenings if one.what in ("kill", "api-restart") and one.at >= spare.at]


def test_another_seed_is_another_plan() -> None:
    assert plan(7, 200).lines() != plan(8, 200).lines()
    assert [job.row.name for job in plan(7, 200).jobs] != [job.row.name for job in plan(8, 200).jobs]


@pytest.mark.parametrize("jobs", [1, 25, 200, 1000])
def test_as_many_jobs_as_wanted_each_under_a_name_of_its_own(jobs: int) -> None:
    made = plan(1, jobs).jobs
    assert len({job.name for job in made}) == len(made) == jobs


@pytest.mark.parametrize("seed", SEEDS)
def test_no_kind_and_no_step_and_no_sort_of_fault_is_left_out(seed: int) -> None:
    drawn = plan(seed, 200)
    assert {job.row.name for job in drawn.jobs} == {row.name for row in EVERY}
    assert {trap.step for trap in drawn.traps} == set(Step) - OF_WORKERS
    assert {job.course for job in drawn.jobs} == set(Course)
    assert {job.origin for job in drawn.jobs} == set(Origin)
    assert any(job.at_row for job in drawn.jobs)
    sorts = {
        "kill",
        "pause",
        "api-restart",
        "silence",
        "cut",
        "kube",
        "cloud",
        "cloud-hang",
        "cloud-restart",
        "cloud-down",
    }
    assert {one.what for one in drawn.happenings} == sorts | ({"lease"} if drawn.elects else set())
    assert drawn.late < {job.plural for job in drawn.jobs} | {PLURAL}
    assert 0 < drawn.late_at < drawn.seconds
    assert all(0 < one.at < drawn.seconds for one in drawn.happenings)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_simulator_takes_every_fault(seed: int) -> None:
    rules = [one.rule for one in plan(seed, 1000, odd=True).happenings if one.what == "cloud"]
    assert len(rules) > 50
    for rule in rules:
        assert FaultRule.model_validate(rule).times, "a fault that never ends would outlast the storm"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_operator_takes_every_manifest(seed: int) -> None:
    """A job that is refused for its form would tell nothing of crashes."""
    for job in plan(seed, 100).jobs:
        parse_spec(BY_KIND[job.kind], job.manifest(BACKUPS))


def test_the_older_import_api_and_restores_of_one_several_and_all_collections_are_played() -> None:
    """A shape that no run has could lose its job in every one of them, and nobody would see it."""
    jobs = plan(1, 100).jobs
    spoken = Counter(CONNECTIONS[job.connection].get("importApi", "V2") for job in jobs if job.kind == "ImportJob")
    assert set(spoken) == {"V1", "V2"}
    into = [job.manifest(BACKUPS)["spec"].get("existingCluster") for job in jobs if job.kind == "RestoreJob"]
    assert {len(one.get("collections", ())) for one in into if one} == {0, 1, 2}


@pytest.mark.parametrize("seed", SEEDS)
def test_backups_end_in_every_run_and_are_read_when_they_do(seed: int) -> None:
    jobs = plan(seed, 60).jobs
    ends = {job.name: job for job in jobs if job.ends}
    assert len([job for job in ends.values() if job.course is Course.LEFT]) >= 2
    assert {job.kind for job in ends.values()} == {"BackupJob"}
    assert all(job.manifest(BACKUPS)["spec"]["backupTTLSeconds"] > 3600 for job in ends.values())
    assert all(job.waits_for in ends for job in jobs if job.races)


def test_over_some_runs_backups_that_end_are_read_at_that_moment_adopted_and_lose_their_object() -> None:
    jobs = [job for seed in SEEDS for job in plan(seed, 60).jobs]
    assert any(job.races for job in jobs)
    assert any(job.waits_for and not job.races for job in jobs)
    assert {job.origin for job in jobs if job.ends} >= {Origin.ADOPTED, Origin.SUBMITTED}
    assert {job.course for job in jobs if job.ends} == {Course.LEFT, Course.DELETED}


@pytest.mark.parametrize("seed", SEEDS)
def test_schedules_keep_two_and_have_more_runs_than_that(seed: int) -> None:
    found = {one.name: one for one in plan(seed, 200).keepers}
    assert {one.parts for one in found.values()} == {"", "schedule", "namespace"}
    assert any(one.fails and one.stops > 0 for one in found.values()), "one whose cluster answers badly"
    assert all(one.runs - len(one.fails) > KEPT for one in found.values())
    assert len({one.cluster for one in found.values()}) == len(found)
    for one in found.values():
        parse_spec(BY_KIND["JobSchedule"], one.manifest)
        parse_spec(BY_KIND["ExportJob"], one.reader("reads", "backup-1"))
    assert {one.parts for one in plan(seed, 200, restores=True).keepers} == {""}
    assert len(plan(seed, 25).keepers) == 2


@pytest.mark.parametrize("name", CONNECTIONS)
def test_the_operator_takes_every_connection(name: str) -> None:
    spec = {"endpoint": "http://cloud.test", "credentialsSecretRef": {"name": "key"}} | CONNECTIONS[name]
    parse_spec(ZILLIZ_CONNECTION, {"metadata": {"name": name}, "spec": spec})


def test_a_restore_of_all_collections_has_a_cluster_where_their_names_are_free() -> None:
    """It would fail for a name that is taken, and that would look like chaos."""
    jobs = [job for seed in SEEDS for job in plan(seed, 100).jobs if job.row is RESTORE_ALL]
    (names,) = {tuple(job.clusters[1].rpartition("own")[1:2]) for job in jobs}
    assert names == ("own",)
    assert {job.manifest(BACKUPS)["spec"]["existingCluster"]["clusterId"] for job in jobs} == {
        job.clusters[1] for job in jobs
    }
    waited = {job.waits_for.rpartition("-")[0] for job in jobs if job.waits_for}
    assert waited == {"backup"}, "a backup of the shop holds what is there already"


@pytest.mark.parametrize("seed", SEEDS)
def test_no_two_jobs_disturb_each_other_by_design(seed: int) -> None:
    """A job that fails for want of a name or of a running cluster could not be told from one that chaos broke."""
    jobs = plan(seed, 200).jobs
    there = {place.cluster_id: place for place in places(jobs)}
    assert len({place.name for place in there.values()}) == len(there)
    users = Counter(cluster for job in jobs for cluster in set(job.clusters))
    for job in jobs:
        if job.alone or job.fills_cluster:
            assert users[job.clusters[1]] == 1
    assert {place.status for place in there.values()} == {"RUNNING", "STOPPED"}


def test_with_migrations_by_vts_the_operator_dies_at_some_steps_of_a_worker_in_each_run_and_at_each_in_some() -> None:
    """All in one would leave the last ones out: the first steps take all workers."""
    drawn = plan(7, 25, moving=True)
    of_workers = [{one.step for one in plan(seed, 25, moving=True).traps} & OF_WORKERS for seed in range(20)]
    assert {len(steps) for steps in of_workers} == {WORKER_STEPS}
    assert set[Step]().union(*of_workers) == OF_WORKERS
    assert {trap.step for trap in drawn.traps} - OF_WORKERS == set(Step) - OF_WORKERS
    assert {move.course for move in drawn.moves} == set(MoveCourse)
    assert drawn.jobs == plan(7, 25).jobs
    assert plan(7, 25).moves == ()
