"""The end of a job, where its richest answer cannot be read. If these fail, an import that failed hours ago shows as
Pending for ever, or a stranger's odd row keeps everybody's backups from being made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.center_rig import Page, backed_up, center_world, created, started
from tests.support.engine_rig import Rig, condition
from tests.support.kinds_rig import LONG, Object, parsed

from zilliz_jobs.api.connection import ImportApi
from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.cloud.session import CloudSession
from zilliz_jobs.core.observation import Absent, Blocked, Prepared, Seen, Unreadable
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.backups.backup import BackupKind
from zilliz_jobs.kinds.base import Account
from zilliz_jobs.kinds.exports.export import ExportKind
from zilliz_jobs.kinds.imports.importing import ImportKind
from zilliz_local.cloud import MOVIES, CloudSimulator, Duration

FILM = "s3://demo-data/films/part-1.parquet"
BROKEN = "s3://demo-data/broken/films.parquet"
UNREADABLE = ("oversized", "truncated_gzip", "data_null", "code_missing")


@pytest.fixture
def world(keyed: Rig) -> Rig:
    keyed.connection(consoleApi={"enabled": True})
    return keyed


def films(account: Account, *urls: str) -> Object:
    spec = parsed(ImportKind(), clusterId=MOVIES, collection="films", objectStorage={"urls": list(urls) or [FILM]})
    return Object(ImportKind(), account, spec)


def backup(account: Account) -> Object:
    return Object(BackupKind(), account, parsed(BackupKind(), clusterId=MOVIES))


# -- words


@pytest.mark.parametrize("api", [ImportApi.V2, ImportApi.V1])
async def test_a_byte_in_a_reason_hides_no_end(cloud: CloudSimulator, session: CloudSession, api: ImportApi) -> None:
    one = films(Account(session, api), BROKEN)
    await one.send()
    cloud.advance(LONG)
    cloud.odd("*", "broken_words")
    seen = await one.read()
    assert isinstance(seen, Seen)
    assert seen.state is State.FAILED
    assert "\ufffd" in seen.message


async def test_a_state_with_a_lost_byte_is_told_by_the_next_answer(cloud: CloudSimulator, plain: Account) -> None:
    one = films(plain, BROKEN)
    await one.send()
    cloud.advance(LONG)
    cloud.odd("import.progress", "broken_states")
    seen = await one.read()
    assert isinstance(seen, Seen)
    assert seen.state is State.FAILED


async def test_a_word_that_nobody_knows_is_what_the_job_says_whatever_the_list_says(
    cloud: CloudSimulator, plain: Account
) -> None:
    """A poorer answer decides only where the richer one is unreadable, never against it."""
    one = films(plain, BROKEN)
    await one.send()
    cloud.advance(LONG)
    cloud.fault("import.progress", "unknown_status", word="ARCHIVED")
    seen = await one.read()
    assert isinstance(seen, Seen)
    assert (seen.state, seen.cloud_status) == (None, "ARCHIVED")


# -- answers that cannot be read


@pytest.mark.parametrize("oddity", UNREADABLE)
@pytest.mark.parametrize("api", [ImportApi.V2, ImportApi.V1])
@pytest.mark.parametrize("other", ["import.list", "job.get"])
async def test_an_end_comes_from_the_answer_that_can_be_read(
    cloud: CloudSimulator, session: CloudSession, oddity: str, api: ImportApi, other: str
) -> None:
    one = films(Account(session, api), BROKEN)
    await one.send()
    cloud.advance(LONG)
    lists = ("import.list", "import_v1.list") if other == "job.get" else ("job.get",)
    for route in ("import.progress", "import_v1.get", *lists):
        cloud.odd(route, oddity)
    seen = await one.read()
    assert isinstance(seen, Seen)
    assert seen.state is State.FAILED
    assert "not shown" in seen.message
    if oddity == "oversized":
        assert "1 file is not shown" in seen.message


@pytest.mark.parametrize("field", ["collection", "db_name"])
async def test_the_list_tells_the_end_also_under_another_name(
    cloud: CloudSimulator, plain: Account, field: str
) -> None:
    """The cloud may list an import that named an alias under the collection's own name; a filter would drop it."""
    one = films(plain, BROKEN)
    await one.send()
    cloud.advance(LONG)
    setattr(cloud.jobs.get(one.status.job_id), field, "otherwise")
    one.spec = one.spec.model_copy(update={"database": "archive"})
    cloud.odd("import.progress", "data_null")
    cloud.odd("job.get", "data_null")
    seen = await one.read()
    assert isinstance(seen, Seen)
    assert seen.state is State.FAILED


