"""The lists of kinds in files beside the code: in the roles of the chart and of the base for Kustomize, in the gate
of Flux, in the rules of Argo CD's buttons, in the contract that keeps kinds apart. They are made from `RESOURCES`,
and from `JOB_KINDS` and their traits.

What is made stands below a line that ends in `generated: <name>`, and is indented more. The rest of such a file is
written by hand.

python -m tools.kindlists [--check]
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from zilliz_jobs.api.connection import ZILLIZ_CONNECTION
from zilliz_jobs.api.jobcenter import JOB_CENTER
from zilliz_jobs.api.jobschedule import JOB_SCHEDULE
from zilliz_jobs.api.model import API_VERSION
from zilliz_jobs.api.projectjob import PROJECT_JOB
from zilliz_jobs.api.resources import RESOURCES
from zilliz_jobs.api.scheduledjob import TEMPLATES
from zilliz_jobs.core.snapshot import RetryRule, Traits
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.kinds.base import AnyKind
from zilliz_jobs.kinds.rowtypes import TRAITS

ROOT = Path(__file__).parents[1]
TEMPLATE = "charts/zilliz-jobs-operator/templates/_kinds.tpl"
MARK = re.compile(r"(?m)^(?P<indent> *)(?P<head>.*(?:#|--) generated: (?P<name>.+)\n)(?:(?P=indent) +.*\n)*")
RETRIES = {RetryRule.FREELY: "always", RetryRule.RESUBMIT: "resubmit"}


class ListError(Exception):
    """What is wrong with the lines that say what is generated, in a sentence."""


EVERY = [resource.plural for resource in RESOURCES]
JOBS = [kind.resource.plural for kind in JOB_KINDS]
HELD = [kind.resource.plural for kind in JOB_KINDS if kind.may_be_held]


def template() -> str:
    """The kinds as the chart's templates include them."""
    text = "{{- /* Made from the operator's kinds by `make generate`; do not edit. */}}\n"
    for name, meaning, plurals in (
        ("kinds", "Every kind.", EVERY),
        ("jobs", "Those that are jobs.", JOBS),
        ("held", "Those whose objects may carry the finalizer.", HELD),
    ):
        text += f'\n{{{{- /* {meaning} */}}}}\n{{{{- define "zilliz.{name}" -}}}}\n'
        text += f"[{', '.join(plurals)}]\n{{{{- end }}}}\n"
    text += (
        '\n{{- /* Those that are jobs, by their fields in a JobSchedule. */}}\n{{- define "zilliz.templates" -}}\n'
    )
    text += "".join(f"{field}: {resource.plural}\n" for field, resource in TEMPLATES.items())
    return text + "{{- end }}\n"


def rule(traits: Traits) -> str:
    """What a person may ask of a job, as the fields of a table of Lua."""
    cancel = "cancel = true" if traits.can_cancel else ""
    by_steps = "by_steps = true" if traits.can_cancel and traits.by_steps_only else ""
    retry = f'retry = "{RETRIES[traits.retry]}"' if traits.retry in RETRIES else ""
    return ", ".join(filter(None, (cancel, by_steps, retry)))


def rules_of(kind: AnyKind) -> str:
    """The same of a kind, and of its jobs that other rules hold for."""
    spec = kind.resource.spec.model_fields
    inner = []
    for one in kind.variants:
        place = f'field = "{spec[one.field].alias or one.field}", value = "{one.value}"'
        inner.append(f"{{ {', '.join(filter(None, (place, rule(one.traits))))} }}")
    return ", ".join(filter(None, (rule(kind.traits), *inner)))


def _of_a_row(traits: Traits) -> Traits:
    """What is left of them for a job that has no spec: nothing to make a second submission of."""
    return traits if traits.retry is RetryRule.FREELY else replace(traits, retry=RetryRule.NEVER)


