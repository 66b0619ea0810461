"""The simulated cloud before the curtain: clusters, its pace, and a bucket that only the right keys open."""

from __future__ import annotations

from zilliz_local.demo.steps import InTheCloud

MOVIES = "in01-demo0movies0001"
SHOP = "in01-demo0shop000002"
BUCKET = "s3://demo-data"

API_KEY = "demo-key"
ACCESS_KEY = "demo-access-key"
SECRET_KEY = "demo-secret-key"  # noqa: S105 - of a bucket that does not exist


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
            "restore": {"pendingSeconds": 0.5, "runSeconds": 4},
            "export": {"pendingSeconds": 0.5, "runSeconds": 4},
            "cloneCollection": {"pendingSeconds": 0.3, "runSeconds": 3},
            "sampleCollection": {"pendingSeconds": 0.3, "runSeconds": 3},
            "migration": {"pendingSeconds": 0.5, "runSeconds": 4},
            "cancelSeconds": 1.7,
            "modifySeconds": 2,  # longer than a look takes, also in a faster show
            "suspendSeconds": 2,
            "resumeSeconds": 2,
        },
    ),
    _file("films/part-1.parquet", 48_000_000, 120_000),
    _file("films/part-2.parquet", 52_000_000, 130_000),
    _file("films/part-3.parquet", 20_000_000, 50_000),
)