async def test_an_import_that_runs_or_ends_well_is_told_so_and_what_is_missing_only_at_its_end(
    cloud: CloudSimulator, plain: Account
) -> None:
    """Rows that nobody counted are no rows that are not there."""
    one = films(plain)
    await one.send()
    cloud.odd("import.progress", "data_null")
    running = await one.read()
    assert isinstance(running, Seen)
    assert running.state is not None
    assert (running.state.finished, running.message) == (False, "")
    cloud.advance(LONG)
    ended = await one.read()
    assert isinstance(ended, Seen)
    assert ended.state is State.SUCCESSFUL
    assert ended.message.startswith("the job ended well; its files are not shown: ")


async def test_a_list_without_the_import_does_not_say_how_it_is(cloud: CloudSimulator, plain: Account) -> None:
    other, one = films(plain, BROKEN), films(plain)
    await other.send()
    cloud.advance(LONG)
    await one.send()
    for route in ("import.progress", "job.get"):
        cloud.odd(route, "data_null")
    cloud.behave(list_lag_seconds=60)
    assert isinstance(await one.read(), Unreadable)


@pytest.mark.parametrize("oddity", [one for one in UNREADABLE if one != "code_missing"])  # a job may come without
async def test_where_no_answer_can_be_read_no_end_is_claimed(
    cloud: CloudSimulator, plain: Account, oddity: str
) -> None:
    one = films(plain, BROKEN)
    await one.send()
    cloud.advance(LONG)
    cloud.odd("*", oddity)
    assert isinstance(await one.read(), Unreadable)


async def test_one_garbled_answer_takes_no_files_from_the_page(cloud: CloudSimulator, plain: Account) -> None:
    one = films(plain, BROKEN)
    await one.send()
    cloud.advance(LONG)
    cloud.odd("import.progress", "truncated_gzip", times=1)
    seen = await one.read()
    assert isinstance(seen, Seen)
    assert seen.result["files"][0]["name"].endswith("films.parquet")


async def test_a_backup_ends_by_itself_where_its_job_cannot_be_read(cloud: CloudSimulator, plain: Account) -> None:
    one = backup(plain)
    await one.send()
    cloud.odd("job.get", "truncated_gzip")
    first = await one.read()
    assert isinstance(first, Seen)
    assert first.state is State.IN_PROGRESS
    cloud.advance(LONG)
    last = await one.read()
    assert isinstance(last, Seen)
    assert last.state is State.SUCCESSFUL
    cloud.fault("backup.get", "status", status=200, body={"code": 404, "message": "no such backup"})
    assert isinstance(await one.read(), Unreadable), "what nobody can read is not gone"


async def test_an_export_ends_by_the_console_where_its_job_cannot_be_read(
    cloud: CloudSimulator, console: Account
) -> None:
    source = backup(console)
    await source.send()
    cloud.advance(LONG)
    made = source.submission.handle or {}
    spec = parsed(
        ExportKind(),
        backup={"clusterId": MOVIES, "backupId": made["backupId"]},
        integrationId="integ-1",
        directory="nightly",
    )
    one = Object(ExportKind(), console, spec)
    await one.send()
    cloud.advance(LONG)
    cloud.odd("job.get", "truncated_gzip")
    seen = await one.read()
    assert isinstance(seen, Seen)
    assert seen.state is State.SUCCESSFUL


# -- a stranger's row


async def test_a_strangers_bad_text_holds_no_backup_up(cloud: CloudSimulator, plain: Account) -> None:
    stranger = backup(plain)
    await stranger.send()
    cloud.advance(LONG)
    cloud.odd("backup.list", "broken_words")
    assert isinstance(await backup(plain).prepare(), Prepared)


