"""Reading raw objects: people can edit everything, and nothing of it may read as "never sent"."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.unit.engine.fakes import Kind, backup

from zilliz_jobs.api.jobstatus import Evidence, State
from zilliz_jobs.control.objects import CANCEL, FINALIZER, RESOLVE, RETRY, connection_key, key_of, slim, status_of
from zilliz_jobs.core.read_status import RecordError
from zilliz_jobs.core.snapshot import Link, Rules, handle_of, is_open, is_unsent
from zilliz_jobs.jobs.snapshots import Surroundings, is_settled, snapshot, weigh

AROUND = Surroundings(link=Link(), gate=None, tries=0, rules=Rules(), now=datetime(2026, 3, 1, 12, tzinfo=UTC))
ENDED = {"completionTime": "2026-03-01T12:05:00Z", "observedGeneration": 1, "state": "Successful"}


def seen(body):
    return snapshot(Kind([]), body, AROUND)


class TestSnapshot:
    def test_it_takes_what_people_said(self):
        body = backup(
            annotations={CANCEL: "c", RETRY: "r", RESOLVE: "t=abandon"},
            labels={"velero.io/restore-name": "r1"},
            finalizers=[FINALIZER],
            deletionTimestamp="2026-03-01T13:00:00Z",
        )
        s = seen(body)
        assert (s.cancel_token, s.retry_token, s.resolve_token) == ("c", "r", "t=abandon")
        assert (s.restored, s.tracked, s.finalizer, s.deleting_since is not None) == (True, False, True, True)
        assert s.target == "in01"

    @pytest.mark.parametrize(
        "marks",
        [
            {"labels": {"app.kubernetes.io/instance": "x"}},
            {"labels": {"argocd.argoproj.io/instance": "x"}},
            {"labels": {"kustomize.toolkit.fluxcd.io/name": "x"}},
            {"labels": {"helm.toolkit.fluxcd.io/name": "x"}},
            {"labels": {"app.kubernetes.io/managed-by": "Helm"}},
            {"annotations": {"argocd.argoproj.io/tracking-id": "x"}},
            {"annotations": {"meta.helm.sh/release-name": "x"}},
        ],
    )
    def test_it_knows_the_marks_of_gitops_tools(self, marks):
        assert seen(backup(**marks)).tracked

    def test_a_bad_spec_is_a_sentence_and_no_error(self):
        body = backup(spec={"clusterId": "in01", "collections": []})
        assert "collections" in seen(body).spec_error

    @pytest.mark.parametrize("value", [7, True, None, "x" * 300_000])
    def test_annotations_of_any_sort_are_read(self, value):
        s = seen(backup(annotations={CANCEL: value}))
        assert s.cancel_token == (None if value is None else str(value))
        assert isinstance(is_settled(backup(annotations={CANCEL: value}, status=ENDED)), bool)

    def test_two_objects_have_two_jitters(self):
        assert seen(backup(uid="a")).jitter != seen(backup(uid="b")).jitter


class TestStatusEditedByHand:
    @pytest.mark.parametrize("status", [None, {}, "odd", []])
    def test_none_is_an_empty_one(self, status):
        assert is_unsent(status_of(backup(status=status)))

    @pytest.mark.parametrize(
        "status",
        [
            {"submission": "odd"},
            {"submission": {"attempt": "x", "token": "t"}},
            {"submission": {"handle": "odd"}},
            {"jobId": {"odd": 1}},
            {"attempts": "odd"},
            {"steps": "odd"},
            {"steps": [{"name": {"odd": 1}}]},
            {"completionTime": "yesterday", "state": "Successful"},
            {"state": "Successful"},
            {"submission": {}},
            {"submission": {"token": "t", "evidence": "Answered"}},
            {"submission": {"token": "t", "evidence": "Sending", "cloudTime": "noon"}},
            {"submission": {"token": "", "evidence": "Sending"}},
            {"conditions": [{"type": "Submitted", "status": "True"}], "state": "InProgress"},
            {"conditions": [{"type": "Submitted", "status": "Unknown"}], "state": "Pending"},
        ],
    )
    def test_an_unreadable_record_never_reads_as_never_sent(self, status):
        """It would be submitted a second time."""
        with pytest.raises(RecordError) as problem:
            status_of(backup(status=status))
        assert str(problem.value).startswith("status.") or "status.submission" in str(problem.value)

    @pytest.mark.parametrize("evidence", ["Weird", "", "Sending", None])
    def test_a_record_with_an_unknown_word_is_an_open_submission(self, evidence):
        assert is_open(status_of(backup(status={"submission": {"token": "t", "evidence": evidence}})))

    @pytest.mark.parametrize(
        "status",
        [
            {"jobId": "job-1", "submission": {"token": "t", "evidence": "Answered"}},
            {"jobId": "job-1", "submission": {"token": "t", "evidence": "Absent"}},
            {"attempts": [{"number": 1, "jobId": "job-1"}], "conditions": [{"type": "Submitted", "status": "True"}]},
        ],
    )
    def test_a_job_that_is_still_named_somewhere_is_followed(self, status):
        assert handle_of(status_of(backup(status=status))) == {"jobId": "job-1"}

    def test_a_job_id_without_its_record_is_a_job_that_is_not_proven_ours(self):
        """Whoever removed the record must not cause a second submission; nor may a policy cancel what it names."""
        status = status_of(backup(status={"state": "InProgress", "jobId": "job-1"}))
        assert handle_of(status) == {"jobId": "job-1"}
        assert status.submission is not None
        assert status.submission.evidence is Evidence.INFERRED

    def test_what_is_of_no_weight_is_dropped_where_it_cannot_be_read(self):
        status = status_of(backup(status={"conditions": "odd", "progressPercent": "many", "state": "InProgress"}))
        assert (status.conditions, status.progress_percent, status.state) == (None, None, State.IN_PROGRESS)

    def test_an_unknown_state_is_none(self):
        assert status_of(backup(status={"state": "Odd"})).state is None


class TestSettled:
    @pytest.mark.parametrize(
        ("body", "settled"),
        [
            (backup(), False),
            (backup(status=ENDED), True),
            (backup(status=ENDED | {"observedGeneration": 0}), False),
            (backup(status=ENDED, finalizers=[FINALIZER]), False),
            (backup(status=ENDED, finalizers=["other"]), True),
            (backup(status=ENDED, deletionTimestamp="2026-03-01T13:00:00Z"), False),
            (backup(status=ENDED, spec={"ttlSecondsAfterFinished": 0}), False),
            (backup(status=ENDED, annotations={RETRY: "1"}), False),
            (backup(status=ENDED | {"retry": {"token": "1"}}, annotations={RETRY: "1"}), True),
            (backup(status=ENDED | {"retry": {"token": "1"}}, annotations={RETRY: "2"}), False),
            (backup(status=ENDED | {"cancel": {"token": "1"}}, annotations={CANCEL: "1"}), True),
            (backup(status=ENDED | {"resolution": "odd"}, annotations={RESOLVE: "1"}), False),
            (backup(status=ENDED | {"cancel": {"token": "x" * 256}}, annotations={CANCEL: "x" * 300}), True),
        ],
    )
    def test_table(self, body, settled):
        assert is_settled(body) is settled


def test_only_what_is_read_is_kept_of_an_object():
    """A GitOps tool's annotation can be 256 KiB, for each of ten thousand objects."""
    body = backup(
        annotations={CANCEL: "c", "kubectl.kubernetes.io/last-applied-configuration": "x" * 10_000, "y": "z"}
    )
    body["metadata"]["managedFields"] = [{"manager": "kubectl"}]
    kept = slim(body)
    assert kept["metadata"]["annotations"] == {CANCEL: "c"}
    assert "managedFields" not in kept["metadata"]
    assert body["metadata"]["annotations"].keys() > {CANCEL}
    assert slim(backup())["spec"] == {"clusterId": "in01"}


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ({}, "default"),
        ({"connectionRef": {}}, "default"),
        ({"connectionRef": {"name": "eu"}}, "eu"),
        (None, "default"),
        ({"connectionRef": "odd"}, "default"),
    ],
)
def test_the_connection_of_an_object(spec, name):
    body = backup() | {"spec": spec}
    assert connection_key(body) == ("ZillizConnection", "ns", name)
    assert str(key_of(body)) == "BackupJob ns/one"