def table(rules: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{name} = {{ {text} }}," for name, text in rules if text]


def health(kind: str, condition: str) -> list[str]:
    """What Flux waits for: that this condition of an object of the kind is true."""
    told = "has(status.conditions) && status.conditions.exists(c, c.type == '{}' && c.status == 'True')"
    return [
        f"- apiVersion: {API_VERSION}",
        f"  kind: {kind}",
        f"  current: {told.format(condition)}",
        f"  failed: {told.format('Stalled')}",
    ]


def items(plurals: Iterable[str]) -> list[str]:
    return [f"- {plural}" for plural in plurals]


LISTS: dict[str, list[str]] = {
    "every kind": items(EVERY),
    "the status of every kind": items(f"{plural}/status" for plural in EVERY),
    "kinds whose objects may carry the finalizer": items(HELD),
    "jobs and rows": items([*JOBS, PROJECT_JOB.plural]),
    "health of the kinds that stand in Git": [
        line
        for kind, condition in (
            *((kind.resource.kind, "Succeeded") for kind in JOB_KINDS),
            (ZILLIZ_CONNECTION.kind, "Ready"),
            (JOB_CENTER.kind, "Ready"),
            (JOB_SCHEDULE.kind, "Ready"),
        )
        for line in health(kind, condition)
    ],
    "modules of the kinds": [f'  "{type(kind).__module__}",' for kind in JOB_KINDS],
    "rules of the kinds": table((kind.resource.kind, rules_of(kind)) for kind in JOB_KINDS),
    "rules of the rows": table((row_type, rule(_of_a_row(traits))) for row_type, traits in TRAITS.items()),
}


PLACES = {
    "pyproject.toml": ["modules of the kinds"],
    "deploy/kustomize/clusterrole.yaml": [
        "every kind",
        "the status of every kind",
        "kinds whose objects may carry the finalizer",
        "jobs and rows",
        "jobs and rows",
    ],
    "deploy/gitops/flux/02-gate.yaml": ["health of the kinds that stand in Git"],
    "deploy/gitops/argocd/resource_customizations/jobs.zilliz.com/_/actions/discovery.lua": [
        "rules of the kinds",
        "rules of the rows",
    ],
}
"""Which lists each file has, in this order."""


def filled(text: str) -> str:
    """The text with the lists below its marks made anew."""

    def made(mark: re.Match[str]) -> str:
        margin = mark["indent"] + "  "
        return mark["indent"] + mark["head"] + "".join(f"{margin}{line}\n" for line in LISTS[mark["name"]])

    return MARK.sub(made, text)


def files(root: Path = ROOT) -> dict[str, str]:
    """How the files should read, by path. Raises ListError for a file whose marks are not those that it must have:
    a list without its mark would stay as it is for ever."""
    texts = {TEMPLATE: template()}
    for name, lists in PLACES.items():
        text = (root / name).read_text(encoding="utf-8")
        if (found := [mark["name"] for mark in MARK.finditer(text)]) != lists:
            raise ListError(
                f"cannot fill {name}: its lines that end in `generated: <name>` name {found}, not {lists}; correct "
                "them, or PLACES in tools/kindlists.py"
            )
        texts[name] = filled(text)
    return texts


def differences(root: Path = ROOT) -> list[str]:
    """One sentence for each file that is not what the kinds say. Raises ListError."""
    return [f"{name} is out of date; run make generate" for name in stale(files(root), root)]


def stale(wanted: Mapping[str, str], root: Path = ROOT) -> list[str]:
    """The files that do not read so."""
    return [
        name
        for name, text in wanted.items()
        if not (root / name).is_file() or (root / name).read_text(encoding="utf-8") != text
    ]


def main() -> int:
    try:
        if "--check" in sys.argv:
            wrong = differences()
            print("\n".join(wrong), file=sys.stderr, end="\n" if wrong else "")
            return bool(wrong)
        wanted = files()
        for name in stale(wanted):  # no other: what is newer than before is set up anew by make
            (ROOT / name).write_text(wanted[name], encoding="utf-8")
    except ListError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
