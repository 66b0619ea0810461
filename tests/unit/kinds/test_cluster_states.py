"""What each status word and size of a cluster says of a job that changes it: every word, and none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from zilliz_jobs.api.jobstatus import Evidence, JobStatus, State, Submission
from zilliz_jobs.cloud.clusters import Cluster
from zilliz_jobs.cloud.words import CLUSTER_WORDS, ClusterState
from zilliz_jobs.core.observation import Absent, Elsewhere, Found, Look, Missing, Undecided
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.clusters import scalingrules
from zilliz_jobs.kinds.clusters.clusterbase import ClusterKind
from zilliz_jobs.kinds.clusters.resumecluster import ResumeClusterKind
from zilliz_jobs.kinds.clusters.scalecluster import ScaleClusterKind
from zilliz_jobs.kinds.clusters.scalereplicas import ScaleReplicasKind
from zilliz_jobs.kinds.clusters.suspendcluster import SuspendClusterKind

SUSPEND, RESUME, SCALE, REPLICAS = (
    SuspendClusterKind(),
    ResumeClusterKind(),
    ScaleClusterKind(),
    ScaleReplicasKind(),
)
EVERY = (SUSPEND, RESUME, SCALE, REPLICAS)
BOUNDS = {"autoscaling": {"min": 2, "max": 8}}
SCHEDULES = {"schedules": [{"cron": "0 8 * * 1-5", "target": 8}, {"cron": "0 20 * * 1-5", "target": 2}]}
OLD_RULE = {"min": 1, "max": 4}
RULE = {"min": 2, "max": 8}
CLOCK = {"schedules": [{"cron": "0 8 * * 1-5", "target": 8}, {"cron": "0 20 * * 1-5", "target": 2}]}
NORMALISED = {
    "min": None,
    "max": None,
    "schedules": [
        {"cron": "00 20 * * 1-5", "target": 2, "timezone": "UTC"},
        {"cron": "00 08 * * 1-5", "target": 8, "timezone": "UTC"},
    ],
}
NO_RULE = {"min": None, "max": None, "schedules": []}
RULE_TEXT, OLD_TEXT = {"min": "2", "max": "8"}, {"max": "4", "min": "1.0"}
QUARTZ = {"schedules": [{"cron": "0 0 8 ? * MON-FRI", "target": 8}, {"cron": "0 0 20 ? * MON-FRI", "target": 2}]}
LATER = {"schedules": [{"cron": "0 9 * * 1-5", "target": 8}, {"cron": "0 21 * * 1-5", "target": 2}]}
LATER_TOLD = {
    "schedules": [
        {"cron": "0 21 * * 1-5", "target": "2", "timezone": "UTC"},
        {"cron": "00 09 * * 1-5", "target": "8", "timezone": "UTC"},
    ]
}
FOUND = Found({"clusterId": "in01"}, Evidence.INFERRED, as_wanted=True)
STRANGE = ("PONDERING", "")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def parsed(kind: ClusterKind[Any], **spec: Any) -> Any:
    given = spec or {SCALE: {"cuSize": 8}, REPLICAS: {"replicas": 2}}.get(kind, {})
    return kind.resource.spec.model_validate({"clusterId": "in01"} | given)


def cluster(word: str = "RUNNING", cu: Any = 2, replica: Any = 1, **rules: Any) -> Cluster:
    """The cloud tells its rules, also that there is none."""
    shown = {"clusterId": "in01", "status": word, "cuSize": cu, "replica": replica, "autoscaling": rules}
    return Cluster.model_validate(shown)


def untold(word: str = "RUNNING", cu: Any = 2, replica: Any = 1) -> Cluster:
    """The cloud does not tell whether there is a rule."""
    return cluster(word, cu, replica).model_copy(update={"autoscaling": None})


def followed(kind: ClusterKind[Any], before: Cluster, last: str | None = None) -> JobStatus:
    record = Submission(token="t", handle={"clusterId": "in01"}, baseline=kind.facts(before))
    return JobStatus(submission=record, cloud_status=last)


def judged(kind: ClusterKind[Any], now: Cluster, before: Cluster | None = None, **spec: Any) -> Look:
    record = Submission(token="t", baseline=kind.facts(before or cluster()))
    return kind.judge(parsed(kind, **spec), now, record)


def words(*states: ClusterState) -> list[str]:
    return sorted(word for state in states for word in CLUSTER_WORDS[state])


def others(*states: ClusterState) -> list[str]:
    return sorted(set(words(*ClusterState)) - set(words(*states)))


S = ClusterState


class TestEveryKind:
    @pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.resource.kind)
    @pytest.mark.parametrize("word", STRANGE)
    def test_an_unknown_word_is_neither_an_end_nor_an_error(self, kind: Any, word: str) -> None:
        for last in (None, "RUNNING", "STOPPING", "RESUMING", "MODIFYING"):
            seen = kind.follow(parsed(kind), cluster(word), followed(kind, cluster(), last))
            assert (seen.state, seen.cloud_status) == (None, word)

    @pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.resource.kind)
    @pytest.mark.parametrize("word", [*STRANGE, *words(S.DELETED, S.BLOCKED, S.CREATING)])
    def test_an_unknown_or_broken_cluster_proves_no_submission(self, kind: Any, word: str) -> None:
        """Found would be a success in waiting; Absent would send it again."""
        look = judged(kind, cluster(word))
        assert isinstance(look, Undecided)
        assert word in look.message

    @pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.resource.kind)
    @pytest.mark.parametrize("word", words(*ClusterState))
    def test_no_word_is_an_end_but_those_of_the_contract(self, kind: Any, word: str) -> None:
        """The first look after an acceptance."""
        ends = {SUSPEND: words(S.SUSPENDED, S.RESUMING), RESUME: words(S.RUNNING, S.SUSPENDING)}.get(kind, [])
        seen = kind.follow(parsed(kind), cluster(word), followed(kind, cluster()))
        assert (seen.state is State.SUCCESSFUL) == (word in ends)
        assert seen.state in (State.SUCCESSFUL, State.PENDING, State.IN_PROGRESS)
        assert seen.cloud_status == word

    @pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.resource.kind)
    def test_one_lock_for_all_jobs_of_a_cluster(self, kind: Any) -> None:
        spec = parsed(kind)
        assert (kind.submission_lock(spec), kind.target(spec)) == ("cluster/in01", "in01")
        assert "in01" in kind.description(spec)

    def test_the_descriptions_tell_what_is_wanted(self) -> None:
        assert SCALE.description(parsed(SCALE)) == "Scale Query CUs of cluster in01 to 8"
        assert SCALE.description(parsed(SCALE, **BOUNDS)) == "Scale Query CUs of cluster in01 between 2 and 8"
        assert REPLICAS.description(parsed(REPLICAS, **SCHEDULES)).endswith(
            "replicas of cluster in01 by 2 schedule(s)"
        )


class TestSuspend:
    @pytest.mark.parametrize(
        ("word", "look"),
        [
            *((word, FOUND) for word in words(S.SUSPENDING, S.SUSPENDED, S.RESUMING)),
            ("RUNNING", Absent()),
            *((word, None) for word in others(S.SUSPENDING, S.SUSPENDED, S.RESUMING, S.RUNNING)),
        ],
    )
    def test_judge(self, word: str, look: Look | None) -> None:
        told = judged(SUSPEND, cluster(word))
        assert told == look if look else isinstance(told, Undecided)

    @pytest.mark.parametrize(
        ("last", "word", "state"),
        [
            (None, "RUNNING", State.PENDING),
            ("RUNNING", "STOPPING", State.IN_PROGRESS),
            ("STOPPING", "STOPPED", State.SUCCESSFUL),
            (None, "SUSPENDED", State.SUCCESSFUL),
            ("STOPPING", "RESUMING", State.SUCCESSFUL),
            ("STOPPING", "RUNNING", State.UNKNOWN),
            ("SUSPENDING", "running", State.UNKNOWN),
            ("RUNNING", "UPGRADING", State.IN_PROGRESS),
            ("STOPPING", "ABNORMAL", State.IN_PROGRESS),
        ],
    )
    def test_follow(self, last: str | None, word: str, state: State) -> None:
        """RUNNING after STOPPING may be a resume by somebody else, or the cloud gave up: neither may be claimed."""
        assert SUSPEND.follow(parsed(SUSPEND), cluster(word), followed(SUSPEND, cluster(), last)).state is state

    @pytest.mark.parametrize("word", [*STRANGE, *words(*ClusterState)])
    def test_what_is_done_already(self, word: str) -> None:
        assert bool(SUSPEND.is_done(parsed(SUSPEND), cluster(word))) == (word in words(S.SUSPENDED))


class TestResume:
    @pytest.mark.parametrize(
        ("word", "look"),
        [
            *((word, Absent()) for word in words(S.SUSPENDED)),
            *((word, FOUND) for word in words(S.RESUMING, S.RUNNING, S.SCALING, S.BUSY, S.SUSPENDING)),
        ],
    )
    def test_judge(self, word: str, look: Look) -> None:
        """What is being suspended has run in between; sending again would wake it against a person's will."""
        assert judged(RESUME, cluster(word), cluster("STOPPED")) == look

    @pytest.mark.parametrize(
        ("last", "word", "state"),
        [
            (None, "STOPPED", State.PENDING),
            ("STOPPED", "RESUMING", State.IN_PROGRESS),
            ("RESUMING", "RUNNING", State.SUCCESSFUL),
            (None, "RUNNING", State.SUCCESSFUL),
            ("RESUMING", "STOPPING", State.SUCCESSFUL),
            (None, "SUSPENDING", State.SUCCESSFUL),
            ("RESUMING", "STOPPED", State.UNKNOWN),
            ("RESUMING", "UPGRADING", State.IN_PROGRESS),
        ],
    )
    def test_follow(self, last: str | None, word: str, state: State) -> None:
        status = followed(RESUME, cluster("STOPPED"), last)
        assert RESUME.follow(parsed(RESUME), cluster(word), status).state is state

    @pytest.mark.parametrize("word", [*STRANGE, *words(*ClusterState)])
    def test_what_is_done_already(self, word: str) -> None:
        assert bool(RESUME.is_done(parsed(RESUME), cluster(word))) == (word == "RUNNING")


