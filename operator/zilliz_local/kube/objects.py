"""Answers requests about objects: one method per verb, from a route to bytes.

`writer`, `listing` and `watching` do the work; `server` speaks HTTP.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zilliz_local.kube.accept import Form
from zilliz_local.kube.conversion import shown
from zilliz_local.kube.listing import Lister, selection
from zilliz_local.kube.options import delete_options, write_options
from zilliz_local.kube.patching import APPLY, JSON_PATCH, MERGE, STRATEGIC
from zilliz_local.kube.protobuf import MEDIA, read_protobuf
from zilliz_local.kube.record import Body, encode
from zilliz_local.kube.refusal import (
    about,
    bad_request,
    method_not_allowed,
    not_found,
    page_missing,
    unsupported_media,
)
from zilliz_local.kube.route import Route
from zilliz_local.kube.store import Store
from zilliz_local.kube.writer import Writer, Written

NO_APPLY = (
    "server-side apply is not served by this local stand-in, for it keeps no field managers; "
    "use client-side apply (kubectl apply --server-side=false)"
)
UNKNOWN_FORMAT = "the body of the request was in an unknown format - accepted media types include:"
PLAIN = ("application/json", "application/octet-stream")
RETURNED = ("Namespace", "ServiceAccount")


@dataclass(frozen=True, slots=True)
class Answer:
    """A status code, JSON bytes and what to warn of."""

    raw: bytes
    code: int = 200
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What came with a request besides its path. `include` is includeObject, for the Table form."""

    query: Mapping[str, str]
    form: Form = field(default_factory=Form)
    content_type: str = "application/json"
    raw: bytes = b""

    @property
    def include(self) -> str:
        return self.query.get("includeObject") or "Metadata"

    def body(self) -> Any:
        """The object sent as JSON or, for some core kinds, protobuf; other encodings are refused with 415."""
        if not self.raw:
            return None
        if self.content_type == MEDIA:
            return read_protobuf(self.raw)
        if self.content_type not in PLAIN:
            raise unsupported_media(f"{UNKNOWN_FORMAT} application/json")
        return self.parsed()

    def parsed(self) -> Any:
        try:
            return json.loads(self.raw) if self.raw else None
        except ValueError as error:
            raise bad_request(f"the object provided is unrecognized: json parse error: {error}") from error


class Objects:
    """The verbs."""

    def __init__(self, store: Store, writer: Writer, lister: Lister) -> None:
        self._store, self._writer, self._lister = store, writer, lister

    def answer(self, verb: str, route: Route, asked: Asked) -> Answer:
        """Do what a request asks for. Raises a `RefusalError`."""
        match verb:
            case "get":
                return self._get(route, asked)
            case "list":
                return Answer(self._lister.many(route, asked.query, asked.form))
            case "create":
                return self._create(route, asked)
            case "update":
                options = write_options(asked.query, "UpdateOptions")
                return self._written(route, asked, self._writer.update(route, asked.body(), options))
            case "patch":
                return self._patch(route, asked)
            case "delete":
                return self._delete(route, asked)
            case "deletecollection":
                return self._delete_many(route, asked)
            case _:
                raise method_not_allowed()

    def _get(self, route: Route, asked: Asked) -> Answer:
        record = self._store.get(route.resource.key, route.namespace, route.name)
        if record is None or not route.served:
            raise not_found(route.resource.group, route.resource.plural, route.name)
        return Answer(self._lister.one(route.resource, record, asked.form, asked.include))

    def _create(self, route: Route, asked: Asked) -> Answer:
        if route.resource.namespaced and not route.namespace:
            raise page_missing() if route.resource.custom else method_not_allowed()
        body, options = asked.body(), write_options(asked.query, "CreateOptions")
        return self._written(route, asked, self._writer.create(route, body, options))

    def _patch(self, route: Route, asked: Asked) -> Answer:
        options, kind = write_options(asked.query, "PatchOptions"), asked.content_type
        if kind in APPLY:
            raise unsupported_media(NO_APPLY)
        known = (JSON_PATCH, MERGE) if route.resource.custom else (JSON_PATCH, MERGE, STRATEGIC)
        if kind not in known:
            raise unsupported_media(f"{UNKNOWN_FORMAT} {', '.join((*known, APPLY[0]))}")
        return self._written(route, asked, self._writer.patch(route, kind, asked.parsed(), options))

    def _delete(self, route: Route, asked: Asked) -> Answer:
        options = delete_options(asked.query, asked.body())
        written = self._writer.delete(route, options)
        if not written.gone or route.resource.kind in RETURNED:
            return self._written(route, asked, written)
        details = about(route.resource.group, route.resource.plural, route.name, uid=written.record.meta["uid"])
        success = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
        return Answer(encode(success))

    def _delete_many(self, route: Route, asked: Asked) -> Answer:
        options = delete_options(asked.query, asked.body())
        resource = route.resource
        records = self._lister.select(resource, selection(route, asked.query))
        for record in records:
            if self._store.get(resource.key, record.namespace, record.name):
                self._writer.delete(Route(resource, record.namespace, record.name), options)
        listed: Body = {
            "kind": resource.list_kind,
            "apiVersion": resource.api_version,
            "metadata": {"resourceVersion": str(self._store.version)},
            "items": [shown(resource, record) for record in records],
        }
        return Answer(encode(listed))

    def _written(self, route: Route, asked: Asked, written: Written) -> Answer:
        raw = self._lister.one(route.resource, written.record, asked.form, asked.include)
        return Answer(raw, 201 if written.made else 200, written.warnings)