async def test_a_row_that_may_be_any_backup_leaves_the_slot_and_absence_unknown(
    cloud: CloudSimulator, plain: Account
) -> None:
    stranger, one = backup(plain), backup(plain)
    await one.prepare()
    await stranger.send()
    cloud.advance(LONG)
    cloud.odd("backup.list", "row_without_id")
    waits = await backup(plain).prepare()
    assert isinstance(waits, Blocked)
    assert "1 row of the list cannot be read" in waits.message
    look = await one.look()
    assert isinstance(look, Unreadable)
    assert not isinstance(look, Absent)


async def test_a_backup_that_does_not_say_how_it_is_leaves_the_slot_unknown(
    cloud: CloudSimulator, plain: Account
) -> None:
    await backup(plain).send()
    cloud.odd("backup.list", "states_missing")
    first = await backup(plain).prepare()
    assert isinstance(first, Blocked)
    assert first.reason is Reason.BACKUP_SLOT_BUSY, "its own answer says that it is being made"
    cloud.odd("backup.get", "broken_states")
    second = await backup(plain).prepare()
    assert isinstance(second, Blocked)
    assert second.reason is Reason.PROTOCOL_MISMATCH


async def test_an_end_that_a_list_shows_is_told_though_the_job_cannot_be_read(world: Rig) -> None:
    """And what a list shows of one that runs ends nothing."""
    world.cloud.pace(backup=Duration(pending_seconds=0, run_seconds=1))
    made: Any = world.cloud.act_as(
        "console", "POST", f"/v2/clusters/{MOVIES}/backups/create", {"backupType": "CLUSTER"}
    )
    world.cloud.advance(LONG)
    source = {"clusterId": MOVIES, "backupId": made["data"]["backupId"]}
    await world.start()
    names = [f"export-{n}" for n in range(4)]
    for name in names:
        spec = {"backup": source, "integrationId": "integ-1", "directory": name}
        created(world, "ExportJob", name, **spec)
    await world.until(lambda: all(world.status("exportjobs", name).get("jobId") for name in names), "submitted")
    for route in ("job.get", "console.get"):
        world.cloud.odd(route, "truncated_gzip")
    world.cloud.force(world.status("exportjobs", names[0])["jobId"], "FAILED", reason="disk full")
    status = await world.until_state("exportjobs", names[0], "Failed")
    assert "disk full" in status["message"]
    assert not any(world.status("exportjobs", name).get("completionTime") for name in names[1:])


async def test_text_that_acts_stands_escaped_in_status_and_events(world: Rig) -> None:
    """Wherever it comes from: the cloud's reason, or a name that somebody gave."""
    await world.start()
    world.imports("theirs", objectStorage={"urls": [BROKEN]})
    world.imports("ours", collection="fi\x1b[2J\u202elms\nERROR all is lost")
    await world.until(lambda: world.status("importjobs", "theirs").get("jobId"), "submitted")
    world.cloud.odd("*", "acting_text")
    world.cloud.advance(LONG)
    await world.until_state("importjobs", "theirs", "Failed")
    await world.until(lambda: world.status("importjobs", "ours").get("message"), "a word of the other")
    await world.until(lambda: len(world.events()) >= 2, "events")
    for name in ("theirs", "ours"):
        status = world.status("importjobs", name)
        shown = {text: status[text] for text in ("target", "description", "message") if text in status}
        assert {text for text, value in shown.items() if not value.isprintable()} == set()
    assert r"\x1b[31m\r\n" in world.status("importjobs", "theirs")["message"]
    assert r"fi\x1b[2J\u202elms\nERROR" in world.status("importjobs", "ours")["target"]
    assert [event["message"] for event in world.events() if not event["message"].isprintable()] == []


@pytest.mark.parametrize("oddity", ["broken_words", "row_null", "acting_text"])
async def test_a_page_shows_all_other_rows(tmp_path: Path, oddity: str) -> None:
    async with center_world(tmp_path) as world:
        world.connection(consoleApi={"enabled": True})
        await world.start()
        page = Page(world)
        await page.begin()
        job = started(world)
        made = backed_up(world, by="jobId")
        world.cloud.odd("console.list", oddity)
        await page.look()
        status = await page.look()
        assert {job, made} <= set(page.rows)
        assert status["reason"] == "Listed"
        assert condition({"status": status}, "Ready")["status"] == "True"
        if oddity == "row_null":
            assert "1 row of the list cannot be read" in status["message"]
            assert status["sources"][0]["complete"] is False
        assert status["message"].isprintable()
