"""Watches that fail, fall silent or come late, each by itself; and a cluster whose history went back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Set
from typing import Any

import pytest

from zilliz_jobs.api.backupjob import BACKUP_JOB
from zilliz_jobs.api.importjob import IMPORT_JOB
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.control.signs import Cut, Listed, Mark, Sign, Told
from zilliz_jobs.control.watches import Watches
from zilliz_jobs.kube.contact import Contact
from zilliz_jobs.kube.errors import NotServed, Unavailable

pytestmark = pytest.mark.looptime

LIMIT = 100.0


def body(uid: str, version: int) -> dict[str, Any]:
    return {"metadata": {"uid": uid, "name": uid, "namespace": "ns", "resourceVersion": str(version)}}


class Server:
    """What the API server says of one kind. `trouble`: instead of a list; `cut`: ends the watch in this way."""

    def __init__(self) -> None:
        self.objects: dict[str, int] = {}
        self.version = 10
        self.trouble: Exception | None = None
        self.lists = 0
        self._signs: asyncio.Queue[Sign | Exception] = asyncio.Queue()

    async def open(self) -> AsyncGenerator[Sign, None]:
        self.lists += 1
        if self.trouble:
            raise self.trouble
        self._signs = asyncio.Queue()
        for uid, version in self.objects.items():
            yield Told(body(uid, version), listed=True)
        yield Listed(frozenset(self.objects))
        while True:
            sign = await self._signs.get()
            if isinstance(sign, Exception):
                raise sign
            yield sign

    def make(self, uid: str, *, told: bool = True) -> None:
        self.version += 1
        self.objects[uid] = self.version
        if told:
            self.say(Told(body(uid, self.version)))

    def say(self, sign: Sign | Exception) -> None:
        self._signs.put_nowait(sign)

    async def newest(self) -> int:
        if self.trouble:
            raise self.trouble
        return self.version


class Engine:
    def __init__(self) -> None:
        self.known: set[str] = set()
        self.lists: list[tuple[str, set[str]]] = []
        self.serves: dict[str, bool] = {}
        self.rewinds = 0

    def on_upsert(self, body: Any) -> None:
        self.known.add(body["metadata"]["uid"])

    def on_delete(self, body: Any) -> None:
        self.known.discard(body["metadata"]["uid"])

    def listed(self, kind: str, namespace: str | None, uids: Set[str]) -> None:
        self.lists.append((kind, uids))

    def served(self, kind: str, *, served: bool) -> None:
        self.serves[kind] = served

    def rewound(self) -> None:
        self.rewinds += 1


class Stage:
    def __init__(self) -> None:
        self.engine = Engine()
        self.imports, self.backups = Server(), Server()
        self.contact = Contact(lambda: asyncio.get_running_loop().time())
        self.renewals = asyncio.create_task(self.renew())
        self.watches = Watches(
            [IMPORT_JOB, BACKUP_JOB],
            [None],
            lambda resource, _ns: self.of(resource).open(),
            self.engine,
            lambda resource, _ns: self.of(resource).newest(),
            limit=LIMIT,
            silence=self.contact.longest_silence,
            clock=lambda: asyncio.get_running_loop().time(),
        )
        self.watches.start()

    async def renew(self) -> None:
        """The Lease, every two seconds."""
        while True:
            if self.imports.trouble is None:
                self.contact.answered(200)
            await asyncio.sleep(2)

    async def close(self) -> None:
        self.renewals.cancel()
        await self.watches.close()

    def of(self, resource: Resource) -> Server:
        return self.imports if resource is IMPORT_JOB else self.backups


async def test_a_kind_that_is_not_served_is_asked_for_until_it_is(caplog: pytest.LogCaptureFixture):
    stage = Stage()
    stage.imports.trouble = NotServed("404", status=404)
    await asyncio.sleep(3600)
    assert stage.watches.unwatched.keys() == {"ImportJob"}
    assert "ImportJob" in stage.watches.told
    assert "BackupJob" not in stage.watches.told
    assert stage.engine.serves == {"ImportJob": False, "BackupJob": True}
    stage.backups.make("b")
    stage.imports.objects["i"] = 5
    stage.imports.trouble = None
    await asyncio.sleep(4)
    assert stage.engine.known == {"b", "i"}
    assert stage.watches.told == "all kinds are watched"
    assert stage.engine.serves["ImportJob"]
    assert len([r for r in caplog.records if "does not serve it" in r.message]) == 1, "said once"
    await stage.close()


@pytest.mark.parametrize(
    "error",
    [
        NotServed("404", status=404),
        RuntimeError("Error in the watch-stream: etcd"),
        Unavailable("503"),
        OSError("no"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_watch_that_ends_is_begun_anew_and_ends_no_other(error: Exception):
    stage = Stage()
    await asyncio.sleep(1)
    stage.imports.trouble = error
    stage.imports.say(error)
    await asyncio.sleep(300)
    assert stage.watches.alive
    assert stage.watches.unwatched.keys() == {"ImportJob"}
    assert stage.imports.lists < 150, "not in a hot loop"
    stage.backups.make("b")
    stage.imports.make("i", told=False)
    stage.imports.trouble = None
    await asyncio.sleep(40)
    assert stage.engine.known == {"b", "i"}
    assert not stage.watches.unwatched
    await stage.close()


async def test_a_silent_watch_is_begun_anew_within_its_limit(caplog: pytest.LogCaptureFixture):
    stage = Stage()
    await asyncio.sleep(1)
    stage.imports.make("unheard", told=False)
    await asyncio.sleep(1.5 * LIMIT)
    assert "unheard" in stage.engine.known
    assert "told nothing" in caplog.text
    await stage.close()


async def test_a_watch_that_lasts_its_time_is_left_alone_though_it_tells_nothing():
    stage = Stage()
    for _ in range(20):
        await asyncio.sleep(60)
        for server in (stage.imports, stage.backups):
            server.say(Mark())
    assert (stage.imports.lists, stage.backups.lists) == (1, 1)
    await stage.close()


async def test_while_the_api_server_is_away_a_silent_watch_is_nobodys_fault():
    stage = Stage()
    await asyncio.sleep(1)
    stage.imports.trouble = stage.backups.trouble = Unavailable("no route")
    await asyncio.sleep(10 * LIMIT)
    assert (stage.imports.lists, stage.backups.lists) == (1, 1)
    await stage.close()


@pytest.mark.parametrize("older", [0, 1, 20])
async def test_a_history_that_went_back_is_noticed_and_everything_listed_anew(older: int):
    """The watch of an idle kind tells nothing of it, for hours; one that is busy is never silent."""
    stage = Stage()
    await asyncio.sleep(LIMIT - 1)
    stage.imports.version, stage.imports.objects = 3, {"new": 3}
    if older:
        stage.imports.say(Told(body("earlier", 20)))
    for turn in range(20):
        if turn < older:
            stage.imports.say(Told(body("new", 3)))
        await asyncio.sleep(LIMIT / 20)
    assert stage.engine.rewinds == 1
    assert "new" in stage.engine.known
    assert stage.backups.lists >= 2, "versions are those of the whole cluster"
    await asyncio.sleep(10 * LIMIT)
    assert stage.engine.rewinds == 1
    await stage.close()


async def test_after_a_watch_was_cut_the_history_is_looked_at_at_once():
    """The new one may write so fast that its versions are soon those of the old one."""
    stage = Stage()
    await asyncio.sleep(LIMIT / 2)
    stage.imports.version, stage.imports.objects = 3, {"new": 3}
    stage.imports.say(Cut())
    await asyncio.sleep(2)
    assert stage.engine.rewinds == 1
    assert "new" in stage.engine.known
    await stage.close()


async def test_after_a_silence_another_history_may_have_come_as_far_as_the_old_one():
    """The operator stood still, or the API server was away for long: what was made meanwhile has versions that the
    watch is past."""
    stage = Stage()
    await asyncio.sleep(LIMIT)
    stage.imports.make("old")
    await asyncio.sleep(3)
    stage.renewals.cancel()
    await asyncio.sleep(9)
    stage.imports.make("made meanwhile", told=False)
    stage.imports.version = 1000
    stage.imports.say(Cut())
    await asyncio.sleep(3)
    assert stage.engine.rewinds == 1
    assert "made meanwhile" in stage.engine.known
    await stage.close()


async def test_an_api_server_that_is_away_is_asked_as_soon_as_it_is_back():
    stage = Stage()
    await asyncio.sleep(LIMIT)
    stage.imports.trouble = stage.backups.trouble = Unavailable("503")
    stage.imports.say(Cut())
    await asyncio.sleep(20)
    stage.imports.make("made meanwhile", told=False)
    stage.imports.trouble = stage.backups.trouble = None
    await asyncio.sleep(5)
    assert stage.engine.rewinds == 1
    assert "made meanwhile" in stage.engine.known
    await asyncio.sleep(10 * LIMIT)
    assert stage.engine.rewinds == 1, "once"
    await stage.close()


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_an_api_server_that_is_starting_says_nothing_of_its_history(status):
    contact = Contact(lambda: asyncio.get_running_loop().time())
    for _ in range(5):
        await asyncio.sleep(2)
        contact.answered(status)
    assert contact.longest_silence() == 10


async def test_a_silence_is_told_once_and_the_longest_one():
    contact = Contact(lambda: asyncio.get_running_loop().time())
    for seconds, status in [(3, 200), (8, 404), (1, 200)]:
        await asyncio.sleep(seconds)
        contact.answered(status)
    assert contact.longest_silence() == 8
    await asyncio.sleep(2)
    assert contact.longest_silence() == 2


async def test_a_watch_that_is_cut_again_and_again_is_not_alive():
    stage = Stage()
    before = stage.imports.lists
    for _ in range(20):
        stage.imports.say(Cut())
        await asyncio.sleep(LIMIT / 10)
    assert stage.imports.lists > before
    assert stage.engine.rewinds == 0
    await stage.close()


async def test_a_change_that_the_watch_is_yet_to_tell_of_is_no_history_that_went_back():
    """A consistent read is ahead of the watch."""
    stage = Stage()
    stage.imports.version = 1000
    await asyncio.sleep(LIMIT)
    stage.imports.say(Told(body("late", 990)))
    await asyncio.sleep(1)
    assert stage.engine.rewinds == 0
    assert "late" in stage.engine.known
    await stage.close()


async def test_what_is_told_in_another_order_is_no_history_that_went_back():
    """Each object has a handler of its own, and none waits for another."""
    stage = Stage()
    await asyncio.sleep(1)
    stage.imports.version = 40
    for version in (20, 40, 30):
        stage.imports.say(Told(body(f"at-{version}", version)))
    await asyncio.sleep(3 * LIMIT)
    assert stage.engine.rewinds == 0
    await stage.close()


async def test_a_list_tells_what_is_there():
    stage = Stage()
    stage.imports.objects = {"a": 1, "b": 2}
    await asyncio.sleep(1)
    assert ("ImportJob", {"a", "b"}) in stage.engine.lists
    stage.imports.say(Told(body("a", 11), gone=True))
    await asyncio.sleep(1)
    assert stage.engine.known == {"b"}
    await stage.close()
