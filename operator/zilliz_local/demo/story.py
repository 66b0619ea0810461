"""The story: acts of steps, what each act waits for, and what must have become of every object. Data, not code.

An object is named as kubectl names it, `importjob/films`. A *word* is what an object was seen to say: its state, the
reason while it waits, `AlreadyInState`, the outcome of a request (`retry Completed`), or what became of credentials
that the cloud tells once (`CredentialsStored`), or how the last run of a schedule ended (`RunSucceeded`). ROW and
WEEKLY are called by their own names once those are known.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from zilliz_local.demo.setting import BUCKET, MOVIES, SETTING, SHOP
from zilliz_local.demo.steps import Act, Annotate, Apply, Expectation, InTheCloud, RunSchedule

FOLLOWERS = ("restorejob/movies-copy", "restorejob/films-to-shop", "exportjob/movies-files")
NEW_COLLECTIONS = ("restorejob/films-before", "clonecollectionjob/films-copy", "samplecollectionjob/demo-films")
ROW = "projectjob/demo-..."
WEEKLY = ("backupjob/weekly-...-backup", "exportjob/weekly-...-export")
MIGRATIONS = ("migrationjob/from-milvus-backup", "migrationjob/from-pinecone", "migrationjob/shop-moves")

RUNS = ("InProgress", "Successful")  # on a slow machine nobody may have looked while it ran
WAITS_OR_RUNS = ("ClusterBusy", *RUNS)

SHOW_SECONDS = 110.0  # the whole show, start of the processes included; it takes half of this
ACT_SECONDS = 30.0


def _backup_from_the_console(name: str, cluster: str, *, row: str = "") -> tuple[InTheCloud, ...]:
    """Somebody else's, which runs for long."""
    body = {
        "method": "POST",
        "path": f"/v2/clusters/{cluster}/backups/create",
        "body": {"backupType": "CLUSTER"},
        "client": "console",
    }
    told = f"somebody starts a backup of the cluster `{name}` in the web console"
    return (
        InTheCloud("", "POST", "/_sim/next", {"type": "BACKUP", "runSeconds": 60}),
        InTheCloud(told, "POST", "/_sim/rival", body, starts_job=True, row=row),
    )


