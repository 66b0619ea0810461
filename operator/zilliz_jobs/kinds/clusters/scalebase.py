"""Scaling of a cluster in one dimension: fixed, dynamic or scheduled (documented: Modify Cluster).

Fixed scaling ends when the cluster runs at the wanted size. Dynamic and scheduled scaling end when the cloud took
the rule and the cluster runs again; what size it has then is the rule's affair.

The cloud replaces the rules of both dimensions with every request, so that of the other one is read before, recorded,
and sent along; where the cloud does not tell it, a person is warned before anything is sent.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from zilliz_jobs.api.clusterjobs import ScaleClusterJobSpec, ScaleReplicasJobSpec
from zilliz_jobs.api.jobspec import JobSpec
from zilliz_jobs.api.jobstatus import Evidence, JobStatus, State, Submission
from zilliz_jobs.cloud import effects
from zilliz_jobs.cloud.clusters import Cluster
from zilliz_jobs.cloud.effects import EffectReply
from zilliz_jobs.cloud.errors import CloudError
from zilliz_jobs.cloud.scaling import Bounds, Schedule, Schedules
from zilliz_jobs.cloud.words import ClusterState, cluster_state_of
from zilliz_jobs.core.observation import Absent, Elsewhere, Found, Look, Notice, Seen, Undecided
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds import answers
from zilliz_jobs.kinds.base import Account, SubmitRequest
from zilliz_jobs.kinds.clusters import scalingchange, scalingrules, scheduletimes
from zilliz_jobs.kinds.clusters.clusterbase import ClusterKind, state_words, was
from zilliz_jobs.kinds.clusters.scalingchange import ScalingChange, Shown
from zilliz_jobs.kinds.clusters.scalingrules import Rule

OTHER_RULE = "otherRule"
P = TypeVar("P", ScaleClusterJobSpec, ScaleReplicasJobSpec)


class ScaleKind(ClusterKind[P]):
    """`size_name`: what is scaled, for people. `part`: its key under the cloud's `autoscaling`. `other_name` and
    `other_part`: the same of the other dimension."""

    starts_from = ClusterState.RUNNING
    size_name: str
    part: str
    other_name: str
    other_part: str

    @abstractmethod
    def wanted(self, spec: P) -> int | None:
        """The fixed size; None for a rule."""

    @abstractmethod
    def size(self, cluster: Cluster) -> int | None:
        """The size that the cluster has; None where the cloud does not tell."""

    def rule(self, spec: P) -> Bounds | Schedules | None:
        """The rule that the spec wants for this dimension; None for a fixed size. Pure."""
        if spec.autoscaling is not None:
            return Bounds(min=spec.autoscaling.min, max=spec.autoscaling.max)
        if spec.schedules is not None:
            rows = (Schedule(cron=s.cron, target=s.target, timezone=s.timezone) for s in spec.schedules)
            return Schedules(schedules=tuple(rows))
        return None

    def could_be_of(self, spec: P, other: JobSpec, *, gone: bool) -> bool:
        """A cluster that is being scaled does not show to what; towards the same target it makes no difference."""
        if not gone:
            return True
        if not isinstance(other, ScaleClusterJobSpec | ScaleReplicasJobSpec):
            return False
        if not isinstance(other, type(spec)) or self.wanted(spec) != self.wanted(other):
            return True
        return (spec.autoscaling, spec.schedules) != (other.autoscaling, other.schedules)

    def wire_rule(self, spec: P) -> Rule | None:
        """`rule` under the names of the wire, to be sent and to be compared with what the cloud shows. Pure."""
        rule = self.rule(spec)
        return rule.model_dump(by_alias=True, exclude_none=True, mode="json") if rule else None

    def description(self, spec: P) -> str:
        if (wanted := self.wanted(spec)) is not None:
            how = f"to {wanted}"
        elif spec.autoscaling is not None:
            how = f"between {spec.autoscaling.min} and {spec.autoscaling.max}"
        else:
            how = f"by {len(spec.schedules or [])} schedule(s)"
        return f"Scale {self.size_name} of cluster {spec.cluster_id} {how}"

    def is_done(self, spec: P, cluster: Cluster) -> str:
        """A fixed size counts only while no rule that the cloud tells would change it again; the documented answers
        leave rules out. Schedules are set anew: whether their times are the same cannot be told for sure."""
        if cluster_state_of(cluster.status) is not ClusterState.RUNNING:
            return ""
        now, wanted = self._shown(cluster), self.wanted(spec)
        if spec.autoscaling is not None and scalingrules.same(now.rule, self.wire_rule(spec)):
            return f"the {self.size_name} of the cluster follow this rule already"
        untold = now.rule is None and not scalingrules.is_shown(cluster, self.part)
        if wanted is None or now.size != wanted or not (untold or now.rule == {}):
            return ""
        doubt = "; the cloud does not tell whether a scaling rule may change that" if untold else ""
        return f"the cluster has {wanted} {self.size_name} already{doubt}"

    def facts(self, cluster: Cluster) -> dict[str, list[str]]:
        other = scalingrules.recorded(scalingrules.told(cluster, self.other_part))
        return {"status": [cluster.status], **self._shown(cluster).record(), OTHER_RULE: other}

    def before(self, cluster: Cluster) -> tuple[Notice, ...]:
        if scalingrules.recorded(scalingrules.told(cluster, self.other_part)):
            return ()
        text = (
            f"the cloud does not tell whether the {self.other_name} of the cluster have a scaling rule; if they "
            "have, this job may end it, since the cloud replaces the rules of both. Look at the cluster afterwards"
        )
        return (Notice(Reason.OTHER_RULE_NOT_TOLD, text),)

    def after(
        self, spec: P, cluster: Cluster, submission: Submission, cloud_time: datetime | None
    ) -> tuple[Notice, ...]:
        notices: list[Notice] = []
        sent, shown = _other_rule(submission), scalingrules.told(cluster, self.other_part)
        if sent is not None and shown is not None and scalingrules.same(sent, shown) is not True:
            text = (
                f"the {self.other_name} of the cluster had {scalingrules.words(sent)}, which was sent along, and "
                f"have {scalingrules.words(shown)} now; if nobody wanted that, set it again"
            )
            notices.append(Notice(Reason.OTHER_RULE_CHANGED, text))
        rule, now = self.rule(spec), cloud_time or submission.cloud_time
        if isinstance(rule, Schedules) and now is not None:
            shown_own = scalingrules.told(cluster, self.part)
            if doubt := scheduletimes.unconfirmed(rule.schedules, shown_own, now):
                notices.append(Notice(Reason.TIME_ZONE_NOT_CONFIRMED, doubt))
        return tuple(notices)

    def overtaken(self, cluster: Cluster, submission: Submission) -> str:
        sent, shown = _other_rule(submission), scalingrules.told(cluster, self.other_part)
        if sent is None or shown is None or scalingrules.same(sent, shown) is not False:
            return ""
        return (
            f"somebody changed the scaling rule for the {self.other_name} of the cluster meanwhile, from "
            f"{scalingrules.words(sent)} to {scalingrules.words(shown)}; this job would undo that"
        )

    @abstractmethod
    async def send_with(self, account: Account, spec: P, request: SubmitRequest, other: Rule | None) -> EffectReply:
        """Send the request, and with it the rule of the other dimension; None for no rule."""

    async def send(self, account: Account, spec: P, request: SubmitRequest) -> EffectReply:
        """Read once more, since what is sent along would undo a change that somebody made since the last read."""
        try:
            cluster = await account.session.clusters.describe(spec.cluster_id)
        except CloudError as error:
            waits = answers.waiting(error)
            return effects.NotSent(waits.reason, waits.message, waits.retry_after)
        if change := self.overtaken(cluster, request.submission):
            return effects.NotSent(Reason.CHANGED_ELSEWHERE, change)
        other = _other_rule(request.submission) or None
        reply = await self.send_with(account, spec, request, other)
        if isinstance(reply, effects.Refused) and other and self.wanted(spec) is not None:
            return replace(reply, message=f"{reply.message} ({self._sent_along()})")
        return reply

    def _sent_along(self) -> str:
        return (
            f"it was sent with the rule for the {self.other_name}, which a size alone would delete; if the cloud "
            "takes no size beside a rule, end that rule first and set it again afterwards"
        )

    def judge(self, spec: P, cluster: Cluster, submission: Submission) -> Look:
        found = Found({"clusterId": spec.cluster_id}, Evidence.INFERRED)
        match cluster_state_of(cluster.status):
            case ClusterState.SCALING:
                return found  # to what, nothing tells
            case ClusterState.RUNNING:
                found = replace(found, as_wanted=True)
            case _:
                return Undecided(state_words(cluster))
        look = self._change(spec, cluster, submission).judged(found)
        if isinstance(look, Absent) and (change := self.overtaken(cluster, submission)):
            return Elsewhere(change)
        return look

    def follow(self, spec: P, cluster: Cluster, status: JobStatus) -> Seen:
        word = cluster.status
        match cluster_state_of(word):
            case ClusterState.SCALING:
                return Seen(State.IN_PROGRESS, word)
            case ClusterState.RUNNING:
                change = self._change(spec, cluster, status.submission)
                return change.followed(word, worked=was(status, ClusterState.SCALING))
            case None:
                return Seen(None, word)
            case _:
                return Seen(State.IN_PROGRESS, word, message=f"the cluster is {word}")

    def _change(self, spec: P, cluster: Cluster, submission: Submission | None) -> ScalingChange:
        before = scalingchange.from_record((submission.baseline if submission else None) or {})
        return ScalingChange(self.size_name, before, self._shown(cluster), self.wanted(spec), self.wire_rule(spec))

    def _shown(self, cluster: Cluster) -> Shown:
        """No cluster that can be scaled has the size 0: it stands for one that is not told."""
        return Shown(self.size(cluster) or None, scalingrules.told(cluster, self.part))


def _other_rule(submission: Submission) -> Rule | None:
    """The rule of the other dimension by the record, `{}` for none; None where the cloud did not tell it."""
    return scalingrules.from_record((submission.baseline or {}).get(OTHER_RULE, []))
