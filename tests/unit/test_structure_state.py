"""Where state lies, and how much a class is made of. If these fail, the end of an object has to empty one more table,
which somebody will forget, or a class has become a bag of everything."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "operator" / "zilliz_jobs"
MODULES = sorted(path for path in SOURCE.rglob("*.py") if "cli" not in path.relative_to(SOURCE).parts)
MOST_PARAMETERS = 8

CONTAINERS = frozenset({"dict", "defaultdict", "OrderedDict", "Mapping", "MutableMapping", "Counter", "set", "deque"})
NAMES_AN_OBJECT = re.compile(r"^(Key|Uid|UID|K)$")
A_UID_BY_NAME = re.compile(r"uid", re.IGNORECASE)

OTHER_LIFE = {
    "accounts.begunjobs._Listing.found": "of ZillizConnections, until the next list",
    "accounts.connections.Connections._clocks": "of ZillizConnections; also of those that were not reported yet",
    "accounts.connections.Connections._departed": "of ZillizConnections that are gone",
    "accounts.connections.Connections._known": "the connections themselves, one entry each",
    "accounts.connections.Connections._locks": "of ZillizConnections",
    "accounts.memory.SubmissionMemory._changes": "writes to ZillizConnections that wait",
    "accounts.memory.SubmissionMemory._lost": "what earlier processes stored, also of objects that no event reported",
    "accounts.memory.SubmissionMemory._writers": "tasks that write to ZillizConnections",
    "control.absences.Absences._doubted": "work list: objects of all kinds that a list lacked, to be read",
    "control.backupuse.BackupUse._ending": "JobSchedules, and BackupJobs that have ended: which backups they delete",
    "control.backupuse.BackupUse._entered": "index: from a job that is submitted to the backup that it reads",
    "control.backupuse.BackupUse._held": "JobSchedules and BackupJobs with a pass that deletes",
    "control.backupuse.BackupUse._readers": "one record for each unfinished job object that refers to a backup, also "
    "of those that only a list told of",
    "control.departed.DepartedObjects._known": "of job objects that are gone",
    "control.departed.DepartedSubmissions._entries": "of job objects that are gone",
    "control.kindstream.KindStream._uids": "of one list, while its parts come",
    "control.ownership.JobOwnership._holdings": "one record each, also of objects that only a list or an earlier "
    "process told of",
    "control.ownership.JobOwnership._open": "index: from a submission lock to those who hold it",
    "control.workqueue.WorkQueue._busy": "the queue's own: keys of objects of all kinds that a worker has",
    "control.workqueue.WorkQueue._due": "the queue's own: times of objects of all kinds",
    "control.workqueue.WorkQueue._failures": "the queue's own: back-off of objects of all kinds",
    "jobcenter.centercontroller.JobCenterController._bodies": "JobCenters",
    "jobcenter.centercontroller.JobCenterController._gone": "JobCenters that are gone, whose rows are to be removed",
    "jobcenter.ownjobs.OwnJobs._kept": "one record for each job object, also of those that only a list told of",
    "jobcenter.ownjobs.OwnJobs._of_connection": "index: from a connection to the records of its job objects",
    "jobcenter.pages.Pages._pages": "pages of JobCenters",
    "jobcenter.rowcontroller.ProjectJobController._asking": "ProjectJobs",
    "jobcenter.rowjobs.RowJobs._entries": "the entries of ProjectJobs with an open request",
    "jobcenter.rowjobs.RowOwnership._shown": "ProjectJobs with an open request, by the ids of the job that they show",
    "jobcenter.rowstore.RowStore._open": "ProjectJobs whose retry is open, by what was last stored",
    "jobs.cache.JobCache._dependents": "index: from a connection to the entries that refer to it",
    "jobs.cache.JobCache._entries": "the entries",
    "jobs.cachesync.CacheSync._gone": "objects that went while a list was read",
    "jobs.deletions.Deletions._told": "objects that are gone and were reported",
    "schedules.automaticbackups.AutomaticBackups._again": "JobSchedules, by uid; goes with them",
    "schedules.backupwriter.BackupWriter._next_look": "JobSchedules: when to look at their backups again",
    "schedules.children.Children._owners": "index: from a job object to the schedule that owns it",
    "schedules.controller.JobScheduleController._bodies": "JobSchedules",
    "schedules.controller.JobScheduleController._distrusted": "JobSchedules that are to be listed anew",
    "schedules.controller.JobScheduleController._figures": "JobSchedules, as the metrics tell of them",
    "polling.listreader._Reading.missing": "of one reading: the followed jobs that it has not met yet",
    "polling.poller.Poller._at": "index: from a followed job to the KeyPoller that has its record",
    "polling.pollindex.PollIndex.followed": "the records of followed jobs, one each",
    "polling.pollplan.ListState.members": "index: from a list to the followed jobs that it shows",
}
"""State whose life is not that of an object in the cache, or that leads to an entry, and why it lies there."""

Found = tuple[str, int]


def where(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts)


def names_in(node: ast.expr) -> set[str]:
    """Names in an annotation, also where it is a string."""
    text = ast.unparse(node).strip("'\"")
    return set(re.findall(r"\w+", text))


def keyed_by_object(annotation: ast.expr, name: str) -> bool:
    """Whether this is a container whose keys, or members, name objects: by Key, or by uid."""
    if isinstance(annotation, ast.BinOp):
        return keyed_by_object(annotation.left, name) or keyed_by_object(annotation.right, name)
    if not isinstance(annotation, ast.Subscript) or ast.unparse(annotation.value).split(".")[-1] not in CONTAINERS:
        return False
    of = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
    inner = any(keyed_by_object(part, name) for part in of[1:])
    if inner or any(NAMES_AN_OBJECT.match(word) for word in names_in(of[0])):
        return True
    return ast.unparse(of[0]) == "str" and bool(A_UID_BY_NAME.search(name))


def containers(tree: ast.Module) -> Iterator[Found]:
    """Attributes of classes, and variables of modules, by their annotation, or the annotation of what makes them."""
    for owner in [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]:
        for node in ast.walk(owner):
            if isinstance(node, ast.AnnAssign):
                target, annotation = node.target, node.annotation
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                target, annotation = node.targets[0], node.value.func  # dict[Key, int]()
            else:
                continue
            of_self = isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self"
            of_class = isinstance(target, ast.Name) and node in owner.body
            name = ast.unparse(target).removeprefix("self.")
            if (of_self or of_class) and keyed_by_object(annotation, name):
                yield f"{owner.name}.{name}", node.lineno
    for statement in tree.body:
        if isinstance(statement, ast.AnnAssign):
            target, annotation = statement.target, statement.annotation
        elif isinstance(statement, ast.Assign):
            target, annotation = statement.targets[0], statement.value  # Line = dict[Key, None]
        else:
            continue
        if keyed_by_object(annotation, ast.unparse(target)):
            yield ast.unparse(target), statement.lineno


def uses_as_a_table_by_uid(tree: ast.Module) -> Iterator[Found]:
    """`self._x[uid]`, `self._x.pop(uid)` and the like, whatever the annotation says."""
    for owner in [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]:
        for node in ast.walk(owner):
            table: ast.expr | None = None
            if isinstance(node, ast.Subscript):
                table, index = node.value, node.slice
            elif (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"pop", "setdefault", "add", "discard"}
                and node.args
            ):
                table, index = node.func.value, node.args[0]
            if table is None or not isinstance(table, ast.Attribute) or ast.unparse(table.value) != "self":
                continue
            if table.attr.startswith("_") and ast.unparse(index).split(".")[-1] == "uid":
                yield f"{owner.name}.{table.attr}", node.lineno


def tables(path: Path) -> dict[str, int]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [*containers(tree), *uses_as_a_table_by_uid(tree)]
    return {f"{where(path)}.{name}": line for name, line in found}


def test_what_is_kept_of_a_job_object_lies_in_its_entry() -> None:
    found = {name: line for path in MODULES for name, line in tables(path).items()}
    assert len(MODULES) > 150
    new = {name: line for name, line in found.items() if name not in OTHER_LIFE}
    assert new == {}, "put it into JobEntry, where it goes with the object; or say here why its life is another one"
    assert OTHER_LIFE.keys() - found.keys() == set(), "these are gone; take them out of the list"


@pytest.mark.parametrize(
    "line",
    [
        "self._news: dict[Key, JobNews] = {}",
        "self._unreadable: set[Key] = set()",
        "self._kept: dict[Uid, str] = {}",
        "self._held: defaultdict[Key, set[str]] = defaultdict(set)",
        "self._lines: dict[str, dict[Key, None]] = {}",
        "self._by_uid: dict[str, float] = {}",
        "self._seen_uids: set[str] = set()",
        "self._times = dict[Key, float]()",
        "self._maybe: dict[Key, int] | None = None",
        "self._obstacles[body.uid] = 'late'",
        "self._since.pop(entry.uid, None)",
        "self._places: dict[tuple[str, Key], int] = {}",
    ],
)
def test_one_that_is_added_to_a_class_is_found(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.SOURCE", tmp_path)
    added = tmp_path / "added.py"
    added.write_text(f"class More:\n    def __init__(self) -> None:\n        {line}\n")
    (name,) = tables(added)
    assert name.startswith("added.More._")


def test_one_that_hides_behind_a_name_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.SOURCE", tmp_path)
    added = tmp_path / "added.py"
    added.write_text("Line = dict[Key, None]\nPLACES: dict[str, set[Key]] = {}\n")
    assert set(tables(added)) == {"added.Line", "added.PLACES"}


def test_a_table_of_entries_is_none(tmp_path: Path) -> None:
    added = tmp_path / "added.py"
    added.write_text("class More:\n    def __init__(self) -> None:\n        self._a: dict[str, JobEntry] = {}\n")
    assert not [*containers(ast.parse(added.read_text()))]


def parameters(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """What each class is made of: the parameters of `__init__`; of a dataclass the fields without a default.

    A frozen dataclass, a NamedTuple and a model of the API are data: their fields are facts of one thing.
    """
    for owner in [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]:
        for node in owner.body:
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                given = node.args
                yield owner.name, len([*given.posonlyargs, *given.args, *given.kwonlyargs]) - 1
        made = [ast.unparse(decorator) for decorator in owner.decorator_list]
        if any("dataclass" in text and "frozen=True" not in text for text in made):
            fields = [node for node in owner.body if isinstance(node, ast.AnnAssign) and node.value is None]
            yield owner.name, len([field for field in fields if "ClassVar" not in ast.unparse(field.annotation)])


def test_no_class_is_made_of_more_than_eight_things() -> None:
    """What belongs together gets a name; a value that another argument has already need not be given twice."""
    made = {
        f"{where(path)}.{name}": count
        for path in sorted(SOURCE.rglob("*.py"))
        for name, count in parameters(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert len(made) > 60
    assert {name: count for name, count in made.items() if count > MOST_PARAMETERS} == {}


def test_one_that_is_made_of_more_is_found() -> None:
    named = ", ".join(f"a{n}" for n in range(7))
    fields = "\n".join(f"    a{n}: int" for n in range(9))
    texts = {
        f"class Bag:\n    def __init__(self, {named}, *, b, c=None): ...": 9,
        f"@dataclass\nclass Bag:\n{fields}\n    b: int = 0": 9,
    }
    for text, count in texts.items():
        assert dict(parameters(ast.parse(text))) == {"Bag": count}
    assert dict(parameters(ast.parse(f"@dataclass(frozen=True, slots=True)\nclass Record:\n{fields}"))) == {}
