"""The world a newcomer meets: one project, two running clusters, good files and a bad one."""

from collections.abc import Callable, Sequence

from .clusters import ClusterFields
from .objects import StoredObject
from .world import Project, Volume, World

PROJECT = "proj-demo0000000000000001"
MOVIES = "in01-demo0movies0001"
SHOP = "in01-demo0shop000002"
KEY = "demo-key"
BUCKETS = (
    "s3://demo-data/",
    "https://demo-data.s3.us-west-2.amazonaws.com/",
    "https://s3.us-west-2.amazonaws.com/demo-data/",
    "gs://demo-data/",
    "https://storage.cloud.google.com/demo-data/",
    "https://demodata.blob.core.windows.net/demo-data/",
    "oss://demo-data/",
    "https://demo-data.oss-cn-hangzhou.aliyuncs.com/",
    "https://demo-data-1250000000.cos.ap-beijing.myqcloud.com/",
    "volume://demo-volume/",
)
"""The same files at every provider, under every form of URL that the documentation shows, and in a volume."""


def demo_world(keys: Sequence[str] = (KEY,)) -> Callable[[World], None]:
    """A function that fills a world; every key may see everything."""

    def populate(world: World) -> None:
        for key in keys:
            world.keys.add(key)
        world.projects[PROJECT] = Project(PROJECT, "Demo project", ("aws-us-west-2", "aws-us-east-1"))
        world.volumes["demo-volume"] = Volume("demo-volume", PROJECT, "aws-us-west-2", description="Data to import.")
        world.put_cluster(
            MOVIES,
            ClusterFields(
                cluster_name="movies",
                cu_size=2,
                storage_size=7_000_000_000,
                collections={"default": ["films", "actors", "reviews"]},
            ),
        )
        world.put_cluster(
            SHOP,
            ClusterFields(
                cluster_name="shop",
                region_id="aws-us-east-1",
                storage_size=1_400_000_000,
                collections={"default": ["products"], "archive": ["orders"]},
            ),
        )
        _fill_storage(world)

    return populate


def _fill_storage(world: World) -> None:
    files = {
        "films/part-1.parquet": StoredObject(size_bytes=48_000_000, rows=120_000),
        "films/part-2.parquet": StoredObject(size_bytes=52_000_000, rows=130_000),
        "films/part-3.parquet": StoredObject(size_bytes=20_000_000, rows=50_000),
        "actors.json": StoredObject(size_bytes=3_279_917, rows=8_000),
        "products.parquet": StoredObject(size_bytes=9_000_000, rows=25_000),
        "broken/films.parquet": StoredObject(
            size_bytes=1_000_000, problem="dimension of field 'vector' is 512, the collection expects 768"
        ),
    }
    for bucket in BUCKETS:
        for path, stored in files.items():
            world.objects.put(f"{bucket}{path}", stored)
    milvus_backup = StoredObject(size_bytes=60_000_000, rows=10_000, collections=("books", "archive.authors"))
    for url in ("s3://demo-data/milvus-backup/", "volume://demo-volume/milvus-backup/"):
        world.objects.put(url, milvus_backup)