class TestFixedScaling:
    @pytest.mark.parametrize(
        ("before", "now", "look"),
        [
            pytest.param(cluster(), cluster(), Absent, id="as before"),
            pytest.param(cluster(), cluster(cu=8), Found, id="at the target"),
            pytest.param(cluster(), cluster(cu=4), Elsewhere, id="neither"),
            pytest.param(cluster(), cluster("MODIFYING"), Found, id="being scaled"),
            pytest.param(cluster(), cluster("RESIZING", cu=4), Found, id="being scaled from another size"),
            pytest.param(cluster(), cluster("STOPPED", cu=8), Undecided, id="suspended"),
            pytest.param(cluster(), cluster(replica=3), Absent, id="other things do not count"),
            pytest.param(cluster(cu=8, cu_=RULE), cluster(cu=8, cu_=RULE), Absent, id="the size was so, by a rule"),
            pytest.param(cluster(cu=8, cu_=RULE), cluster(cu=8), Found, id="the size stays, the rule is gone"),
            pytest.param(cluster(cu_=OLD_RULE), cluster(cu_=RULE), Elsewhere, id="another rule"),
            pytest.param(cluster(cu_=OLD_RULE), cluster(cu_=OLD_RULE), Absent, id="the same rule"),
            pytest.param(cluster(cu=None), cluster(cu=None), Undecided, id="no size is ever told"),
            pytest.param(cluster(), cluster(cu=None), Undecided, id="no size is told any more"),
            pytest.param(cluster(cu=None), cluster(cu=4), Undecided, id="no size was told before"),
            pytest.param(cluster(cu=None), cluster(cu=8), Found, id="the target, whatever was before"),
            pytest.param(cluster(cu=8, cu_=RULE), untold(cu=8), Undecided, id="the size stays, the rule is not told"),
            pytest.param(cluster(cu_=RULE), untold(cu=8), Undecided, id="the rule may have brought the size about"),
            pytest.param(cluster(cu_=RULE), untold(cu=4), Undecided, id="the rule may have brought another size"),
            pytest.param(cluster(cu_=RULE), untold(), Undecided, id="as before, but for the rule"),
            pytest.param(cluster(), untold(), Undecided, id="whether there is a rule now is not told"),
            pytest.param(untold(), cluster(), Undecided, id="whether there was a rule is not told"),
            pytest.param(untold(), cluster(cu=8), Found, id="the target, and no rule now"),
            pytest.param(untold(cu=8), cluster(cu=8, cu_=RULE), Undecided, id="a rule, perhaps the old one"),
            pytest.param(untold(), untold(), Absent, id="no rule is ever told"),
            pytest.param(untold(), untold(cu=8), Found, id="the target, where no rule is ever told"),
            pytest.param(untold(), untold(cu=4), Elsewhere, id="neither, where no rule is ever told"),
            pytest.param(cluster(cu_=RULE), cluster(cu=8, cu_=RULE), Absent, id="the rule brought the size about"),
            pytest.param(cluster(cu_=RULE), cluster(cu=4, cu_=RULE), Absent, id="the rule brought another size"),
            pytest.param(
                cluster(cu=8, cu_=RULE), cluster(cu=8, cu_=OLD_RULE), Elsewhere, id="the size, another rule"
            ),
            pytest.param(cluster(cu=8, cu_=CLOCK), cluster(cu=8, cu_=NORMALISED), Absent, id="the rule respelt"),
            pytest.param(cluster(cu=8, cu_=CLOCK), cluster(cu=8, cu_=QUARTZ), Undecided, id="the rule, perhaps"),
            pytest.param(cluster(cu=8, cu_=RULE), cluster(cu=8, cu_=RULE_TEXT), Absent, id="the rule as text"),
            pytest.param(cluster(cu=8, cu_=RULE), cluster(cu=8, cu_=NO_RULE), Found, id="no rule, in all its fields"),
            pytest.param(cluster(cu=8, cu_=RULE), cluster(cu=8, cu_=None), Undecided, id="null for the rule"),
            pytest.param(cluster(cu=8, cu_=RULE), cluster(cu=8, cu_="?"), Undecided, id="no rule at all"),
            pytest.param(
                cluster(cu=8, cu_=RULE), cluster(cu=8, cu_={"mode": "x"}), Undecided, id="a rule of another kind"
            ),
            pytest.param(cluster(cu=8, cu_=RULE), cluster(cu=8, cu_={"min": 2}), Undecided, id="half of a rule"),
            pytest.param(
                cluster(cu=8, cu_=RULE), cluster(cu=8, cu_={"min": "a", "max": 8}), Undecided, id="no number"
            ),
            pytest.param(cluster(), cluster(cu="8"), Found, id="the target as text"),
            pytest.param(cluster(cu="2"), cluster(), Absent, id="as before, and text then"),
            pytest.param(cluster(), cluster(cu="8 CU"), Undecided, id="a size in words"),
            pytest.param(cluster(), cluster(cu=0), Undecided, id="a size that stands for none"),
        ],
    )
    def test_judge(self, before: Cluster, now: Cluster, look: type) -> None:
        assert isinstance(judged(SCALE, named(now), named(before)), look)

    def test_a_record_without_its_baseline_decides_nothing(self) -> None:
        assert isinstance(SCALE.judge(parsed(SCALE), cluster(), Submission(token="t")), Undecided)

    @pytest.mark.parametrize(
        ("last", "now", "state", "reason"),
        [
            (None, cluster(), State.PENDING, None),
            ("RUNNING", cluster("MODIFYING"), State.IN_PROGRESS, None),
            ("MODIFYING", cluster(cu=8), State.SUCCESSFUL, None),
            (None, cluster(cu=8), State.SUCCESSFUL, None),
            ("MODIFYING", cluster(cu=4), State.FAILED, Reason.CHANGED_ELSEWHERE),
            (None, cluster(cu=4), State.FAILED, Reason.CHANGED_ELSEWHERE),
            ("MODIFYING", cluster(), State.FAILED, None),
            ("MODIFYING", cluster("STOPPED", cu=8), State.IN_PROGRESS, None),
            ("MODIFYING", cluster(cu=None), State.PENDING, None),
            ("MODIFYING", cluster(cu=0), State.PENDING, None),
            (None, cluster(cu=None), State.PENDING, None),
            (None, untold(cu=8), State.SUCCESSFUL, None),
        ],
    )
    def test_follow(self, last: str | None, now: Cluster, state: State, reason: Reason | None) -> None:
        seen = SCALE.follow(parsed(SCALE), now, followed(SCALE, cluster(), last))
        assert (seen.state, seen.reason) == (state, reason)

    @pytest.mark.parametrize(
        ("before", "last", "now", "state", "reason"),
        [
            (cluster(cu=8, cu_=RULE), None, cluster(cu=8, cu_=RULE), State.PENDING, None),
            (cluster(cu=8, cu_=RULE), None, untold(cu=8), State.PENDING, None),
            (cluster(cu=8, cu_=RULE), None, cluster(cu=8), State.SUCCESSFUL, None),
            (cluster(cu=8, cu_=RULE), "MODIFYING", cluster(cu=8), State.SUCCESSFUL, None),
            (cluster(cu=8, cu_=RULE), "MODIFYING", untold(cu=8), State.SUCCESSFUL, None),
            (cluster(cu=8, cu_=RULE), "MODIFYING", cluster(cu=8, cu_=RULE), State.UNKNOWN, None),
            (cluster(cu=2, cu_=RULE), None, cluster(cu=8, cu_=RULE), State.PENDING, None),
            (cluster(cu=2, cu_=RULE), None, cluster(cu=4, cu_=RULE), State.PENDING, None),
            (cluster(cu=2, cu_=RULE), None, untold(cu=8), State.SUCCESSFUL, None),
            (cluster(cu=2, cu_=RULE), None, untold(cu=4), State.PENDING, None),
            (cluster(cu=2, cu_=RULE), "MODIFYING", untold(cu=2), State.PENDING, None),
            (cluster(cu=2, cu_=RULE), "MODIFYING", cluster(cu=4, cu_=RULE), State.FAILED, None),
            (cluster(cu=2, cu_=RULE), "MODIFYING", cluster(cu=4), State.FAILED, Reason.CHANGED_ELSEWHERE),
            (cluster(cu=None), "MODIFYING", cluster(cu=None), State.SUCCESSFUL, None),
            (untold(cu=8), None, untold(cu=8), State.SUCCESSFUL, None),
        ],
    )
    def test_follow_a_size_under_a_rule(
        self, before: Cluster, last: str | None, now: Cluster, state: State, reason: Reason | None
    ) -> None:
        """Only the end of the rule tells; a size that came about by the rule is no end, and nobody else's doing."""
        seen = SCALE.follow(parsed(SCALE), named(now), followed(SCALE, named(before), last))
        assert (seen.state, seen.reason) == (state, reason)

    def test_an_unknown_old_size_accuses_nobody(self) -> None:
        """A cloud that tells the replicas now and did not before: nobody else was at work."""
        before = cluster(replica=None)
        seen = REPLICAS.follow(parsed(REPLICAS), cluster(replica=1), followed(REPLICAS, before))
        assert seen.state is State.PENDING
        seen = REPLICAS.follow(parsed(REPLICAS), cluster(replica=1), followed(REPLICAS, before, "MODIFYING"))
        assert (seen.state, seen.reason) == (State.FAILED, None)

    @pytest.mark.parametrize(
        ("now", "done"),
        [
            (cluster(cu=8), True),
            (cluster(cu=2), False),
            (cluster(cu=None), False),
            (cluster("MODIFYING", cu=8), False),
            (cluster("STOPPED", cu=8), False),
            (cluster(cu=8, cu_=RULE), False),
            (cluster(cu=8, replica_=RULE), True),
            (cluster(cu=8, cu_=NO_RULE), True),
            (cluster(cu="8", cu_=None), True),
            (cluster(cu=8, cu_={}), True),
            (cluster(cu=8, cu_={"min": "0", "max": "0"}), False),
            (cluster(cu=8, cu_="?"), False),
            (untold(cu=8), True),
            (untold(cu=2), False),
        ],
    )
    def test_what_is_done_already(self, now: Cluster, *, done: bool) -> None:
        """A size under a rule is not done: the rule would change it again. The documented answers tell no rules; a
        request there, for a size that is so already, would change nothing, or end a rule that nobody sees."""
        said = SCALE.is_done(parsed(SCALE), named(now))
        assert bool(said) is done
        is_untold = scalingrules.told(named(now), "cu") is None
        assert ("does not tell whether a scaling rule" in said) == (done and is_untold)

    def test_the_dimensions_are_apart(self) -> None:
        assert REPLICAS.is_done(parsed(REPLICAS), cluster(cu=2, replica=2))
        assert not SCALE.is_done(parsed(SCALE, cuSize=2), cluster(cu=1, replica=2))
        facts = REPLICAS.facts(named(cluster(cu_=RULE, replica_=OLD_RULE)))
        assert facts["ownRule"] == ['{"max": 4, "min": 1}']


