"""Specs of MigrationJobs: good ones, one for each way, and bad ones with the words that say what to do."""

from __future__ import annotations

from typing import Any

Spec = dict[str, Any]

SECRET = {"credentialsSecretRef": {"name": "keys"}}
NEW = {
    "newCluster": {
        "projectId": "proj-1",
        "regionId": "aws-us-west-2",
        "plan": "Enterprise",
        "cuType": "PerformanceOptimized",
        "cuSize": 2,
    }
}
OLD = {"clusterId": "in01-b"}
BOOKS = [{"source": "books"}]
FILES = {"milvusBackup": {"objectStorage": {"url": "s3://b/backup/"}}}
CLUSTER = {"zillizCluster": {"clusterId": "in01-a"}}

EXTERNAL: dict[str, Spec] = {
    "milvus": {"uri": "https://milvus.example.com:19530", "database": "shop", **SECRET},
    "pinecone": {**SECRET},
    "qdrant": {"uri": "https://qdrant.example.com:6334", **SECRET},
    "elasticsearch": {"uri": "https://elastic.example.com:9200", **SECRET},
    "opensearch": {"uri": "https://opensearch.example.com", **SECRET},
    "postgresql": {"uri": "postgresql://pg.example.com:5432", "database": "app", **SECRET},
    "tencentVectorDB": {"uri": "http://vdb.example.com:80", **SECRET},
    "zillizExternal": {"uri": "https://in01-z.example.com", **SECRET},
}
"""The sources that only the console can migrate from."""


VTS_EXTERNAL: dict[str, Spec] = {
    **{name: source for name, source in EXTERNAL.items() if name != "zillizExternal"},
    "postgresql": {**EXTERNAL["postgresql"], "schema": "sales"},
    "pinecone": {**SECRET, "mergeNamespaces": True},
    "tencentVectorDB": {**EXTERNAL["tencentVectorDB"], "database": "d", "username": "root"},
}
"""The sources that VTS can migrate from."""
WORKER = {
    "resources": {"requests": {"cpu": "1", "memory": "4Gi"}, "limits": {"memory": "4Gi"}},
    "nodeSelector": {"kubernetes.io/arch": "amd64"},
    "tolerations": [{"key": "batch", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}],
    "imagePullSecrets": [{"name": "registry"}],
}


def of(source: Spec | None = None, target: Spec | None = None, **more: Any) -> Spec:
    """A spec of these parts; None leaves one out."""
    parts = {"source": source, "target": target, **more}
    return {name: part for name, part in parts.items() if part is not None}


def by_vts(name: str, collections: list[Spec] | None = None, **more: Any) -> Spec:
    """A spec of a migration by VTS from the source of this name."""
    return of({name: VTS_EXTERNAL[name]}, OLD, engine="VTS", collections=collections or BOOKS) | more


GOOD: dict[str, Spec] = {
    **{f"{name} by VTS": by_vts(name) for name in VTS_EXTERNAL},
    "by VTS, with all that it can be told": by_vts(
        "postgresql",
        [{"source": "Books", "destDatabase": "d", "destination": "_books2", "metricType": "L2"}],
        load=True,
        worker=WORKER,
        mode="Offline",
    ),
    "Elastic Cloud by VTS": of(
        {"elasticsearch": {"cloudId": "demo:ZXU=", **SECRET}}, OLD, engine="VTS", collections=BOOKS
    ),
    "an index with a hyphen by VTS": by_vts("pinecone", [{"source": "my-index"}]),
    "one name in two databases by VTS": by_vts(
        "milvus", [{"source": "a"}, {"source": "b", "destination": "a", "destDatabase": "e"}]
    ),
    "by the cloud, and said so": of(
        {"qdrant": EXTERNAL["qdrant"]}, OLD, collections=BOOKS, engine="Cloud", load=False
    ),
    **{f"{name} into a cluster": of({name: source}, OLD, collections=BOOKS) for name, source in EXTERNAL.items()},
    "qdrant into a new cluster": of({"qdrant": EXTERNAL["qdrant"]}, NEW, collections=BOOKS),
    "Elastic Cloud": of({"elasticsearch": {"cloudId": "demo:ZXU=", **SECRET}}, OLD, collections=BOOKS),
    "files in a bucket": of(FILES, OLD),
    "files in a volume": of({"milvusBackup": {"volume": {"name": "v", "path": "backup/"}}}, OLD),
    "a cluster into a cluster": of(CLUSTER, OLD),
    "collections of a cluster": of(CLUSTER, OLD, collections=[{"database": "d", "source": "a", "destDatabase": "e"}]),
    "a cluster into a new cluster": of(CLUSTER, NEW),
    "a database into a new cluster": of(CLUSTER, NEW, collections=[{"database": "d", "destDatabase": "e"}]),
    "without downtime": of(CLUSTER, NEW, mode="ZeroDowntime"),
    "a database of another organisation": of(
        {"zillizExternal": EXTERNAL["zillizExternal"]}, OLD, collections=[{"database": "d", "source": "a"}]
    ),
    "adopted": of(adopt={"jobId": "job-1"}),
    "adopted, without downtime": of(adopt={"jobId": "job-1"}, mode="ZeroDowntime"),
    "adopted, into a cluster": of(None, OLD, adopt={"jobId": "job-1"}),
}

