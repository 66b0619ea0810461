"""The data plane's REST, version 2, in front of a Milvus that is too old to have it: a program for the interpreter of
`make vts-data`. Each request is passed on by gRPC, one to one; `rest.py <port> <uri of the Milvus>`."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pymilvus import MilvusClient, MilvusException

STATES = {"Loaded": "LoadStateLoaded", "Loading": "LoadStateLoading", "NotLoad": "LoadStateNotLoad"}


def answer(target: MilvusClient, path: str, told: dict[str, Any]) -> Any:
    name = told.get("collectionName") or ""
    match path.removeprefix("/v2/vectordb/").split("/"):
        case ["collections", "list"]:
            return target.list_collections()
        case ["collections", "describe"]:
            return described(target, name)
        case ["collections", "flush"]:
            target._get_connection().flush([name])
        case ["collections", "load"]:
            target._get_connection().load_collection(name, _async=True)
        case ["collections", "release"]:
            target.release_collection(name)
        case ["collections", "get_load_state"]:
            return {"loadState": state_of(target, name)}
        case ["indexes", "create"]:
            for one in told["indexParams"]:
                index = target.prepare_index_params()
                kind = {"index_type": one["indexType"], "metric_type": one["metricType"]}
                index.add_index(one["fieldName"], index_name=one["indexName"], **kind)
                target.create_index(name, index)
        case ["entities", "query"]:
            fields = told["outputFields"]
            return [dict(row) for row in target.query(name, "", output_fields=fields, consistency_level="Strong")]
        case _:
            raise LookupError(path)
    return {}


def described(target: MilvusClient, name: str) -> Any:
    told = target.describe_collection(name)
    indexes = [target.describe_index(name, one) for one in target.list_indexes(name)]
    return {
        "collectionName": name,
        "description": told["description"],
        "load": state_of(target, name),
        "fields": [{"name": one["name"], "type": word(one["type"].name)} for one in told["fields"]],
        "indexes": [{"fieldName": one["field_name"], "indexName": one["index_name"]} for one in indexes],
    }


def word(name: str) -> str:
    """FLOAT_VECTOR as the REST says it."""
    return {"VARCHAR": "VarChar"}.get(name, "".join(part.capitalize() for part in name.split("_")))


def state_of(target: MilvusClient, name: str) -> str:
    return STATES[str(target.get_load_state(name)["state"]).rpartition(".")[2]]


class Handler(BaseHTTPRequestHandler):
    target: MilvusClient

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        try:
            said, status = {"code": 0, "data": answer(self.target, self.path, told)}, 200
        except MilvusException as error:
            said, status = {"code": error.code, "message": error.message}, 200
        except LookupError as error:
            said, status = {"code": 404, "message": str(error)}, 404
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


if __name__ == "__main__":
    Handler.target = MilvusClient(uri=sys.argv[2])
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
