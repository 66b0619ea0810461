"""Jobs that bring a cluster from one state over a passing one to another, and need nothing but its id: suspend and
resume. What each of its states says of such a job is a table; the bodies are the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zilliz_jobs.api.clusterjobs import ClusterJobSpec
from zilliz_jobs.api.jobstatus import Evidence, JobStatus, State, Submission
from zilliz_jobs.cloud.clusters import Cluster
from zilliz_jobs.cloud.words import ClusterState, cluster_state_of
from zilliz_jobs.core.observation import Absent, Found, Look, Seen, Undecided
from zilliz_jobs.kinds.clusters.clusterbase import ClusterKind, state_words, was


@dataclass(frozen=True)
class StateChange:
    """`passing`, `wanted`: the states that the job brings about, one after the other. `reverting`: the passing state
    of the job that undoes it. `proving`: what the cluster can only be after the request. The rest is said to people:
    `verb` of the job, `adjective` of the cluster afterwards, and a sentence for a cluster that was reverted, and for
    one that is back where it was without having been seen in the wanted state."""

    passing: ClusterState
    wanted: ClusterState
    reverting: ClusterState
    proving: frozenset[ClusterState]
    verb: str
    adjective: str
    reverted: str
    back: str


class StateChangeKind(ClusterKind[ClusterJobSpec]):
    """A kind of such jobs. A cluster in `starts_from` proves that the request had no effect so far; one in a state of
    `change.proving`, that what was wanted is so, whose doing it ever was."""

    change: ClassVar[StateChange]

    def description(self, spec: ClusterJobSpec) -> str:
        return f"{self.change.verb} cluster {spec.cluster_id}"

    def is_done(self, spec: ClusterJobSpec, cluster: Cluster) -> str:
        done = cluster_state_of(cluster.status) is self.change.wanted
        return f"the cluster is {self.change.adjective} already" if done else ""

    def judge(self, spec: ClusterJobSpec, cluster: Cluster, submission: Submission) -> Look:
        state = cluster_state_of(cluster.status)
        if state is self.starts_from:
            return Absent()
        if state in self.change.proving:
            return Found({"clusterId": spec.cluster_id}, Evidence.INFERRED, as_wanted=True)
        return Undecided(state_words(cluster))

    def follow(self, spec: ClusterJobSpec, cluster: Cluster, status: JobStatus) -> Seen:
        word, change = cluster.status, self.change
        state = cluster_state_of(word)
        if state is None:
            return Seen(None, word)
        if state is change.wanted:
            return Seen(State.SUCCESSFUL, word, message=f"the cluster is {change.adjective}")
        if state is change.reverting:
            return Seen(State.SUCCESSFUL, word, message=change.reverted)
        if state is change.passing:
            return Seen(State.IN_PROGRESS, word)
        if state is not self.starts_from:
            return Seen(State.IN_PROGRESS, word, message=f"the cluster is {word}")
        if was(status, change.passing):  # done and undone between two looks, or the cloud gave up: neither is claimed
            return Seen(State.UNKNOWN, word, message=change.back)
        return Seen(State.PENDING, word)
