"""Rows between a real PostgreSQL with pgvector and a real Milvus: a program for the interpreter of `make vts-data`.

    rows.py seed <jdbc-free address> <table> <rows> <dimensions>   fills a table
    rows.py move <config.json>       moves what a config of the engine names, as the engine does: it inserts, never
                                     upserts, and makes no index, loads nothing, flushes nothing (measured)
    rows.py look <uri> <collection>  what is there: fields, description, indexes, whether it is loaded
    rows.py finish <uri> <collection>           flush, index, load: what the operator does after a run
    rows.py count <uri> <collection>            count(*) of a loaded collection
    rows.py sample <uri> <collection> <id>...   rows by their key

Each prints one JSON document.
"""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.parse import urlsplit

import pg8000.native
from pymilvus import DataType, MilvusClient, MilvusException

# ruff: noqa: S608 - the tables are those of a test

INTEGERS = {"bigint", "integer", "smallint"}


def vector_of(key: int, dimensions: int) -> list[float]:
    """A vector that tells its row, in numbers that a float of 32 bits holds exactly."""
    return [float((key * 31 + place * 7) % 1024) / 8 for place in range(dimensions)]


def connected(address: str, **login: str) -> Any:
    parts = urlsplit(address)
    return pg8000.native.Connection(
        login.get("user", "postgres"),
        host=parts.hostname,
        port=parts.port,
        database=parts.path.strip("/"),
        password=login.get("password"),
    )


def seed(address: str, table: str, rows: str, dimensions: str) -> Any:
    base = connected(address)
    base.run("CREATE EXTENSION IF NOT EXISTS vector")
    base.run(f'CREATE TABLE "{table}" (id bigint PRIMARY KEY, title text, v vector({dimensions}))')
    step = 2000
    for first in range(0, int(rows), step):
        keys = range(first, min(first + step, int(rows)))
        values = ",".join(f"({key},'title {key}','{vector_of(key, int(dimensions))}')" for key in keys)
        base.run(f'INSERT INTO "{table}" VALUES {values}')
    return {"rows": base.run(f'SELECT count(*) FROM "{table}"')[0][0]}


def move(path: str) -> Any:
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - a program of its own
        told = json.load(file)
    source, sink = told["source"][0], told["sink"][0]
    base = connected(source["url"].removeprefix("jdbc:"), user=source["user"], password=source["password"])
    target = MilvusClient(uri=sink["url"], token=sink["token"], db_name=sink["database"])
    moved = 0
    for one in source["table_list"]:
        _, schema, table = one["table_path"].split(".")
        columns = base.run(
            "SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a WHERE a.attnum > 0 AND"
            " a.attrelid = to_regclass(:name) ORDER BY a.attnum",
            name=f'"{schema}"."{table}"',
        )
        if not columns:
            print(json.dumps({"codes": ["API-06", "API-05"]}))
            raise SystemExit(1)
        name = sink["collection_rename"].get(table, table)
        if not target.has_collection(name):
            make(target, name, columns, sink["collection_description"].get(name, ""))
        moved += copy(base, target, f'"{schema}"."{table}"', name, columns, sink["batch_size"])
    return {"read": moved, "written": moved}


def make(target: MilvusClient, name: str, columns: list[list[str]], description: str) -> None:
    schema = target.create_schema(auto_id=False, description=description)
    for place, (field, kind) in enumerate(columns):
        if kind.startswith("vector("):
            schema.add_field(field, DataType.FLOAT_VECTOR, dim=int(kind[7:-1]))
        elif kind in INTEGERS:
            schema.add_field(field, DataType.INT64, is_primary=place == 0)
        else:
            schema.add_field(field, DataType.VARCHAR, max_length=65535)
    target.create_collection(name, schema=schema)


def copy(base: Any, target: MilvusClient, table: str, name: str, columns: list[list[str]], batch: int) -> int:
    count = 0
    base.run("BEGIN")
    base.run(f"DECLARE walk CURSOR FOR SELECT * FROM {table}")
    while found := base.run(f"FETCH {batch} FROM walk"):
        rows = [
            {
                field: json.loads(value) if kind.startswith("vector(") else value
                for (field, kind), value in zip(columns, row, strict=True)
            }
            for row in found
        ]
        count += target.insert(name, rows)["insert_count"]
    base.run("ROLLBACK")
    return count


def look(uri: str, name: str) -> Any:
    target = MilvusClient(uri=uri)
    told = target.describe_collection(name)
    return {
        "fields": {one["name"]: one["type"].name for one in told["fields"]},
        "description": told["description"],
        "indexes": target.list_indexes(name),
        "load": str(target.get_load_state(name)["state"]),
    }


def finish(uri: str, name: str) -> Any:
    target = MilvusClient(uri=uri)
    target.flush(name) if hasattr(target, "flush") else target._get_connection().flush([name])
    vectors = [one for one in target.describe_collection(name)["fields"] if one["type"] == DataType.FLOAT_VECTOR]
    for one in vectors:
        index = target.prepare_index_params()
        index.add_index(one["name"], index_type="AUTOINDEX", metric_type="COSINE")
        target.create_index(name, index)
    target.load_collection(name)
    return look(uri, name)


def count(uri: str, name: str) -> Any:
    return {"count": MilvusClient(uri=uri).query(name, "", output_fields=["count(*)"])[0]["count(*)"]}


def sample(uri: str, name: str, *keys: str) -> Any:
    rows = MilvusClient(uri=uri).query(name, f"id in [{','.join(keys)}]", output_fields=["*"])
    return [{**row, "v": [float(one) for one in row["v"]]} for row in rows]


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    try:
        print(
            json.dumps(
                {"seed": seed, "move": move, "look": look, "finish": finish, "count": count, "sample": sample}[
                    command
                ](*arguments)
            )
        )
    except MilvusException as error:
        sys.exit(f"Milvus: {error}")
