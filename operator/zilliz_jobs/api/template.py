"""What the spec of a job must keep to where a JobSchedule submits it again and again.

The rules are the kinds' own (`Resource.template_rules`); what is here is the same for all of them. Each run may use a
name once: a second collection, cluster or Secret of that name cannot be made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from zilliz_jobs.api.resource import Resource, Rule

RUN = "$(RUN)"
"""In a template: becomes the name of the run, for a due time its minute in UTC, such as 202611280300."""


def names_run(text: str | None) -> bool:
    """Whether the name is another one in each run."""
    return text is not None and RUN in text


def named_anew(path: str, given: Callable[[Any], Iterable[str | None]]) -> Rule:
    """The name at this path of the spec, where it is given, is another one in each run. `given` reads it from the
    spec; None where it is left out."""
    parents = path.split(".")[:-1]
    steps = [".".join(("self", *parents[: n + 1])) for n in range(len(parents))]
    lacking = "".join(f"!has({step}) || " for step in (*steps, f"self.{path}"))
    return Rule(
        f"{lacking}self.{path}.contains('{RUN}')",
        f"the name in {path} can be used once: write {RUN} into it, which becomes the name of the run",
        lambda spec: all(name is None or RUN in name for name in given(spec)),
    )


def new_cluster_anew(path: str, given: Callable[[Any], Iterable[Any]]) -> tuple[Rule, Rule]:
    """The cluster at this path, and the Secret of its credentials, are others in each run. `given` reads the
    NewCluster from the spec; none where it is left out."""
    return (
        named_anew(f"{path}.name", lambda spec: [one.name for one in given(spec)]),
        named_anew(
            f"{path}.credentialsSecretName", lambda spec: [one.credentials_secret_name for one in given(spec)]
        ),
    )


def rules_of(resource: Resource) -> tuple[Rule, ...]:
    """All rules of the kind's spec as a template."""
    fields = resource.spec.model_fields
    own = [rule for field, rule in _NEVER.items() if field in fields]
    return (*resource.rules, *own, *resource.template_rules)


_NEVER = {
    "adopt": Rule(
        "!has(self.adopt)",
        "a schedule makes new jobs: leave out adopt",
        lambda spec: spec.adopt is None,
    ),
    "suspend": Rule(
        "!has(self.suspend) || !self.suspend",
        "suspend the schedule as a whole by spec.suspend, and leave out suspend of its jobs",
        lambda spec: not spec.suspend,
    ),
}
