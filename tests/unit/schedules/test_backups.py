"""A schedule and its backups through months of anything. If these fail, one goes that must not, or none ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.schedules.cluster import BACKUP, DAY, MINUTE, START, nightly

from zilliz_jobs.api.jobschedule import JobScheduleStatus
from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.core.observation import BackupGone, BackupStays, BackupUnclear, DeletionAnswer
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.schedules.backups import BackupsSeen
from zilliz_jobs.schedules.backups import with_backup_answer as with_answer
from zilliz_jobs.schedules.child import Child, MadeBackup
from zilliz_jobs.schedules.decide import decide
from zilliz_jobs.schedules.plan import BackupAnswer, EndBackup, LookAtBackups, News, Plan
from zilliz_jobs.schedules.reasons import ScheduleReason
from zilliz_jobs.schedules.record import Record, Run, RunJob
from zilliz_jobs.schedules.retention import MAX_BACKUPS, BackupLook, Scope
from zilliz_jobs.schedules.schedule import Schedule, Template
from zilliz_jobs.schedules.stored import record_of, with_record

SCOPE = Scope("in01-a")
RENAMED = replace(BACKUP, name="saved")


class World:
    """The cloud, the objects, and one stored record. `sent`: what DELETE was sent for."""

    def __init__(self, keep: int | None = 2) -> None:
        self.schedule: Schedule = nightly(suspend=True, keep_backups=keep)
        self.record, self.now, self.number = Record(due_after=START), START, 0
        self.cloud: dict[str, str] = {}  # by id: whose it is
        self.read, self.sent = set[str](), list[str]()
        self.listed, self.answers = "whole", "gone"
        self.news = list[News]()

    def run(self, state: State = State.SUCCESSFUL, *, proven: bool = True) -> str:
        """One run to its end, and the passes after it."""
        self.number += 1
        name, entry = f"b{self.number:03}", self.schedule.templates[0].name
        self.now += DAY
        job = RunJob(entry, "BackupJob", f"nightly-{self.number}", uid=f"u{self.number}")
        run = Run(f"2026{self.number:08}", self.now, 1, self.now, (job,))
        self.record = self.record.but(runs=(run, *self.record.runs)[:5])
        made = None
        if state is State.SUCCESSFUL:
            self.cloud[name] = "ours" if proven else "unproven"
            made = MadeBackup(name if proven else "", SCOPE)
        child = Child(job.name, "BackupJob", job.uid, True, self.now, state, completed=self.now, backup=made)
        self.reconcile({child.name: child})
        return name

    def reconcile(self, children: dict[str, Child] | None = None, *, crash: bool = False) -> None:
        seen: BackupsSeen | None = None
        for _ in range(4):
            plan = decide(self.schedule, self.record, children or {}, self.now, backups=seen)
            self.store(plan)
            seen = None
            for action in plan.actions:
                match action:
                    case LookAtBackups():
                        seen = self.look(action)
                    case EndBackup():
                        answer = action.known or self.delete(action)
                        if not crash:
                            self.record, news = with_answer(self.record, BackupAnswer(action, answer))
                            self.news += news
            if seen is None:
                return

    def store(self, plan: Plan) -> None:
        """As the API server gives it back."""
        wire = with_record(JobScheduleStatus(), plan.record).wire()
        self.record = record_of(JobScheduleStatus.model_validate(wire))
        assert [row.backup_id for row in self.record.backups] == [row.backup_id for row in plan.record.backups]
        self.news += plan.news

    def look(self, action: LookAtBackups) -> BackupsSeen:
        looks = {}
        for place, ids in action.places.items():
            if self.listed == "unreadable":
                looks[place] = BackupLook(problem="no answer")
            else:
                lacking = set(sorted(ids)[::2]) if self.listed == "lacking" else set[str]()
                there = frozenset(ids & self.cloud.keys()) - lacking
                looks[place] = BackupLook(there, frozenset(ids - self.cloud.keys()))
        return BackupsSeen(looks, dict.fromkeys(self.read, "RestoreJob default/back"))

    def delete(self, action: EndBackup) -> DeletionAnswer:
        """What is promised holds at the moment when the request leaves."""
        name, keep = action.backup.backup_id, self.schedule.keep_backups
        assert name not in self.read, "it is read"
        assert keep is not None, "nobody wants any to go"
        assert self.cloud.get(name) == "ours", "it is not proven ours"
        assert action.backup.group[0] == self.schedule.templates[0].name, "the schedule has no such job any more"
        going = {row.backup_id for row in self.record.backups if row.deleting}
        newer = [one for one in self.cloud if one > name and self.cloud[one] == "ours" and one not in going]
        assert len(newer) >= keep, "too few would be left"
        self.sent.append(name)
        if self.answers in ("gone", "lost after"):
            del self.cloud[name]
        return {
            "gone": BackupGone(),
            "refused": BackupStays(Reason.NO_PERMISSION, "no right"),
            "closed": BackupStays(Reason.NOT_SUBMITTED, "too late", sent=False),
        }.get(self.answers, BackupUnclear("no answer"))


STEPS = st.lists(
    st.sampled_from(
        ["run"] * 6
        + ["fails", "unproven", "person", "restore", "ends", "list", "whole", "answer", "crash", "wait", "more"]
        + ["fewer", "off", "rename", "status"]
    ),
    max_size=40,
)


@given(STEPS, st.randoms(use_true_random=False))
def test_whatever_happens_only_what_may_go_goes(steps: list[str], chance: object) -> None:
    world = World()
    for step in steps:
        ids = sorted(world.cloud)
        match step:
            case "run":
                world.run()
            case "fails":
                world.run(State.FAILED)
            case "unproven":
                world.run(proven=False)
            case "person" if ids:
                del world.cloud[ids[chance.randrange(len(ids))]]  # type: ignore[attr-defined]
            case "restore" if ids:
                world.read.add(ids[chance.randrange(len(ids))])  # type: ignore[attr-defined]
            case "ends":
                world.read.clear()
            case "list":
                world.listed = chance.choice(["unreadable", "lacking"])  # type: ignore[attr-defined]
            case "whole":
                world.listed, world.answers = "whole", "gone"
            case "answer":
                words = ["lost before", "lost after", "refused", "closed"]
                world.answers = chance.choice(words)  # type: ignore[attr-defined]
            case "crash":
                world.reconcile(crash=True)
            case "wait":
                world.now += timedelta(minutes=11)
                world.reconcile()
            case "more":
                world.schedule = replace(world.schedule, keep_backups=(world.schedule.keep_backups or 1) + 1)
            case "fewer":
                world.schedule = replace(world.schedule, keep_backups=1)
            case "off":
                world.schedule = replace(world.schedule, keep_backups=None)
            case "rename":
                was = world.schedule.templates[0]
                world.schedule = replace(world.schedule, templates=(RENAMED if was is BACKUP else BACKUP,))
            case "status":  # somebody removed it
                world.record = world.record.but(backups=())
    world.listed, world.answers, world.read = "whole", "gone", set()
    for _ in range(20):
        world.now += timedelta(minutes=11)
        world.reconcile()
    assert not any(row.deleting for row in world.record.backups), "no intent stays open"
    if (keep := world.schedule.keep_backups) is not None:
        assert len(world.record.backups) <= keep


def told(world: World, reason: ScheduleReason) -> list[News]:
    return [one for one in world.news if one.reason is reason]


def test_the_intent_is_stored_before_anything_is_asked() -> None:
    world = World(keep=1)
    world.run()
    world.answers = "lost before"
    world.run()
    (row,) = [row for row in world.record.backups if row.deleting]
    assert (row.backup_id, row.asked) == ("b001", world.now)
    assert world.sent == ["b001"]


def test_a_lost_deletion_is_asked_again_and_told_once_it_is_proven() -> None:
    for answers in ("lost before", "lost after"):
        world = World(keep=1)
        world.run()
        world.answers = answers
        world.run()
        assert not told(world, ScheduleReason.BACKUP_DELETED)
        world.answers = "gone"
        world.reconcile()
        assert [row.backup_id for row in world.record.backups] == ["b002"]
        assert len(told(world, ScheduleReason.BACKUP_DELETED)) == 1
        assert len(world.sent) == (2 if answers == "lost before" else 1)


def test_what_is_read_meanwhile_is_not_asked_for_again_and_given_back_in_the_end() -> None:
    world = World(keep=1)
    world.run()
    world.answers = "lost before"
    world.run()
    world.read.add("b001")
    world.now += 9 * MINUTE
    world.reconcile()
    assert any(row.deleting for row in world.record.backups), "the request may still be on its way"
    world.now += 2 * MINUTE
    world.reconcile()
    assert not any(row.deleting for row in world.record.backups)
    assert world.sent == ["b001"]


def test_what_may_still_be_copied_to_another_region_stays_for_a_day() -> None:
    world = World(keep=1)
    world.run()
    world.record = world.record.but(backups=tuple(replace(row, copies=True) for row in world.record.backups))
    world.now -= timedelta(hours=13)
    world.run()
    assert world.sent == []
    assert [row.reason for row in world.record.backups] == ["", "BackupInUse"]
    world.now += timedelta(hours=14)
    world.reconcile()
    assert world.sent == ["b001"]
    (news,) = told(world, ScheduleReason.BACKUP_DELETED)
    assert "copies in other regions stay" in news.message


def test_a_refusal_is_told_once() -> None:
    world = World(keep=1)
    world.run()
    world.answers = "refused"
    world.run()
    world.reconcile()
    (row,) = [row for row in world.record.backups if row.backup_id == "b001"]
    assert (row.deleting, row.reason, row.message) == (False, "BackupNotDeleted", "no right")
    assert len(told(world, ScheduleReason.BACKUP_NOT_DELETED)) <= 2


def test_the_backups_of_a_job_that_is_gone_are_told_once_and_never_go() -> None:
    world = World(keep=1)
    world.run()
    world.schedule = replace(world.schedule, templates=(RENAMED,))
    world.run()
    world.schedule = replace(world.schedule, templates=(BACKUP,))
    world.run()
    world.run()
    assert len(told(world, ScheduleReason.BACKUPS_LEFT)) == 2
    assert world.sent == ["b003"]
    assert sorted(world.cloud) == ["b001", "b002", "b004"]


def test_the_record_holds_two_hundred_and_says_what_it_cannot_hold() -> None:
    world = World(keep=100)
    three = tuple(Template(f"e{n}", "BackupJob", {"clusterId": "in01-a"}) for n in range(2))
    world.schedule = replace(world.schedule, templates=three)
    for _ in range(MAX_BACKUPS + 1):
        world.run()
    assert len(world.record.backups) == MAX_BACKUPS
    assert world.sent == []
    (news,) = told(world, ScheduleReason.BACKUPS_NOT_TRACKED)
    assert "b201" in news.message
    conditions = decide(world.schedule, world.record, {}, world.now).conditions
    assert conditions["BackupsCounted"][:2] == ("False", "BackupsNotTracked")


def test_a_schedule_that_is_deleted_deletes_nothing() -> None:
    world = World(keep=1)
    world.run()
    world.listed = "unreadable"
    world.run()
    world.listed, world.schedule = "whole", replace(world.schedule, deleting=True)
    world.reconcile()
    assert world.sent == []
