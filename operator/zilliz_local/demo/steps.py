"""What a story is made of: steps, acts of steps, and expectations. The story itself is in `story`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Apply:
    """`kubectl apply -f examples/<file>`; with `name`, a second object of that name from the same file.

    `backup_of`: the object that made the backup which the file is to name.
    """

    file: str
    name: str = ""
    backup_of: str = ""


@dataclass(frozen=True)
class Annotate:
    """`kubectl annotate <object> jobs.zilliz.com/<request>=<a new token>`."""

    object: str
    request: str


@dataclass(frozen=True)
class InTheCloud:
    """Something that happens in the cloud and not through the operator: one call of the simulator's admin API.

    Without `what` it is machinery of the stage, and not told. `starts_job`: the answer names a job, which the adopt
    example is to follow, and whose row in a JobCenter is the `row` of the story.
    """

    what: str
    method: str
    path: str
    body: Mapping[str, object]
    starts_job: bool = False
    row: str = ""


@dataclass(frozen=True)
class RunSchedule:
    """`kubectl zilliz run <schedule>`. `makes`: the objects of the run, by their entry in the schedule, as the story
    names them."""

    schedule: str
    makes: Mapping[str, str]


Step = Apply | Annotate | RunSchedule | InTheCloud


@dataclass(frozen=True)
class Act:
    title: str
    text: str
    steps: tuple[Step, ...]
    until: Mapping[str, tuple[str, ...]]  # object: words of which it must have said one
    beat: float = 1.0  # seconds to look at the result


@dataclass(frozen=True)
class Expectation:
    """What must have become of an object: these words, in this order, the last one at the end."""

    object: str
    words: tuple[str, ...]
    attempts: int = 1  # 0 for what is no job
    submissions: int = 1  # to the cloud, for each attempt