ACTS: tuple[Act, ...] = (
    Act(
        "An account",
        "A Secret with the API key, and a ZillizConnection that uses it. For the demo its endpoint is the simulator.",
        (Apply("00-api-key.yaml"), Apply("01-connection.yaml"), Apply("02-storage-credentials.yaml")),
        {"zillizconnection/default": ("Ready",)},
    ),
    Act(
        "A backup, and what follows it",
        "One object is one job in the cloud. Two restores and an export want this backup: all are applied at once, "
        "and those three wait until it is there.",
        (
            Apply("10-backup-cluster.yaml"),
            Apply("70-restore-new-cluster.yaml"),
            Apply("72-restore-after-backup.yaml"),
            Apply("73-export.yaml"),
        ),
        {"backupjob/movies": RUNS} | dict.fromkeys(FOLLOWERS, ("BackupNotReady",)),
        beat=1.5,
    ),
    Act(
        "Imports",
        "Files of a bucket and of a volume, into two collections of the same cluster: these need not wait.",
        (Apply("20-import-object-storage.yaml"), Apply("21-import-volume.yaml")),
        {"importjob/films": RUNS, "importjob/actors": RUNS},
        beat=0.5,
    ),
    Act(
        "A job from elsewhere, and one that has to wait",
        "A job that nobody declared can be adopted: followed, never submitted again. The cloud makes one manual "
        "backup of a cluster at a time, so our own backup of that cluster waits and says why.",
        (
            *_backup_from_the_console("shop", SHOP),
            Apply("30-adopt.yaml"),
            Apply("11-backup-collections.yaml"),
        ),
        {"backupjob/from-console": ("InProgress",), "backupjob/shop-products": ("BackupSlotBusy",)},
        beat=2.0,
    ),
    Act(
        "Cancel",
        "Requests are annotations; a new value is a new request. Cancelling is a button of the web console and not "
        "in the documented API: it works here because this connection has consoleApi.enabled: true.",
        (Annotate("backupjob/from-console", "cancel-requested"),),
        {"backupjob/from-console": ("Canceled",)},
    ),
    Act(
        "The backup is there",
        "So the restores and the export go on by themselves. The cloud tells the password of a new cluster once, in "
        "its answer: the operator keeps it in a Secret, and the object says in which one.",
        (),
        {
            "backupjob/movies": ("Successful",),
            "restorejob/movies-copy": ("CredentialsStored",),
            "restorejob/films-to-shop": RUNS,
            "exportjob/movies-files": RUNS,
        },
        beat=2.0,
    ),
    Act(
        "An import that fails",
        "The vectors in this file have 512 dimensions, the collection expects 768. The cloud's own words end up in "
        "the object.",
        (Apply("22-import-broken-file.yaml"),),
        {"importjob/films-broken": ("Failed",)},
        beat=1.5,
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
        {"importjob/films-broken": ("retry Completed",)},
    ),
    Act(
        "New collections",
        "One out of the backup, under another name; a copy of one that is there; and one with sample data. The last "
        "two are calls of the web console; without consoleApi the operator gets there in documented steps.",
        (
            Apply("71-restore-collection.yaml", backup_of="backupjob/movies"),
            Apply("75-clone-collection.yaml"),
            Apply("76-sample-collection.yaml"),
        ),
        dict.fromkeys(("importjob/films", "importjob/actors", "importjob/films-broken"), ("Successful",))
        | dict.fromkeys((*FOLLOWERS, *NEW_COLLECTIONS), ("Successful",)),
        beat=0.5,
    ),
    Act(
        "Scaling",
        "Back to the cluster `movies`: more Query CUs for it.",
        (
            InTheCloud("", "POST", "/_sim/next", {"type": "SCALE_CU", "runSeconds": 6}),
            Apply("50-scale-cluster.yaml"),
        ),
        {"scaleclusterjob/bigger": RUNS},
        beat=0.5,
    ),
    Act(
        "One change at a time",
        "A second replica, and rules by which the cloud scales itself: Query CUs by load, replicas by the clock. The "
        "cloud makes one change of a cluster at a time, so these wait with ClusterBusy and go one after another, by "
        "themselves. In the meantime we look at the other cluster.",
        (
            Apply("60-scale-replicas.yaml"),
            Apply("51-scale-cluster-dynamic.yaml"),
            Apply("62-scale-replicas-scheduled.yaml"),
        ),
        {
            "scalereplicasjob/double": ("ClusterBusy",),
            "scaleclusterjob/by-load": WAITS_OR_RUNS,
            "scalereplicasjob/by-time": WAITS_OR_RUNS,
        },
        beat=2.0,
    ),
    Act(
        "A cluster's night",
        "The backup that had to wait is long done, so the cluster `shop` may sleep.",
        (Apply("40-suspend-cluster.yaml"),),
        {"backupjob/shop-products": ("Successful",), "suspendclusterjob/night": ("Successful",)},
        beat=0.5,
    ),
    Act(
        "Asleep already",
        "Doing a job once more takes a new object. There is nothing to do this time, and nothing is sent.",
        (Apply("40-suspend-cluster.yaml", name="again"),),
        {"suspendclusterjob/again": ("AlreadyInState",)},
        beat=2.0,
    ),
    Act(
        "The next morning",
        "The cluster `shop` comes back, and the last rules reach the cluster `movies`.",
        (Apply("41-resume-cluster.yaml"),),
        {
            "resumeclusterjob/morning": ("Successful",),
            "scaleclusterjob/bigger": ("Successful",),
            "scalereplicasjob/double": ("Successful",),
            "scaleclusterjob/by-load": ("Successful",),
            "scalereplicasjob/by-time": ("Successful",),
        },
        beat=0.5,
    ),
    Act(
        "Moving in",
        "Data of other systems: backup files of a Milvus, by a documented call; and an index of Pinecone, which the "
        "web console alone can do. Last, the cluster `shop` moves into a new one without downtime.",
        (
            Apply("03-source-credentials.yaml"),
            Apply("80-migrate-milvus-backup.yaml"),
            Apply("82-migrate-pinecone.yaml"),
            Apply("90-migrate-zero-downtime.yaml"),
        ),
        dict.fromkeys(MIGRATIONS, ("Successful",)),
        beat=1.5,
    ),
    Act(
        "Every week by itself",
        "A JobSchedule makes jobs by cron: here a backup each Sunday, and then its files in a bucket. We do not wait "
        "for Sunday but ask for a run now; the export waits for the backup of the same run.",
        (
            Apply("97-schedule-backup-and-export.yaml"),
            InTheCloud("", "POST", "/_sim/next", {"type": "BACKUP", "runSeconds": 3}),
            RunSchedule("weekly", {"backup": WEEKLY[0], "export": WEEKLY[1]}),
        ),
        {"jobschedule/weekly": ("RunSucceeded",)} | dict.fromkeys(WEEKLY, ("Successful",)),
        beat=0.4,
    ),
    Act(
        "The job centre",
        "A JobCenter is the page of a project: each of its jobs is a row, whoever started it. Those above name the "
        "object that they belong to. This one belongs to nobody here.",
        (
            *_backup_from_the_console("movies", MOVIES, row=ROW),
            Apply("95-job-center.yaml"),
        ),
        {"jobcenter/demo": ("Ready",), ROW: ("Pending", "InProgress")},
        beat=1.0,
    ),
    Act(
        "A request at a row",
        "Rows take the same two annotations as the jobs that somebody declared.",
        (Annotate(ROW, "cancel-requested"),),
        {ROW: ("Canceled",)},
        beat=0.5,
    ),
)

