"""A lost ImportJob whose traces look strange. What is not recognised is not absent: sent again it would run twice."""

from __future__ import annotations

from typing import Any

import pytest
from tests.wire.test_kinds_import import CREATE, FILM, FORMS, OTHER, films, stranger

from zilliz_jobs.api.jobstatus import Evidence
from zilliz_jobs.core.observation import Absent, Found, Seen, Undecided
from zilliz_local.cloud import MOVIES, CloudSimulator

LOST_AFTER = ("import*.create", "drop_after")
LOST_BEFORE = ("import*.create", "drop_before")
ZEROS = ("0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-01T08:00:00+08:00", "9999-12-31T23:59:59Z", "soon")
SPELLINGS = (
    "[{name}]",
    '["{name}"]',
    "{name}.0",
    "tmp-{name}",
    "PART-1.PARQUET",
    "part%252D1.parquet",
    "part-\N{FULLWIDTH DIGIT ONE}.parquet",
    "part-\N{REPLACEMENT CHARACTER}.parquet",
    "",
)


def into_archive(cloud: CloudSimulator, *urls: str, collection: str = "films") -> str:
    """Somebody imports into a collection of the same name, in another database."""
    cloud.world.clusters[MOVIES].put_collection("archive", collection)
    body = {"objectUrls": [[url] for url in urls], "clusterId": MOVIES, "dbName": "archive"}
    answer: Any = cloud.act_as("rival", "POST", CREATE, body | {"collectionName": collection})
    return answer["data"]["jobId"]


@pytest.mark.parametrize("form", FORMS)
class TestEveryForm:
    @pytest.mark.parametrize("spelling", SPELLINGS)
    async def test_a_file_that_is_spelt_otherwise_may_be_ours(self, cloud, plain, form, spelling):
        cloud.behave(import_file_name=spelling)
        cloud.fault(*LOST_AFTER, times=1)
        one = films(plain.session, form)
        await one.send()
        assert isinstance(await one.look(), Found | Undecided)

    @pytest.mark.parametrize("zero", ZEROS)
    async def test_a_time_that_is_none_is_not_an_early_one(self, cloud, plain, form, zero):
        cloud.behave(start_time_while_pending=False, unset_time=zero)
        cloud.fault(*LOST_AFTER, times=1)
        one = films(plain.session, form)
        await one.send()
        assert isinstance(await one.look(), Undecided)
        cloud.advance(3600)
        assert isinstance(await one.look(), Found)

    async def test_an_import_of_the_same_second_is_neither_ours_nor_ruled_out(self, cloud, plain, form):
        """Its object may have been deleted, and this one made under its name."""
        before = stranger(cloud, form=form)
        cloud.fault(*LOST_BEFORE, times=1)
        one = films(plain.session, form, earlier=0.0)
        await one.send()
        look = await one.look()
        assert isinstance(look, Undecided)
        assert before in look.message

    async def test_an_import_of_the_second_before_is_none_of_ours_either(self, cloud, plain, form):
        stranger(cloud, form=form)
        cloud.advance(1)
        cloud.fault(*LOST_BEFORE, times=1)
        one = films(plain.session, form, earlier=0.0)
        await one.send()
        assert isinstance(await one.look(), Undecided)

    async def test_a_young_import_of_other_files_rules_nothing_out(self, cloud, plain, form):
        """The cloud may name ours so; it is only proven older by its time."""
        cloud.fault(*LOST_BEFORE, times=1)
        one = films(plain.session, form)
        await one.send()
        other = stranger(cloud, OTHER, form=form)
        look = await one.look()
        assert isinstance(look, Undecided)
        assert other in look.message
        one.held.add(other)
        assert await one.look() == Absent()

    async def test_and_does_not_keep_ours_from_being_found(self, cloud, plain, form):
        cloud.fault(*LOST_AFTER, times=1)
        one = films(plain.session, form)
        await one.send()
        (effect,) = cloud.ledger.effects(token="token-1")
        stranger(cloud, OTHER, form=form)
        assert await one.look() == Found({"jobId": effect.job_id}, Evidence.INFERRED)


