"""What the picture shows is as rich as the life before it."""

from __future__ import annotations

from random import Random

from tests.support.everykind import EVERY
from tools.chaos.jobs import Course, Origin
from tools.pictures.life import Life, jobs, schedules, waiting
from tools.pictures.palette import SIGNATURE, png

from zilliz_jobs.api.parse import parse_spec
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.kinds import JOB_KINDS


def test_ten_minutes_have_jobs_of_all_kinds_and_all_that_people_do() -> None:
    planned = jobs(Random(1), 140)
    assert {job.kind for job in planned} == {kind.resource.kind for kind in JOB_KINDS}
    assert {row.name for row in EVERY} <= {job.row.name for job in planned}
    assert {job.course for job in planned} == {*Course} - {Course.STOPPED}
    assert any(job.origin is Origin.WAITS for job in planned)
    assert len({job.name for job in planned}) == len(planned)
    assert [job.at for job in planned] == sorted(job.at for job in planned)
    assert max(job.at + job.then for job in planned) < 1


def test_a_job_waits_only_for_a_backup_that_is_made_before_it() -> None:
    planned = jobs(Random(1), 140)
    order = {job.name: job.at for job in planned}
    assert all(order[job.waits_for] < job.at for job in planned if job.waits_for)


def test_schedules_and_waiting_jobs_can_be_understood() -> None:
    by_kind = {resource.kind: resource for resource in RESOURCES}
    for body in (*schedules(), *waiting()):
        parse_spec(by_kind[body["kind"]], body)


def test_a_short_try_is_a_small_copy_of_the_whole() -> None:
    life = Life(None, None, [], 60, None, Random(1))  # type: ignore[arg-type]
    assert life.share == 0.1


def test_a_picture_of_two_colours_is_a_png() -> None:
    made = png(2, 1, [0, 0, 0, 255, 255, 255], b"\0\1")
    assert made.startswith(SIGNATURE)
    assert b"PLTE\0\0\0\xff\xff\xff" in made