EXPECTATIONS: tuple[Expectation, ...] = (
    Expectation("zillizconnection/default", ("Ready",), attempts=0, submissions=0),
    Expectation("backupjob/movies", ("Successful",)),
    Expectation("restorejob/movies-copy", ("BackupNotReady", "CredentialsStored", "Successful")),
    Expectation("restorejob/films-to-shop", ("BackupNotReady", "Successful")),
    Expectation("exportjob/movies-files", ("BackupNotReady", "Successful")),
    Expectation("importjob/films", ("Successful",)),
    Expectation("importjob/actors", ("Successful",)),
    Expectation("backupjob/from-console", ("cancel Completed", "Canceled"), submissions=0),
    Expectation("backupjob/shop-products", ("BackupSlotBusy", "Successful")),
    Expectation("importjob/films-broken", ("Failed", "retry Completed", "Successful"), attempts=2),
    *(Expectation(name, ("Successful",)) for name in NEW_COLLECTIONS),
    Expectation("scaleclusterjob/bigger", ("Successful",)),
    Expectation("scalereplicasjob/double", ("ClusterBusy", "Successful")),
    Expectation("scaleclusterjob/by-load", ("Successful",)),
    Expectation("scalereplicasjob/by-time", ("Successful",)),
    Expectation("suspendclusterjob/night", ("Successful",)),
    Expectation("suspendclusterjob/again", ("AlreadyInState",), submissions=0),
    Expectation("resumeclusterjob/morning", ("Successful",)),
    Expectation("migrationjob/from-milvus-backup", ("Successful",)),
    Expectation("migrationjob/from-pinecone", ("Successful",)),
    Expectation("migrationjob/shop-moves", ("CredentialsStored", "Successful")),
    Expectation("jobschedule/weekly", ("Ready", "RunSucceeded"), attempts=0, submissions=0),
    *(Expectation(name, ("Successful",)) for name in WEEKLY),
    Expectation("jobcenter/demo", ("Ready",), attempts=0, submissions=0),
    Expectation(ROW, ("cancel Completed", "Canceled"), attempts=0, submissions=0),
)


@dataclass(frozen=True)
class Story:
    """What is played; the tests play shorter ones."""

    setting: tuple[InTheCloud, ...] = SETTING
    acts: tuple[Act, ...] = ACTS
    expectations: tuple[Expectation, ...] = field(default=EXPECTATIONS)
