"""What is decided about a backup that ends by itself. If these fail, it goes too early, or is asked for for ever."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.core.scenes import BACKUP, DOWN, Scene, seen, sending

from zilliz_jobs.api.jobstatus import Evidence, State
from zilliz_jobs.api.model import format_time
from zilliz_jobs.core import observation as o
from zilliz_jobs.core.backupttl import proven_backup
from zilliz_jobs.core.plan import CheckBackup, Delete, EndBackup
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Link

TTL = 3600
IN_USE = o.BackupStays(Reason.BACKUP_IN_USE, "RestoreJob ns/back reads it", sent=False)
REFUSED = o.BackupStays(Reason.NO_PERMISSION, "no right")
LATE = o.BackupStays(Reason.NOT_SUBMITTED, "too late", sent=False)
UNCLEAR = o.BackupUnclear("no answer")


def ended(state: State = State.SUCCESSFUL, *, evidence: Evidence = Evidence.ANSWERED, **fields: Any) -> Scene:
    """A BackupJob that has just ended; b-1 is its backup."""
    scene = sending(BACKUP, **{"backup_ttl_seconds": TTL} | fields)
    scene = scene.see(o.Accepted({"jobId": "j-1", "backupId": "b-1"}, {"backupId": "b-1"}))
    scene = scene.but(status=scene.status.but(submission=scene.submission.but(evidence=evidence)))
    return scene.see(seen(state, "SUCCESSFUL", job_id="j-1"))


def due(**fields: Any) -> Scene:
    return ended(**fields).later(TTL)


def mark(scene: Scene) -> tuple[str | None, str | None, int | None]:
    result = scene.status.result or {}
    return result.get("backupState"), result.get("backupMessage"), result.get("deletionRequests")


class TestWhen:
    def test_it_is_looked_at_when_its_time_is_over_and_not_before(self) -> None:
        assert (ended().plan.action, ended().plan.wake) == (None, TTL)
        early = ended().later(TTL - 1).see()
        assert (early.plan.action, early.plan.wake) == (None, 1.0)
        assert due().see().plan.action == CheckBackup()

    @pytest.mark.parametrize("state", [State.FAILED, State.CANCELED])
    def test_what_did_not_end_well_made_nothing_to_delete(self, state: State) -> None:
        assert due(state=state).see().plan.action is None

    @pytest.mark.parametrize("evidence", [Evidence.INFERRED, Evidence.ADOPTED, Evidence.MARKER])
    def test_what_is_not_proven_is_never_deleted(self, evidence: Evidence) -> None:
        assert due(evidence=evidence).see().plan.action is None

    def test_without_the_field_it_stays(self) -> None:
        assert due(backup_ttl_seconds=None).see().plan.action is None

    def test_another_id_in_the_result_proves_nothing(self) -> None:
        scene = due()
        scene = scene.but(status=scene.status.but(result={"backupId": "b-2"}))
        assert scene.see().plan.action is None

    @pytest.mark.parametrize("link", [Link(problem=DOWN), Link(suspended=True)])
    def test_nothing_is_sent_through_a_connection_that_may_not_be_used(self, link: Link) -> None:
        plan = due().but(link=link).see(o.BackupMayEnd()).plan
        assert plan.action is None
        assert plan.wake is not None

    def test_it_stays_while_it_is_copied_to_another_region(self) -> None:
        scene = due()
        for state, action in (("Pending", None), ("InProgress", None), ("Successful", CheckBackup())):
            copies = [{"regionId": "eu", "state": state}]
            told = scene.but(status=scene.status.but(result={"backupId": "b-1", "copies": copies}))
            assert told.see().plan.action == action
            assert told.see().plan.wake == (None if action else 300.0)

    def test_a_backup_that_the_answer_did_not_name_is_not_proven(self) -> None:
        scene = due()
        record = scene.submission.but(handle={"jobId": "j-1"})
        status = scene.status.but(submission=record, result=None)
        assert proven_backup(status) == ""
        assert scene.but(status=status).see().plan.action is None

    def test_it_counts_from_when_the_end_was_seen(self) -> None:
        """The operator was away, or the cloud's clock is behind: nobody could use the backup before."""
        scene = ended()
        scene = scene.but(status=scene.status.but(completion_time=scene.now - timedelta(days=9)))
        assert scene.later(TTL - 1).see().plan.action is None
        assert scene.later(TTL).see().plan.action == CheckBackup()

    def test_what_else_changed_later_does_not_put_it_off(self) -> None:
        scene = ended()
        later = [
            one
            if one.type == "Finished"
            else one.model_copy(update={"last_transition_time": scene.now + timedelta(9)})
            for one in scene.status.conditions
        ]
        scene = scene.but(status=scene.status.but(conditions=later))
        assert scene.later(TTL).see().plan.action == CheckBackup()

    def test_an_end_that_the_cloud_dates_later_counts_from_then(self) -> None:
        scene = ended()
        scene = scene.but(status=scene.status.but(completion_time=scene.now + timedelta(seconds=60)))
        assert scene.later(TTL + 59).see().plan.action is None
        assert scene.later(TTL + 60).see().plan.action == CheckBackup()

    def test_a_list_that_cannot_be_read_is_read_again(self) -> None:
        unreadable = o.Unreadable(Reason.CLOUD_UNREACHABLE, "no answer")
        first = due().see(unreadable)
        assert (first.plan.action, first.plan.wake) == (None, first.snapshot.rules.recheck)
        assert due().see(o.BackupMayEnd(), UNCLEAR).later(30).see(unreadable).plan.wake == 30.0

    def test_the_object_goes_after_its_backup(self) -> None:
        scene = due(ttl_seconds_after_finished=TTL)
        assert scene.see().plan.action == CheckBackup()
        assert scene.see(o.BackupMayEnd(), UNCLEAR).plan.action is None
        assert scene.see(o.BackupMayEnd(), o.BackupGone()).plan.action == Delete()

    def test_an_object_that_is_deleted_deletes_no_backup(self) -> None:
        scene = due()
        assert scene.but(deleting_since=scene.now).see(o.BackupMayEnd()).plan.action is None


