"""What the engine is told, for each source: whole texts, since it ignores what it does not know in silence."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.api.migrations import CLUSTER, EXTERNAL, OLD, SECRET, of
from tests.unit.kinds.vts.specs import API_KEY, LOGIN, SINK, SOURCES, TENCENT, TOKEN, compare, postgres, spec_of

from zilliz_jobs.api.migrationjob import MigrationJobSpec
from zilliz_jobs.kinds.migrations.vts import config
from zilliz_jobs.kinds.migrations.vts.config import ConfigTooLarge, problem, render, runs_of

ITEMS = [{"source": "items"}, {"source": "orders", "destination": "bought"}]
APART = [{"source": "a"}, {"source": "b", "destDatabase": "other"}, {"source": "c", "destDatabase": "other"}]


def told(spec: MigrationJobSpec, secrets: dict[str, str], run: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(render(spec, run, secrets, SINK, TOKEN))
    return found


@pytest.mark.parametrize("name", SOURCES)
def test_the_whole_text_for_each_source(name: str) -> None:
    source, values, secrets = SOURCES[name]
    spec = spec_of(source, values)
    assert problem(spec, secrets, run=0) == ""
    compare(f"{name}.json", render(spec, 0, secrets, SINK, TOKEN))


def test_several_tables_are_one_run() -> None:
    spec = postgres(collections=ITEMS)
    assert len(runs_of(spec)) == 1
    (source,), (sink,) = (told(spec, LOGIN)[part] for part in ("source", "sink"))
    assert source["table_list"] == [{"table_path": "app.public.items"}, {"table_path": "app.public.orders"}]
    assert sink["collection_rename"] == {"items": "items", "orders": "bought"}
    assert sink["collection_description"] == {"items": config.mark(TOKEN), "bought": config.mark(TOKEN)}


@pytest.mark.parametrize("name", ["qdrant", "pinecone", "tencent"])
def test_a_connector_that_takes_one_collection_has_a_run_for_each(name: str) -> None:
    source, values, secrets = SOURCES[name]
    spec = spec_of(source, values, collections=ITEMS)
    assert [[one.source for one in run] for run in runs_of(spec)] == [["items"], ["orders"]]
    assert told(spec, secrets, 1)["sink"][0]["collection_rename"] == {"orders": "bought"}


def test_a_run_writes_into_one_database() -> None:
    runs = runs_of(postgres(collections=APART))
    assert [(config.database_of(run), config.destinations(run)) for run in runs] == [
        ("default", ("a",)),
        ("other", ("b", "c")),
    ]


def test_a_table_that_is_wanted_twice_is_read_in_two_runs_as_the_engine_knows_it_by_its_name() -> None:
    twice = [{"source": "a", "destination": "x"}, {"source": "a", "destination": "y"}]
    spec = postgres(collections=twice)
    assert [told(spec, LOGIN, run)["sink"][0]["collection_rename"] for run in (0, 1)] == [{"a": "x"}, {"a": "y"}]


def test_indexes_travel_from_a_milvus_only() -> None:
    made = {}
    for name, (source, values, secrets) in SOURCES.items():
        made[name] = told(spec_of(source, values), secrets)["sink"][0]["create_index"]
    assert [name for name, value in made.items() if value] == ["milvus"]


def test_the_engine_never_tries_by_itself_and_each_secret_option_is_shaded() -> None:
    for source, values, secrets in SOURCES.values():
        config_of = told(spec_of(source, values), secrets)
        assert config_of["env"]["job.retry.times"] == 0
        options = {**config_of["source"][0], **config_of["sink"][0]}
        held = {name for name, value in options.items() if "CANARY" in json.dumps(value)}
        assert held
        assert held <= set(config_of["env"]["shade.options"])


def test_no_text_form_of_what_is_rendered_shows_a_credential() -> None:
    for source, values, secrets in SOURCES.values():
        spec = spec_of(source, values)
        made = config._source(spec, runs_of(spec)[0], secrets)
        assert "CANARY" not in f"{made!r} {made} {SINK!r}"


PROBLEMS: dict[str, tuple[MigrationJobSpec, dict[str, str], str]] = {
    "REST port of Qdrant": (
        spec_of("qdrant", {"uri": "https://q.example.com:6333", **SECRET}),
        API_KEY,
        "usually 6334",
    ),
    "no scheme": (spec_of("qdrant", {"uri": "q.example.com", **SECRET}), API_KEY, "write https://"),
    "no scheme, Milvus": (spec_of("milvus", {"uri": "m:19530", **SECRET}), LOGIN, "write https://"),
    "a path": (spec_of("milvus", {"uri": "https://m:19530/db", **SECRET}), LOGIN, "leave out what follows"),
    "a port that is none": (spec_of("milvus", {"uri": "https://m:x", **SECRET}), LOGIN, "cannot be read"),
    "no host": (spec_of("milvus", {"uri": "https://", **SECRET}), LOGIN, "names no host"),
    "another scheme": (postgres("mysql://pg"), LOGIN, "not an address of PostgreSQL"),
    "a parameter that loads a class": (
        postgres("postgresql://pg/app?socketFactory=org.example.Any", database=""),
        LOGIN,
        "leave out all but one sslmode",
    ),
    "a word that is no sslmode": (postgres("postgresql://pg?sslmode=of"), LOGIN, "write one of disable"),
    "two sslmodes": (postgres("postgresql://pg?sslmode=require&sslmode=allow"), LOGIN, "all but one sslmode"),
    "two databases": (postgres("postgresql://pg/other"), LOGIN, "name it in one of them"),
    "no database": (postgres("postgresql://pg", database=""), LOGIN, "name of the database"),
    "a database with a dot": (postgres(database="a.b"), LOGIN, "rename it"),
    "a table with a dot": (postgres(collections=[{"source": "a.b", "destination": "c"}]), LOGIN, "name a view of it"),
    "a table with a quote": (postgres(collections=[{"source": 'a"b', "destination": "c"}]), LOGIN, "a view of it"),
    "a pattern": (
        spec_of(
            "elasticsearch", EXTERNAL["elasticsearch"], collections=[{"source": "logs-*", "destination": "logs"}]
        ),
        LOGIN,
        "name each index",
    ),
    "a name that no collection has": (postgres(collections=[{"source": "2024"}]), LOGIN, "another destination"),
    "a destination twice": (
        postgres(collections=[{"source": "a-b"}, {"source": "a_b"}]),
        LOGIN,
        "two of the collections go into 'a_b'",
    ),
    "Tencent without its database": (
        spec_of("tencentVectorDB", EXTERNAL["tencentVectorDB"]),
        API_KEY,
        "database is not named",
    ),
    "a colon in the name": (
        spec_of("milvus", EXTERNAL["milvus"]),
        {**LOGIN, "username": "a:CANARY"},
        "use another account",
    ),
    "another source": (
        MigrationJobSpec.model_validate(of(CLUSTER, OLD, engine="VTS", collections=[{"source": "a"}])),
        {},
        "leave out spec.engine",
    ),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_what_the_engine_would_misread_is_told_before_with_what_to_do(case: str) -> None:
    spec, secrets, words = PROBLEMS[case]
    found = problem(spec, secrets, run=0)
    assert words in found
    assert "CANARY" not in found


@pytest.mark.parametrize("name", SOURCES)
def test_a_spec_is_checked_before_its_secret_is_read(name: str) -> None:
    source, values, _ = SOURCES[name]
    assert problem(spec_of(source, values), {}, run=0) == ""


GOOD_ADDRESSES = {
    "postgresql://pg.example.com": "jdbc:postgresql://pg.example.com:5432/app?sslmode=prefer",
    "pg.example.com:6432": "jdbc:postgresql://pg.example.com:6432/app?sslmode=prefer",
    "jdbc:postgresql://pg/app?sslmode=require": "jdbc:postgresql://pg:5432/app?sslmode=require",
    "postgres://[2001:db8::1]:5433/app": "jdbc:postgresql://[2001:db8::1]:5433/app?sslmode=prefer",
}


@pytest.mark.parametrize("uri", GOOD_ADDRESSES)
def test_addresses_of_postgresql_as_people_write_them(uri: str) -> None:
    assert told(postgres(uri), LOGIN)["source"][0]["url"] == GOOD_ADDRESSES[uri]


def test_a_name_of_a_source_fits_as_the_engine_makes_it_fit() -> None:
    spec = spec_of("pinecone", SECRET, collections=[{"source": "idx-one"}])
    assert told(spec, API_KEY)["sink"][0]["collection_rename"] == {"idx-one": "idx_one"}


def test_the_mark_tells_one_submission_from_another() -> None:
    assert config.is_marked(config.mark(TOKEN), TOKEN)
    assert not config.is_marked(config.mark(TOKEN), TOKEN[:-1])
    assert not config.is_marked("", TOKEN)


def test_what_no_secret_can_hold_is_refused_with_both_sizes() -> None:
    with pytest.raises(ConfigTooLarge, match=r"told \d{7} bytes, and 1000000 fit"):
        render(spec_of(*SOURCES["qdrant"][:2]), 0, {"apiKey": "x" * 1_000_000}, SINK, TOKEN)


def test_tencent_has_an_account_of_its_own_where_one_is_named() -> None:
    spec = spec_of("tencentVectorDB", {**TENCENT, "username": "reader"})
    assert told(spec, API_KEY)["source"][0]["user_name"] == "reader"


def test_the_sink_is_where_the_caller_says() -> None:
    (sink,) = json.loads(render(postgres(), 0, LOGIN, replace(SINK, database="archive"), TOKEN))["sink"]
    assert (sink["url"], sink["token"], sink["database"]) == (SINK.uri, SINK.token, "archive")