RUNNING = {
    "state": "InProgress",
    "observedGeneration": 1,
    "reason": "InProgress",
    "message": "m",
    "progressPercent": 5,
    "conditions": [{"type": "Ready", "status": "False", "observedGeneration": 1, "reason": "InProgress"}],
}


class TestWeigh:
    """What is "none" is never written, "minor" at most every few seconds, "major" at once."""

    @pytest.mark.parametrize(
        ("change", "weight"),
        [
            ({}, "none"),
            ({"estimatedCompletionTime": "t", "lastProgressTime": "t"}, "none"),
            ({"progressPercent": 6}, "minor"),
            ({"progressPercent": 6, "lastProgressTime": "t", "result": {"files": []}}, "minor"),
            ({"message": "other"}, "minor"),
            ({"reason": "Pending"}, "minor"),
            ({"reason": "CloudUnreachable"}, "major"),
            ({"reason": "SubmissionUnknown"}, "major"),
            ({"state": "Successful"}, "major"),
            ({"jobId": "j"}, "major"),
            ({"observedGeneration": 2}, "major"),
            ({"submission": {"token": "t"}}, "major"),
            ({"cancel": {"token": "t"}}, "major"),
            ({"completionTime": "t"}, "major"),
            ({"conditions": [{"type": "Ready", "status": "True", "observedGeneration": 1}]}, "major"),
            ({"conditions": [{"type": "Ready", "status": "False", "observedGeneration": 2}]}, "major"),
            ({"conditions": [*RUNNING["conditions"], {"type": "Overdue", "status": "True"}]}, "major"),
            ({"conditions": [RUNNING["conditions"][0] | {"message": "other"}]}, "minor"),
        ],
    )
    def test_table(self, change, weight):
        assert weigh(RUNNING, RUNNING | change) == weight

    @pytest.mark.parametrize(
        "change",
        [
            {"result": {"backupId": "b", "backupState": "Deleted"}},
            {"result": {"copies": [{"regionId": "r", "state": "Successful"}]}},
            {"message": "other"},
            {"attempts": []},
        ],
    )
    def test_nothing_of_a_job_that_has_ended_is_put_off(self, change):
        """No later pass would write it: the object would say for ever that its backup is being deleted."""
        ended = RUNNING | {"state": "Successful", "completionTime": "t", "reason": "Successful"}
        assert weigh(ended, ended | change) == "major"

    def test_the_first_status_is_worth_a_write(self):
        assert weigh({}, RUNNING) == "major"

    def test_odd_conditions_do_not_stop_it(self):
        assert weigh({"conditions": ["odd"]}, RUNNING) == "major"