class TestTheIntent:
    def test_it_is_in_the_status_before_the_request(self) -> None:
        scene = due().see(o.BackupMayEnd())
        assert scene.plan.action == EndBackup()
        assert mark(scene) == ("Deleting", None, 1)

    def test_proof_ends_it(self) -> None:
        scene = due().see(o.BackupMayEnd(), o.BackupGone())
        assert mark(scene) == ("Deleted", None, None)
        asked = format_time(scene.now)
        assert (scene.later(60).see().status.result or {})["deletionTime"] == asked
        assert (scene.plan.action, scene.status.state) == (None, State.SUCCESSFUL)

    @pytest.mark.parametrize(("answer", "wake"), [(REFUSED, 3600.0), (IN_USE, 300.0), (LATE, 300.0)])
    def test_what_was_proven_not_to_begin_takes_it_back(self, answer: o.BackupStays, wake: float) -> None:
        scene = due().see(o.BackupMayEnd(), answer)
        assert mark(scene) == (None, answer.message, None)
        assert (scene.plan.action, scene.plan.wake) == (None, wake)

    def test_a_lost_answer_keeps_it_and_is_asked_again(self) -> None:
        scene = due().see(o.BackupMayEnd(), UNCLEAR)
        assert mark(scene) == ("Deleting", "no answer", 1)
        assert scene.plan.wake == 30.0
        again = scene.later(30).see(o.BackupMayEnd())
        assert again.plan.action == EndBackup()
        assert mark(again) == ("Deleting", None, 2)

    @pytest.mark.parametrize("answer", [REFUSED, IN_USE, LATE])
    def test_after_a_lost_answer_a_refusal_of_the_next_proves_nothing(self, answer: o.BackupStays) -> None:
        scene = due().see(o.BackupMayEnd(), UNCLEAR).later(30).see(o.BackupMayEnd(), answer)
        assert mark(scene) == ("Deleting", answer.message, 2)

    def test_what_is_read_after_a_lost_answer_is_given_back_when_nothing_can_be_on_its_way(self) -> None:
        scene = due().see(o.BackupMayEnd(), UNCLEAR).later(30).see(o.BackupMayEnd(), UNCLEAR)
        soon, late = scene.later(600).see(IN_USE), scene.later(601).see(IN_USE)
        assert mark(soon)[0] == "Deleting"
        assert mark(late)[:2] == (None, IN_USE.message)

    def test_it_is_taken_back_when_the_field_was_removed_and_nothing_can_be_on_its_way(self) -> None:
        scene = due().see(o.BackupMayEnd(), UNCLEAR)
        scene = scene.edit(backup_ttl_seconds=None)
        assert scene.see().plan.action == CheckBackup()
        soon, late = scene.later(600).see(o.BackupMayEnd()), scene.later(601).see(o.BackupMayEnd())
        assert (soon.plan.action, mark(soon)[0]) == (None, "Deleting")
        assert (late.plan.action, mark(late)[0]) == (None, None)
        assert mark(scene.see(o.BackupGone()))[0] == "Deleted"

    def test_one_that_was_gone_before_says_when_that_was_seen(self) -> None:
        scene = due().see(o.BackupGone())
        assert (scene.status.result or {})["deletionTime"] == format_time(scene.now)

    def test_the_time_of_the_last_request_stays_when_it_is_proven_later(self) -> None:
        scene = due().see(o.BackupMayEnd(), UNCLEAR)
        later = scene.later(90).see(o.BackupGone())
        assert (later.status.result or {})["deletionTime"] == format_time(scene.now)

    def test_an_answer_without_an_intent_makes_none(self) -> None:
        assert mark(due().see(UNCLEAR)) == (None, "no answer", None)

    def test_a_count_that_somebody_wrote_counts_for_nothing(self) -> None:
        scene = due()
        scene = scene.but(status=scene.status.but(result={"backupId": "b-1", "deletionRequests": 7}))
        assert mark(scene.see(o.BackupMayEnd()))[2] == 1

    def test_what_a_schedule_deletes_is_not_touched(self) -> None:
        scene = due(backup_ttl_seconds=None)
        scene = scene.but(status=scene.status.but(result={"backupId": "b-1", "backupState": "Deleting"}))
        assert scene.see(o.BackupMayEnd()).plan.action is None
        assert mark(scene.see(o.BackupGone()))[0] == "Deleting"

    def test_absence_counts_for_nothing_while_the_connection_has_a_problem(self) -> None:
        scene = due().see(o.BackupMayEnd()).but(link=Link(problem=DOWN))
        assert mark(scene.see(o.BackupGone()))[0] == "Deleting"