BAD: dict[str, tuple[Spec, str]] = {
    "no source": (of(None, OLD, collections=BOOKS), "name exactly one source of milvus, "),
    "an empty source": (of({}, OLD, collections=BOOKS), "name exactly one source of milvus, "),
    "two sources": (of({**CLUSTER, **FILES}, OLD), "name exactly one source of milvus, "),
    "no target": (of(CLUSTER), "name exactly one target"),
    "two targets": (of(CLUSTER, {**OLD, **NEW}), "name exactly one target"),
    "an empty target": (of(CLUSTER, {}), "name exactly one target"),
    "files nowhere": (of({"milvusBackup": {}}, OLD), "objectStorage or volume"),
    "files in two places": (
        of({"milvusBackup": {**FILES["milvusBackup"], "volume": {"name": "v", "path": "p"}}}, OLD),
        "objectStorage or volume",
    ),
    "elasticsearch nowhere": (
        of({"elasticsearch": SECRET}, OLD, collections=BOOKS),
        "exactly one of cloudId and uri",
    ),
    "elasticsearch in two places": (
        of({"elasticsearch": {**EXTERNAL["elasticsearch"], "cloudId": "c"}}, OLD, collections=BOOKS),
        "exactly one of cloudId and uri",
    ),
    **{
        f"a login in the uri of {name}": (
            of({name: {**source, "uri": "https://me:secret@example.com"}}, OLD, collections=BOOKS),
            "takes no user and no password",
        )
        for name, source in EXTERNAL.items()
        if "uri" in source
    },
    "files into a new cluster": (of(FILES, NEW), "name target.clusterId"),
    "some of the files": (of(FILES, OLD, collections=BOOKS), "leave out collections"),
    "a cluster into itself": (of(CLUSTER, {"clusterId": "in01-a"}), "the same cluster"),
    "without downtime into an old cluster": (of(CLUSTER, OLD, mode="ZeroDowntime"), "ZeroDowntime migrates all"),
    "some without downtime": (of(CLUSTER, NEW, mode="ZeroDowntime", collections=BOOKS), "ZeroDowntime migrates all"),
    "another vendor without downtime": (
        of({"pinecone": SECRET}, NEW, mode="ZeroDowntime", collections=BOOKS),
        "ZeroDowntime migrates all",
    ),
    "all of another vendor's": (of({"pinecone": SECRET}, OLD), "name the collections to migrate"),
    "an empty entry": (of(CLUSTER, OLD, collections=[{"destDatabase": "d"}]), "names its source"),
    "one name for a whole database": (
        of(CLUSTER, OLD, collections=[{"database": "d", "destination": "x"}]),
        "names its source",
    ),
    "a whole database of another organisation": (
        of({"zillizExternal": EXTERNAL["zillizExternal"]}, OLD, collections=[{"database": "d"}]),
        "whole databases come from a zillizCluster only",
    ),
    "a database of a vendor that has none": (
        of({"qdrant": EXTERNAL["qdrant"]}, OLD, collections=[{"database": "d", "source": "a"}]),
        "only collections of a zillizCluster or zillizExternal have a database",
    ),
    "eleven collections": (of(CLUSTER, OLD, collections=[{"source": f"c{i}"} for i in range(11)]), "10 items"),
    "a cluster by VTS": (of(CLUSTER, OLD, engine="VTS"), "engine VTS reads one of milvus, "),
    "files by VTS": (of(FILES, OLD, engine="VTS"), "engine VTS reads one of milvus, "),
    "another organisation by VTS": (
        of({"zillizExternal": EXTERNAL["zillizExternal"]}, OLD, engine="VTS", collections=BOOKS),
        "engine VTS reads one of milvus, ",
    ),
    "adopted by VTS": (of(adopt={"jobId": "job-1"}, engine="VTS"), "adopts nothing"),
    "adopted by VTS with a source": (by_vts("qdrant", adopt={"jobId": "job-1"}), "adopts nothing"),
    "into a new cluster by VTS": (by_vts("qdrant", target=NEW), "a cluster that exists"),
    "a name that no collection has, by VTS": (by_vts("qdrant", [{"source": "my-books"}]), "another destination"),
    "a destination that no collection has, by VTS": (
        by_vts("pinecone", [{"source": "a", "destination": "my-books"}]),
        "another destination",
    ),
    "a destination with a digit in front, by VTS": (
        by_vts("qdrant", [{"source": "a", "destination": "1a"}]),
        "another destination",
    ),
    "one destination twice by VTS": (
        by_vts("qdrant", [{"source": "a"}, {"source": "b", "destination": "a", "destDatabase": "default"}]),
        "the same destination",
    ),
    "no database of PostgreSQL by VTS": (
        of({"postgresql": {"uri": "postgresql://pg:5432", **SECRET}}, OLD, engine="VTS", collections=BOOKS),
        "name the database of a postgresql",
    ),
    "no database of Tencent by VTS": (
        of({"tencentVectorDB": EXTERNAL["tencentVectorDB"]}, OLD, engine="VTS", collections=BOOKS),
        "name the database of a postgresql",
    ),
    **{
        f"{name} without VTS": (
            of({source: {**EXTERNAL[source], **part}}, OLD, collections=[{**BOOKS[0], **one}], **more),
            "for engine VTS only",
        )
        for name, source, part, one, more in (
            ("load", "qdrant", {}, {}, {"load": True}),
            ("worker", "qdrant", {}, {}, {"worker": WORKER, "engine": "Cloud"}),
            ("metricType", "qdrant", {}, {"metricType": "IP"}, {}),
            ("schema", "postgresql", {"schema": "s"}, {}, {}),
            ("mergeNamespaces", "pinecone", {"mergeNamespaces": False}, {}, {}),
            ("a database of Tencent", "tencentVectorDB", {"database": "d"}, {}, {}),
            ("a user of Tencent", "tencentVectorDB", {"username": "u"}, {}, {}),
        )
    },
    "a size that no cluster has": (
        of(CLUSTER, {"newCluster": {**NEW["newCluster"], "cuSize": 0}}),
        "greater than or equal to 1",
    ),
}