class TestRules:
    @pytest.mark.parametrize(
        ("spec", "before", "now", "look"),
        [
            pytest.param(BOUNDS, cluster(), cluster(), Absent, id="no rule"),
            pytest.param(BOUNDS, cluster(), cluster(cu_=RULE), Found, id="the rule"),
            pytest.param(BOUNDS, cluster(), cluster(cu_={"min": "2", "max": "8"}), Found, id="as text"),
            pytest.param(BOUNDS, cluster(cu_=OLD_RULE), cluster(cu_=RULE), Found, id="the rule after another"),
            pytest.param(BOUNDS, cluster(cu_=OLD_RULE), cluster(cu_=OLD_RULE), Absent, id="the old rule"),
            pytest.param(
                BOUNDS, cluster(cu_=OLD_RULE), cluster(cu=4, cu_=OLD_RULE), Absent, id="the old rule scaled"
            ),
            pytest.param(BOUNDS, cluster(), cluster(cu_=OLD_RULE), Elsewhere, id="somebody else's rule"),
            pytest.param(BOUNDS, cluster(cu_=OLD_RULE), cluster(), Elsewhere, id="somebody ended the rule"),
            pytest.param(BOUNDS, cluster(), cluster(cu_=CLOCK), Elsewhere, id="somebody else's schedule"),
            pytest.param(BOUNDS, cluster(), cluster(replica_=RULE), Elsewhere, id="a rule for something else"),
            pytest.param(BOUNDS, cluster(cu_=OLD_RULE), untold(), Undecided, id="the rule is not told any more"),
            pytest.param(BOUNDS, cluster(), untold(), Undecided, id="no rule, and then not told"),
            pytest.param(BOUNDS, untold(), cluster(), Undecided, id="not told, and then no rule"),
            pytest.param(BOUNDS, untold(), untold(), Absent, id="never told"),
            pytest.param(BOUNDS, untold(), cluster(cu_=RULE), Found, id="the rule, whatever was before"),
            pytest.param(BOUNDS, untold(), cluster(cu_=OLD_RULE), Undecided, id="perhaps the old rule"),
            pytest.param(BOUNDS, cluster(), cluster(cu_={"schedules": "?"}), Undecided, id="a rule that is no rule"),
            pytest.param(BOUNDS, cluster(), cluster(cu_={"min": 2, "max": "8 CU"}), Undecided, id="a limit in words"),
            pytest.param(BOUNDS, cluster(cu_=OLD_RULE), cluster(cu_=OLD_TEXT), Absent, id="the old rule as text"),
            pytest.param(
                SCHEDULES, cluster(cu_=LATER), cluster(cu_=LATER_TOLD), Absent, id="the old schedule respelt"
            ),
            pytest.param(SCHEDULES, cluster(cu_=LATER), cluster(cu_=QUARTZ), Undecided, id="one of the two, respelt"),
            pytest.param(SCHEDULES, cluster(cu_=LATER), cluster(cu_=NORMALISED), Found, id="the new one, respelt"),
            pytest.param(SCHEDULES, cluster(), cluster(cu_=LATER), Elsewhere, id="other times of the same sizes"),
            pytest.param(SCHEDULES, cluster(), cluster(cu_=QUARTZ), Undecided, id="perhaps the schedule"),
            pytest.param(SCHEDULES, cluster(), cluster(cu_={"schedules": [{"target": 8}]}), Undecided, id="no times"),
            pytest.param(BOUNDS, cluster(), cluster("MODIFYING"), Found, id="being scaled"),
            pytest.param(SCHEDULES, cluster(), cluster(cu_=CLOCK), Found, id="the schedule"),
            pytest.param(SCHEDULES, cluster(), cluster(cu_=NORMALISED), Found, id="the schedule in other words"),
            pytest.param(SCHEDULES, cluster(), cluster(cu_=RULE), Elsewhere, id="bounds for a schedule"),
        ],
    )
    def test_judge(self, spec: dict[str, Any], before: Cluster, now: Cluster, look: type) -> None:
        assert isinstance(judged(SCALE, named(now), named(before), **spec), look)

    @pytest.mark.parametrize(
        ("spec", "before", "last", "now", "state", "reason"),
        [
            (BOUNDS, cluster(), None, cluster(), State.PENDING, None),
            (BOUNDS, cluster(), None, cluster("MODIFYING", cu_=RULE), State.IN_PROGRESS, None),
            (BOUNDS, cluster(), "MODIFYING", cluster(cu_=RULE), State.SUCCESSFUL, None),
            (BOUNDS, cluster(), None, cluster(cu_=RULE), State.SUCCESSFUL, None),
            (BOUNDS, untold(), "MODIFYING", untold(), State.SUCCESSFUL, None),
            (BOUNDS, untold(), None, untold(), State.PENDING, None),
            (BOUNDS, cluster(), "MODIFYING", cluster(), State.FAILED, None),
            (BOUNDS, cluster(), "MODIFYING", untold(), State.PENDING, None),
            (BOUNDS, cluster(cu_=OLD_RULE), "MODIFYING", untold(), State.PENDING, None),
            (BOUNDS, cluster(cu_=OLD_RULE), None, untold(), State.PENDING, None),
            (SCHEDULES, cluster(cu_=OLD_RULE), None, cluster(cu_={}), State.PENDING, None),
            (SCHEDULES, cluster(cu_=OLD_RULE), "MODIFYING", cluster(cu_={}), State.PENDING, None),
            (BOUNDS, untold(), None, cluster(cu_=OLD_RULE), State.PENDING, None),
            (BOUNDS, untold(), "MODIFYING", cluster(cu_=OLD_RULE), State.FAILED, None),
            (BOUNDS, untold(), "MODIFYING", cluster(), State.FAILED, None),
            (SCHEDULES, untold(), "MODIFYING", cluster(cu_={}), State.SUCCESSFUL, None),
            (BOUNDS, cluster(cu_=None), "MODIFYING", cluster(cu_=None), State.SUCCESSFUL, None),
            (BOUNDS, cluster(), "MODIFYING", cluster(cu_=None), State.PENDING, None),
            (BOUNDS, cluster(cu_=OLD_RULE), "MODIFYING", cluster(), State.FAILED, Reason.CHANGED_ELSEWHERE),
            (BOUNDS, cluster(cu_=OLD_RULE), None, cluster(cu_=NO_RULE), State.FAILED, Reason.CHANGED_ELSEWHERE),
            (BOUNDS, cluster(), "MODIFYING", cluster(cu_={"min": 2}), State.PENDING, None),
            (SCHEDULES, cluster(), None, cluster(cu_=QUARTZ), State.SUCCESSFUL, None),
            (SCHEDULES, cluster(cu_=LATER), None, cluster(cu_=QUARTZ), State.PENDING, None),
            (SCHEDULES, cluster(cu_=LATER), "MODIFYING", cluster(cu_=QUARTZ), State.SUCCESSFUL, None),
            (SCHEDULES, cluster(cu_=LATER), "MODIFYING", cluster(cu_=LATER_TOLD), State.FAILED, None),
            (BOUNDS, cluster(cu_=OLD_RULE), None, cluster(cu_=OLD_RULE), State.PENDING, None),
            (BOUNDS, cluster(cu_=OLD_RULE), "MODIFYING", cluster(cu_=OLD_RULE), State.FAILED, None),
            (BOUNDS, cluster(), "MODIFYING", cluster(cu_=OLD_RULE), State.FAILED, Reason.CHANGED_ELSEWHERE),
            (SCHEDULES, cluster(), "MODIFYING", cluster(cu_=NORMALISED), State.SUCCESSFUL, None),
            (SCHEDULES, cluster(), "MODIFYING", cluster(cu_=RULE), State.FAILED, Reason.CHANGED_ELSEWHERE),
            (
                SCHEDULES,
                cluster(),
                "MODIFYING",
                cluster(cu_={"schedules": "?"}),
                State.PENDING,
                None,
            ),
        ],
    )
    def test_follow(
        self,
        spec: dict[str, Any],
        before: Cluster,
        last: str | None,
        now: Cluster,
        state: State,
        reason: Reason | None,
    ) -> None:
        """A cloud that never tells a rule is believed when it has scaled; one that shows the old rule is not."""
        seen = SCALE.follow(parsed(SCALE, **spec), named(now), followed(SCALE, named(before), last))
        assert (seen.state, seen.reason) == (state, reason)

    def test_what_is_done_already(self) -> None:
        assert SCALE.is_done(parsed(SCALE, **BOUNDS), named(cluster(cu_=RULE)))
        assert not SCALE.is_done(parsed(SCALE, **BOUNDS), named(cluster(cu_=OLD_RULE)))
        assert not SCALE.is_done(parsed(SCALE, **BOUNDS), named(cluster("MODIFYING", cu_=RULE)))
        assert not SCALE.is_done(parsed(SCALE, **SCHEDULES), named(cluster(cu_=CLOCK)))


