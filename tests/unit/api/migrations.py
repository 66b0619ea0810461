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


def of(source: Spec | None = None, target: Spec | None = None, **more: Any) -> Spec:
    """A spec of these parts; None leaves one out."""
    parts = {"source": source, "target": target, **more}
    return {name: part for name, part in parts.items() if part is not None}


GOOD: dict[str, Spec] = {
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
    "a size that no cluster has": (
        of(CLUSTER, {"newCluster": {**NEW["newCluster"], "cuSize": 0}}),
        "greater than or equal to 1",
    ),
}
