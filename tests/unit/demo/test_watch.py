"""What an object says, look by look; a word that is missed here is a right story told as a wrong one."""

from __future__ import annotations

from typing import Any

from zilliz_local.demo.watch import Track, Watch, follow


def job(state: str, reason: str = "", **status: Any) -> dict[str, Any]:
    return {"status": {"state": state, "reason": reason, **status}}


def told(*bodies: dict[str, Any], name: str = "importjob/films") -> Track:
    track = Track(name)
    for body in bodies:
        track = follow(track, body)
    return track


def test_a_state_is_said_once_however_often_it_is_seen() -> None:
    assert told(job("Pending"), job("Pending"), job("InProgress"), job("Successful")).words == (
        "Pending",
        "InProgress",
        "Successful",
    )


def test_a_waiting_job_says_what_it_waits_for() -> None:
    track = told(job("Pending", "Waiting"), job("Pending", "BackupSlotBusy"), job("Pending", "Submitted"))
    assert track.words == ("Pending", "BackupSlotBusy", "Pending")


def test_a_schedule_is_ready_and_then_says_how_its_last_run_ended() -> None:
    ready = {"type": "Ready", "status": "True", "reason": "Scheduled"}
    never = {"type": "LastRunSucceeded", "status": "Unknown", "reason": "NeverRun"}
    well = never | {"status": "True", "reason": "RunSucceeded"}
    looks = [{"status": {"conditions": [ready, last]}} for last in (never, well, well)]
    track = told(*looks, name="jobschedule/weekly")
    assert (track.words, track.state) == (("Ready", "RunSucceeded"), "Ready")


def test_a_job_in_line_still_waits_for_what_it_waited_for() -> None:
    busy, in_line = job("Pending", "ClusterBusy"), job("Pending", "SubmissionInProgress")
    assert told(busy, in_line, busy, job("InProgress")).words == ("ClusterBusy", "InProgress")
    assert told(in_line).words == ("Pending",)
    assert told(job("Failed"), in_line).words == ("Failed", "Pending")


def test_a_job_with_nothing_to_do_says_so_instead_of_its_success() -> None:
    track = told(job("Successful", "AlreadyInState", completionTime="2026-01-01T00:00:00Z"))
    assert track.word == "AlreadyInState"
    assert track.state == "Successful"


def credentials(status: str, reason: str) -> dict[str, Any]:
    return {"type": "CredentialsAvailable", "status": status, "reason": reason, "message": f"about {reason}"}


def test_where_the_credentials_of_a_new_cluster_are_is_said_once_they_are_there() -> None:
    awaited = job("Pending", conditions=[credentials("Unknown", "CredentialsAwaited")])
    stored = job("InProgress", conditions=[credentials("True", "CredentialsStored")])
    name = "restorejob/movies-copy"
    assert told(awaited, name=name).words == ("Pending",)
    assert told(awaited, name=name).credentials == ""
    track = told(awaited, stored, stored, job("Successful", conditions=stored["status"]["conditions"]), name=name)
    assert track.words == ("Pending", "CredentialsStored", "InProgress", "Successful")
    assert track.credentials == "about CredentialsStored"
    lost = job("InProgress", conditions=[credentials("False", "CredentialsLost")])
    assert told(lost, name=name).words == ("CredentialsLost", "InProgress")


def test_the_backup_that_was_made_can_be_named() -> None:
    assert told(job("Successful", result={"backupId": "backup-1"}), name="backupjob/movies").backup_id == "backup-1"


def test_an_object_without_a_status_says_nothing() -> None:
    assert told({"spec": {}}).words == ()
    assert told({"spec": {}}).attempts == 0


def test_the_outcome_of_a_request_is_said_before_the_end_it_leads_to() -> None:
    asked = job("InProgress", cancel={"outcome": "Accepted"})
    done = job("Canceled", "Canceled", cancel={"outcome": "Completed"}, completionTime="2026-01-01T00:00:00Z")
    track = told(job("InProgress"), asked, done)
    assert track.words == ("InProgress", "cancel Accepted", "cancel Completed", "Canceled")
    assert track.finished


def test_tokens_of_earlier_attempts_are_remembered() -> None:
    first = job("Failed", submission={"attempt": 1, "token": "a"}, attempts=[{"number": 1}])
    second = job("InProgress", submission={"attempt": 2, "token": "b"}, attempts=[{"number": 1}, {"number": 2}])
    track = told(first, second)
    assert track.tokens == ((1, "a"), (2, "b"))
    assert track.attempts == 2


def test_a_job_center_says_so_too_and_which_project_it_shows() -> None:
    ready = {"type": "Ready", "status": "True", "reason": "Listed", "message": "3 of 3 jobs are shown"}
    track = told({"status": {"projectId": "proj-1", "conditions": [ready]}}, name="jobcenter/demo")
    assert (track.words, track.state, track.target) == (("Ready",), "Ready", "proj-1")


def test_an_object_can_be_called_by_its_own_name_once_that_is_known() -> None:
    watch = Watch(None, "default", ["importjob/films", "projectjob/demo-..."])  # type: ignore[arg-type]
    watch.call("projectjob/demo-...", "projectjob/demo-1a2b")
    assert watch.get("projectjob/demo-...").object == "projectjob/demo-1a2b"
    assert watch.called("importjob/films") == "importjob/films"


def test_a_connection_says_whether_it_is_ready() -> None:
    def connection(status: str, reason: str) -> dict[str, Any]:
        return {"status": {"conditions": [{"type": "Ready", "status": status, "reason": reason, "message": "m"}]}}

    track = told(
        connection("False", "KeyRejected"), connection("True", "KeyAccepted"), name="zillizconnection/default"
    )
    assert track.words == ("KeyRejected", "Ready")
    assert track.state == "Ready"


def test_a_page_that_is_not_ready_has_a_reason_as_a_job_has() -> None:
    condition = {"type": "Ready", "status": "False", "reason": "KeyRejected", "message": "the cloud refuses the key"}
    track = told({"status": {"conditions": [condition]}}, name="zillizconnection/default")
    assert (track.state, track.reason, track.message) == ("NotReady", "KeyRejected", "the cloud refuses the key")
    ready = {"type": "Ready", "status": "True", "reason": "KeyAccepted"}
    track = told({"status": {"conditions": [ready]}}, name="zillizconnection/default")
    assert (track.state, track.reason) == ("Ready", "")
    assert told({}, name="zillizconnection/default").state == ""