def named(shown: Cluster) -> Cluster:
    """`cu_` and `replica_` stand for the rules, since `cu` and `replica` are the sizes."""
    if shown.autoscaling is None:
        return shown
    rules = {name.removesuffix("_"): rule for name, rule in shown.autoscaling.items()}
    return shown.model_copy(update={"autoscaling": rules})


class Shown:
    """A cloud that shows one cluster, some time after the request."""

    def __init__(self, word: str, minutes: int) -> None:
        self.session, self.clusters, self._word = self, self, word
        self.cloud_time = NOON + timedelta(minutes=minutes)

    async def describe(self, _cluster_id: str) -> Cluster:
        return cluster(self._word)


@pytest.mark.parametrize(
    ("word", "minutes", "told"),
    [
        ("RUNNING", 1, State.PENDING),
        ("RUNNING", 3, None),
        ("STOPPING", 3, State.IN_PROGRESS),
        ("STOPPED", 3, State.SUCCESSFUL),
    ],
)
async def test_a_request_of_which_nothing_shows_does_not_hold_the_cluster_for_ever(word, minutes, told):
    """All later jobs of the cluster would wait behind it."""
    sent = JobStatus(submission=Submission(handle={"clusterId": "in01"}, cloud_time=NOON))
    seen = await SUSPEND.observe(Shown(word, minutes), parsed(SUSPEND), sent)
    assert seen == Missing() if told is None else seen.state is told