@pytest.mark.parametrize("ignored", [True, False])
class TestFilters:
    async def test_an_import_into_another_database_may_be_ours(self, cloud, plain, ignored):
        """No answer tells the database."""
        cloud.behave(filters_ignored=["imports"] if ignored else [])
        cloud.fault(*LOST_BEFORE, times=1)
        one = films(plain.session)
        await one.send()
        theirs = into_archive(cloud, FILM)
        one.held.add(theirs)
        assert await one.look() == Absent()
        into_archive(cloud, OTHER)
        assert isinstance(await one.look(), Undecided)

    async def test_what_is_in_another_database_is_found_too(self, cloud, plain, ignored):
        cloud.behave(filters_ignored=["imports"] if ignored else [])
        cloud.world.clusters[MOVIES].put_collection("archive", "films")
        cloud.fault(*LOST_AFTER, times=1)
        one = films(plain.session)
        one.spec = one.spec.but(database="archive")
        await one.send()
        assert isinstance(await one.look(), Found)

    @pytest.mark.parametrize("name", ["archive.films", "[films]", "Films", "fil\N{REPLACEMENT CHARACTER}s", ""])
    async def test_a_collection_that_is_spelt_otherwise_may_be_ours(self, cloud, plain, ignored, name):
        cloud.behave(filters_ignored=["imports"] if ignored else [])
        cloud.fault(*LOST_AFTER, times=1)
        one = films(plain.session)
        await one.send()
        next(iter(cloud.jobs.all())).collection = name
        assert isinstance(await one.look(), Undecided)


REAL = "films_of_march"


def told_by_the_cluster(cloud: CloudSimulator, name: str, *aliases: str) -> None:
    """What the cluster answers when it is asked for `films`."""
    body = {"code": 0, "data": {"collectionName": name, "aliases": list(aliases)}}
    cloud.fault("data.describe", "status", status=200, body=body)


@pytest.mark.parametrize("form", FORMS)
class TestAnAlias:
    """The spec names one, and the list tells the collection's own name. Absent, all rows would be there twice."""

    async def test_an_import_that_the_list_shows_with_another_name_may_be_ours(self, cloud, plain, form):
        cloud.fault(*LOST_AFTER, times=1)
        one = films(plain.session, form)
        await one.send()
        job = next(iter(cloud.jobs.all()))
        job.collection = REAL
        told_by_the_cluster(cloud, REAL, "films")
        look = await one.look()
        assert isinstance(look, Undecided)
        assert job.job_id in look.message
        assert "alias" in look.message

    @pytest.mark.parametrize("says", ["the same name, and that it is an alias", "nothing"])
    async def test_where_the_cluster_does_not_say_that_it_is_none(self, cloud, plain, form, says):
        cloud.fault(*LOST_AFTER, times=1)
        one = films(plain.session, form)
        await one.send()
        next(iter(cloud.jobs.all())).collection = REAL
        if says == "nothing":
            cloud.fault("data.describe", "drop_before")
        else:
            told_by_the_cluster(cloud, "films", "films")
        assert isinstance(await one.look(), Undecided)

    async def test_a_strangers_import_of_the_same_files_is_not_asked_about_where_it_is_none(self, cloud, plain, form):
        """The same files go into two collections often enough; no person is to be asked for that."""
        cloud.fault(*LOST_BEFORE, times=1)
        one = films(plain.session, form)
        await one.send()
        stranger(cloud, form=form)
        next(iter(cloud.jobs.all())).collection = REAL
        look = await one.look()
        # Which endpoint an on-demand cluster has is told nowhere, so it cannot be asked.
        assert isinstance(look, Undecided) if "demand" in form else look == Absent()

    async def test_nor_is_one_of_other_files_or_before_it_or_that_has_a_holder(self, cloud, plain, form):
        stranger(cloud, form=form)
        cloud.advance(3600)
        cloud.fault(*LOST_BEFORE, times=1)
        one = films(plain.session, form)
        await one.send()
        stranger(cloud, OTHER, form=form)
        one.held.add(stranger(cloud, form=form))
        for job in cloud.jobs.all():
            job.collection = REAL
        told_by_the_cluster(cloud, REAL, "films")
        assert await one.look() == Absent()


async def test_a_zero_time_is_not_shown(cloud, plain):
    """Else the status tells 1970, and an end in 2058."""
    cloud.behave(start_time_while_pending=False, unset_time=ZEROS[0])
    one = films(plain.session)
    await one.send()
    seen = await one.read()
    assert isinstance(seen, Seen)
    assert (seen.start_time, seen.end_time, seen.estimated_end) == (None, None, None)


async def test_an_old_import_that_ended_since_does_not_prove_that_the_list_reaches_back(cloud, plain):
    """Ours may have begun after it, ended before it, and been forgotten."""
    cloud.next_job("IMPORT", run_seconds=5000)
    stranger(cloud)
    cloud.advance(3600)
    cloud.behave(imports_forgotten_after_seconds=1000)
    cloud.fault(*LOST_AFTER, times=1)
    one = films(plain.session)
    await one.send()
    cloud.advance(2000)
    assert isinstance(await one.look(), Undecided)


async def test_an_import_that_cannot_be_read_holds_no_look_up_up(cloud, plain):
    """Somebody else's answer in a form that nobody knows would end every look in an error, for ever."""
    cloud.fault(*LOST_BEFORE, times=1)
    one = films(plain.session)
    await one.send()
    stranger(cloud)
    cloud.fault("job.get", "status", status=200, body={"code": 0, "data": {"jobId": ["odd"]}})
    assert isinstance(await one.look(), Undecided)
