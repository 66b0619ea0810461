"""What became of a scaling request, by what the cloud showed of the dimension before it and shows now. Pure.

A size tells only together with the rule: under a rule it changes by itself, and a fixed size ends the rule. A rule
that is not told any more, or not in words that can be compared, says neither that the request had its effect nor that
it had none. One that was never told counts as unchanged: clouds that tell no rules are scaled by their sizes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from zilliz_jobs.api.jobstatus import State
from zilliz_jobs.core.observation import Absent, Baseline, Elsewhere, Found, Look, Seen, Undecided
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.kinds.clusters import scalingrules
from zilliz_jobs.kinds.clusters.scalingrules import Rule

SIZE, OWN_RULE = "size", "ownRule"


@dataclass(frozen=True)
class Shown:
    """One dimension of a cluster. None where the cloud does not tell; `{}` for no rule."""

    size: int | None
    rule: Rule | None

    def record(self) -> Baseline:
        """For the baseline of a submission."""
        return {
            SIZE: [] if self.size is None else [str(self.size)],
            OWN_RULE: scalingrules.recorded(self.rule),
        }


def from_record(baseline: Baseline) -> Shown:
    """What `Shown.record` wrote; None for what is not there, or was edited."""
    size = next(iter(baseline.get(SIZE, [])), "")
    return Shown(int(size) if size.isdecimal() else None, scalingrules.from_record(baseline.get(OWN_RULE, [])))


@dataclass(frozen=True)
class ScalingChange:
    """`size_name`: what is scaled, for people. `size`: the fixed size that is wanted; None where `rule` is."""

    size_name: str
    before: Shown
    now: Shown
    size: int | None = None
    rule: Rule | None = None

    def judged(self, found: Found) -> Look:
        """What a running cluster says of an open submission; `found` where it is as wanted."""
        return self._rule_judged(found) if self.size is None else self._size_judged(found)

    def followed(self, word: str, *, worked: bool) -> Seen:
        """How a job is that the cloud took, while the cluster runs (`word`). `worked`: it was seen being scaled."""
        return (
            self._rule_followed(word, worked=worked)
            if self.size is None
            else self._size_followed(word, worked=worked)
        )

    @property
    def stays(self) -> bool | None:
        """Whether the rule is as before; None where that cannot be told."""
        if self.before.rule is None and self.now.rule is None:
            return True
        return scalingrules.same(self.before.rule, self.now.rule)

    @property
    def fits(self) -> bool | None:
        """Whether the rule is the wanted one; None where that cannot be told."""
        is_wanted = scalingrules.same(self.now.rule, self.rule)
        was_another = is_wanted is None and self.stays and scalingrules.same(self.before.rule, self.rule) is False
        return False if was_another else is_wanted

    def _size_judged(self, found: Found) -> Look:
        before, now, stays = self.before.size, self.now.size, self.stays
        if now is None:
            return Undecided(self._untold_size())
        if now == self.size and self.now.rule == {} and stays is not True:
            return found
        if stays is None:
            return Undecided(self._untold_rule())
        if stays and now == before:
            return Absent()
        if before is None and (now != self.size or self.now.rule):
            return Undecided(self._untold_size())
        if self.now.rule:  # as before: sizes change by themselves under it, and a fixed size would have ended it
            return Absent() if stays else Elsewhere(self._another_rule())
        if now == self.size:
            return found
        return Elsewhere(self._another_rule() if now == before else self._another_size())

    def _rule_judged(self, found: Found) -> Look:
        """By the rule alone: sizes change by themselves."""
        if self.stays:
            return Absent()
        if self.fits:
            return found
        if self.stays is None or self.fits is None:
            return Undecided(self._untold_rule())
        return Elsewhere(self._another_rule())

    def _size_followed(self, word: str, *, worked: bool) -> Seen:
        before, now, stays = self.before.size, self.now.size, self.stays
        is_ruled = bool(self.before.rule) and stays is not False
        if now is None:
            # Where it was told before, the next look will tell it again.
            state = State.SUCCESSFUL if worked and before is None else State.PENDING
            return Seen(state, word, message=f"the cloud does not tell the {self.size_name} of the cluster")
        if now == self.size:
            return self._at_size(word, worked=worked, is_ruled=is_ruled)
        if before is not None and now != before and not is_ruled:
            return Seen(State.FAILED, word, message=self._another_size(), reason=Reason.CHANGED_ELSEWHERE)
        if is_ruled and stays is None:
            return Seen(State.PENDING, word, message=self._untold_rule())
        if worked:
            return Seen(State.FAILED, word, message=f"the cluster still has {now} {self.size_name} after scaling")
        return Seen(State.PENDING, word)

    def _at_size(self, word: str, *, worked: bool, is_ruled: bool) -> Seen:
        """The size may be so by the rule that the cluster had; a fixed size ends that."""
        text, was_so = f"the cluster has {self.size} {self.size_name}", self.before.size == self.size
        if is_ruled and not worked and (self.stays or was_so):
            return Seen(State.PENDING, word, message="" if self.stays else self._untold_rule())
        if is_ruled and self.stays and was_so:
            return Seen(State.UNKNOWN, word, message=f"{text}, as before, and its rule still after scaling")
        return Seen(State.SUCCESSFUL, word, message=text)

    def _rule_followed(self, word: str, *, worked: bool) -> Seen:
        now, stays, fits = self.now.rule, self.stays, self.fits
        if now is None:
            if self.before.rule is not None:
                return Seen(State.PENDING, word, message=self._untold_rule())
            text = f"the cluster was scaled; the cloud does not tell which rule its {self.size_name} follow"
            return Seen(State.SUCCESSFUL, word, message=text) if worked else Seen(State.PENDING, word)
        # The cloud may write times and time zones in another way than it was given.
        is_respelt = fits is None and scalingrules.is_readable(now)
        if fits or (is_respelt and (worked or stays is False)):
            return self._scales(word)
        if stays is False:
            return Seen(State.FAILED, word, message=self._another_rule(), reason=Reason.CHANGED_ELSEWHERE)
        if worked and stays:
            return Seen(State.FAILED, word, message="the cluster has its old rule still after scaling")
        if worked and fits is False:
            return Seen(State.FAILED, word, message=f"the cluster has {scalingrules.words(now)} after scaling")
        return Seen(State.PENDING, word, message="" if stays else self._untold_rule())

    def _scales(self, word: str) -> Seen:
        """With the rule as the cloud shows it, where that is another way than the spec's; a person should see it."""
        shown = dict(self.now.rule or {})
        echo = f", and shows it as {json.dumps(shown)}" if shown != self.rule else ""
        return Seen(State.SUCCESSFUL, word, message=f"the cloud scales by the rule{echo}")

    def _another_size(self) -> str:
        return f"the cluster has {self.now.size} {self.size_name}, neither the old number nor {self.size}"

    def _another_rule(self) -> str:
        if self.size is not None:
            return f"the rule for the {self.size_name} of the cluster is another one than before"
        return f"the {self.size_name} of the cluster follow a rule that is neither the old one nor the wanted one"

    def _untold_size(self) -> str:
        return f"the cloud does not always tell the {self.size_name} of the cluster"

    def _untold_rule(self) -> str:
        return (
            f"the cloud does not tell the rule for the {self.size_name} of the cluster in a way that can be compared "
            "with the one before"
        )
