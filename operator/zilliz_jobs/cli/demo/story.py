"""The story: acts of steps, what each act waits for, and what must have become of every object. Data, not code.

An object is named as kubectl names it, `importjob/films`. A *word* is what an object was seen to say: its state, the
reason while it waits, or the outcome of a request (`retry Completed`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MOVIES = "in01-demo0movies0001"
SHOP = "in01-demo0shop000002"
BUCKET = "s3://demo-data"

API_KEY = "demo-key"
ACCESS_KEY = "demo-access-key"
SECRET_KEY = "demo-secret-key"  # noqa: S105 - of a bucket that does not exist

RUNS = ("InProgress", "Successful")  # on a slow machine nobody may have looked while it ran

SHOW_SECONDS = 90.0  # the whole show, start of the processes included; it takes a third of this
ACT_SECONDS = 30.0


@dataclass(frozen=True)
class Apply:
    """`kubectl apply -f examples/<file>`."""

    file: str


@dataclass(frozen=True)
class Annotate:
    """`kubectl annotate <object> jobs.zilliz.com/<request>=<a new token>`."""

    object: str
    request: str


@dataclass(frozen=True)
class InTheCloud:
    """Something that happens in the cloud and not through the operator: one call of the simulator's admin API.

    Without `what` it is machinery of the stage, and not told.
    """

    what: str
    method: str
    path: str
    body: Mapping[str, object]
    starts_job: bool = False  # the answer names a job, which the adopt example is to follow


Step = Apply | Annotate | InTheCloud


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


def _file(path: str, size: int, rows: int) -> InTheCloud:
    body = {"url": f"{BUCKET}/{path}", "sizeBytes": size, "rows": rows, "problem": None}
    return InTheCloud("", "PUT", "/_sim/objects", {**body, "accessKey": ACCESS_KEY, "secretKey": SECRET_KEY})


SETTING: tuple[InTheCloud, ...] = (
    InTheCloud(
        "",
        "PATCH",
        "/_sim/defaults",
        {
            "backup": {"pendingSeconds": 1, "runSeconds": 7},
            "import": {"pendingSeconds": 0.8, "runSeconds": 4, "secondsPerMillionRows": 4},
            "cancelSeconds": 1.7,
        },
    ),
    _file("films/part-1.parquet", 48_000_000, 120_000),
    _file("films/part-2.parquet", 52_000_000, 130_000),
    _file("films/part-3.parquet", 20_000_000, 50_000),
)
"""How the cloud is before the curtain: its pace, and a bucket that only the right keys open."""

ACTS: tuple[Act, ...] = (
    Act(
        "An account",
        "A Secret with the API key, and a ZillizConnection that uses it. For the demo its endpoint is the simulator.",
        (Apply("00-api-key.yaml"), Apply("01-connection.yaml"), Apply("02-storage-credentials.yaml")),
        {"zillizconnection/default": ("Ready",)},
        beat=1.5,
    ),
    Act(
        "Three jobs",
        "One object is one job in the cloud: a backup of a cluster, and two imports into its collections.",
        (
            Apply("10-backup-cluster.yaml"),
            Apply("20-import-object-storage.yaml"),
            Apply("21-import-volume.yaml"),
        ),
        {"backupjob/movies": RUNS, "importjob/films": RUNS, "importjob/actors": RUNS},
        beat=1.5,
    ),
    Act(
        "A job from elsewhere, and one that has to wait",
        "A job that nobody declared can be adopted: followed, never submitted again. The cloud makes one manual "
        "backup of a cluster at a time, so our own backup of that cluster waits and says why.",
        (
            InTheCloud("", "POST", "/_sim/next", {"type": "BACKUP", "runSeconds": 60}),
            InTheCloud(
                "somebody starts a backup of the cluster `shop` in the web console",
                "POST",
                "/_sim/rival",
                {
                    "method": "POST",
                    "path": f"/v2/clusters/{SHOP}/backups/create",
                    "body": {"backupType": "CLUSTER"},
                    "client": "console",
                },
                starts_job=True,
            ),
            Apply("30-adopt.yaml"),
            Apply("11-backup-collections.yaml"),
        ),
        {"backupjob/from-console": ("InProgress",), "backupjob/shop-products": ("BackupSlotBusy",)},
        beat=2.5,
    ),
    Act(
        "Cancel",
        "Requests are annotations; a new value is a new request. Cancelling is a button of the web console and not "
        "in the documented API: it works here because this connection has consoleApi.enabled: true.",
        (Annotate("backupjob/from-console", "cancel-requested"),),
        {"backupjob/from-console": ("Canceled",)},
    ),
    Act(
        "An import that fails",
        "The vectors in this file have 512 dimensions, the collection expects 768. The cloud's own words end up in "
        "the object.",
        (Apply("22-import-broken-file.yaml"),),
        {"importjob/films-broken": ("Failed",)},
        beat=2.5,
    ),
    Act(
        "Repair and retry",
        "The same object gets a second attempt; the first one stays on record in status.attempts.",
        (
            InTheCloud(
                f"somebody replaces {BUCKET}/broken/films.parquet by a good file",
                "PUT",
                "/_sim/objects",
                {"url": f"{BUCKET}/broken/films.parquet", "sizeBytes": 1_500_000, "rows": 4_000, "problem": None},
            ),
            Annotate("importjob/films-broken", "retry-requested"),
        ),
        {"importjob/films-broken": ("Successful",)},
        beat=0.0,
    ),
    Act(
        "The rest",
        "The cancelled backup has freed the cluster, and the one that waited takes its turn.",
        (),
        {
            "backupjob/movies": ("Successful",),
            "backupjob/shop-products": ("Successful",),
            "importjob/films": ("Successful",),
            "importjob/actors": ("Successful",),
        },
    ),
)

EXPECTATIONS: tuple[Expectation, ...] = (
    Expectation("zillizconnection/default", ("Ready",), attempts=0, submissions=0),
    Expectation("backupjob/movies", ("Successful",)),
    Expectation("importjob/films", ("Successful",)),
    Expectation("importjob/actors", ("Successful",)),
    Expectation("backupjob/from-console", ("cancel Completed", "Canceled"), submissions=0),
    Expectation("backupjob/shop-products", ("BackupSlotBusy", "Successful")),
    Expectation("importjob/films-broken", ("Failed", "retry Completed", "Successful"), attempts=2),
)


@dataclass(frozen=True)
class Story:
    """What is played; the tests play shorter ones."""

    setting: tuple[InTheCloud, ...] = SETTING
    acts: tuple[Act, ...] = ACTS
    expectations: tuple[Expectation, ...] = field(default=EXPECTATIONS)
