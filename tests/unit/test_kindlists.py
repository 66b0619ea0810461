"""What people install knows every kind. Else its objects would be watched by nobody, or could not be asked for."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tools.kindlists import MARK, PLACES, ROOT, TEMPLATE, ListError, differences, files, rules_of

from zilliz_jobs.core.snapshot import RetryRule, Traits
from zilliz_jobs.kinds import JOB_KINDS
from zilliz_jobs.kinds.base import Variant
from zilliz_jobs.kinds.migrations.migrating import MigrationKind

CONTRACT, ROLE, GATE, BUTTONS = PLACES


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in (*PLACES, TEMPLATE):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def edited(tree: Path, name: str, old: str, new: str) -> None:
    text = (tree / name).read_text()
    assert old in text
    (tree / name).write_text(text.replace(old, new))


def test_the_files_are_what_the_kinds_say() -> None:
    assert differences() == []


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (ROLE, "      - importjobs/status\n", ""),
        (ROLE, "      - clonecollectionjobs\n    verbs: [patch]", "    verbs: [patch]"),
        (ROLE, "      - jobcenters\n", "      - jobcenters\n      - secrets\n"),
        (GATE, "kind: ImportJob", "kind: ImportsJob"),
        (BUTTONS, "  Import = {", "  Imports = {"),
        (TEMPLATE, ", importjobs", ""),
        (CONTRACT, '    "zilliz_jobs.kinds.exports.export",\n', ""),
    ],
)
def test_a_list_that_was_changed_by_hand_is_found_and_mended(tree: Path, name: str, old: str, new: str) -> None:
    edited(tree, name, old, new)
    assert differences(tree) == [f"{name} is out of date; run make generate"]
    assert files(tree)[name] == (ROOT / name).read_text()


def test_what_is_written_by_hand_around_a_list_stays(tree: Path) -> None:
    edited(tree, ROLE, "# Never list.", "# Never list, I said.")
    assert differences(tree) == []


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (GATE, "# generated: health", "# health"),
        (ROLE, "resources: # generated: jobs and rows", "resources:"),
        (ROLE, "generated: every kind", "generated: every kin"),
        (BUTTONS, "generated: rules of the rows", "generated: rules of the kinds"),
    ],
)
def test_a_list_that_lost_its_mark_is_an_error(tree: Path, name: str, old: str, new: str) -> None:
    """Else it would stay as it is for ever, and every check would pass."""
    edited(tree, name, old, new)
    with pytest.raises(ListError, match=f"cannot fill {name}"):
        differences(tree)


def test_what_depends_on_the_spec_is_told_by_the_field_as_people_write_it() -> None:
    class Kind(MigrationKind):
        variants: ClassVar[Any] = (
            Variant("twice", "start_deadline_seconds", "60", Traits(can_cancel=True, retry=RetryRule.RESUBMIT)),
            Variant("never", "mode", "Never", Traits()),
        )

    assert rules_of(Kind()) == (
        'cancel = true, { field = "startDeadlineSeconds", value = "60", cancel = true, retry = "resubmit" }, '
        '{ field = "mode", value = "Never" }'
    )


LISTS_OF_KINDS = {
    "charts/zilliz-jobs-operator/templates/_kinds.tpl": "generated",
    "charts/zilliz-jobs-operator/values.schema.json": "generated, its enum",
    "deploy/gitops/argocd/argocd-cm.yaml": "generated",
    "operator/zilliz_jobs/api/clusterjobs.py": "the models of one family",
    "operator/zilliz_jobs/api/jobresources.py": "the list of the models",
    "operator/zilliz_jobs/kinds/__init__.py": "the list of the kinds",
}
"""Files that name three kinds of job or more, and why they may."""
OF_THE_TREE = ("operator/zilliz_jobs", "charts", "deploy")


def names() -> dict[str, str]:
    """Every word that is a kind, by the word."""
    found = {}
    for kind in JOB_KINDS:
        constant = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.resource.kind).upper()
        for word in (kind.resource.kind, kind.resource.plural, type(kind).__name__, constant):
            found[word] = kind.resource.kind
    return found


def test_no_list_of_kinds_is_written_by_hand() -> None:
    """The next kind would be left out of it, and nobody would notice. What differs by kind is said by the kind."""
    known = names()
    word = re.compile(rf"(?<![A-Za-z])({'|'.join(known)})(?![A-Za-z])")
    listing = set()
    for path in (one for folder in OF_THE_TREE for one in (ROOT / folder).rglob("*") if one.is_file()):
        if path.suffix == ".pyc" or "files/crds" in str(path):
            continue
        text = MARK.sub("", path.read_text(encoding="utf-8"))
        if len({known[one] for one in word.findall(text)}) >= 3:
            listing.add(str(path.relative_to(ROOT)))
    assert listing == set(LISTS_OF_KINDS)
