"""Which entries hold API keys: one that is overlooked is sent to whatever host a job's author names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from zilliz_jobs.accounts.apikeys import ApiKeyEntry, ApiKeys, entries_of
from zilliz_jobs.kube.errors import KubeError, Unavailable

Body = dict[str, Any]


def connection(spec: Any) -> Body:
    return {"metadata": {"name": "c", "namespace": "ns", "uid": "u"}, "spec": spec}


@pytest.mark.parametrize(
    ("case", "ref", "guarded"),
    [
        ("a reference", {"name": "s", "key": "k"}, {("s", "k")}),
        ("without the key, which is apiKey then", {"name": "s"}, {("s", "apiKey")}),
        ("the key is no text: any entry may be it", {"name": "s", "key": 7}, {("s", None)}),
        ("a bare name", "s", {("s", None)}),
        ("several of them", [{"name": "s"}, {"name": "t", "key": "k"}], {("s", None), ("t", None), ("k", None)}),
        ("a field that a newer CRD has", {"name": "s", "key": "k", "optional": True}, {("s", "k")}),
        ("deeper", {"secret": {"name": ["s"]}}, {("s", None)}),
        ("none", None, set()),
        ("a number", 3, set()),
    ],
)
def test_each_name_in_whatever_shape_is_guarded(case: str, ref: Any, guarded: set[tuple[str, str | None]]) -> None:
    spec = {"cloud": "Mars", "importApi": [], "credentialsSecretRef": ref}  # the rest is no spec either
    assert {(entry.secret, entry.key) for entry in entries_of(connection(spec))} == guarded, case


@pytest.mark.parametrize("spec", [None, "text", [], {}])
def test_a_connection_without_a_spec_is_no_error(spec: Any) -> None:
    assert entries_of(connection(spec)) == frozenset()


def test_an_entry_that_cannot_be_told_guards_the_whole_secret() -> None:
    assert ApiKeyEntry("s", None).is_among("s", ["accessKey"])
    assert ApiKeyEntry("s", "apiKey").is_among("s", ["apiKey", "uri"])
    assert not ApiKeyEntry("s", "apiKey").is_among("s", ["accessKey"])
    assert not ApiKeyEntry("s", None).is_among("t", ["accessKey"])


class Listing:
    def __init__(self, *bodies: Body, breaks: bool = False) -> None:
        self.bodies, self.breaks, self.asked = list(bodies), breaks, []
        self.unknown = ""

    async def list_all(
        self, resource: Any, namespace: str | None = None, *, not_older_than: str = ""
    ) -> AsyncIterator[Body]:
        self.asked.append((resource.kind, namespace, not_older_than))
        if not_older_than and not_older_than == self.unknown:
            raise KubeError("Too large resource version")
        for body in self.bodies:
            yield body
        if self.breaks:
            raise Unavailable("the second page does not come")


async def test_the_list_is_read_at_each_asking_and_counts_beside_what_is_remembered() -> None:
    """Else a connection that was made a moment ago, or is just being made anew, would be open to a thief."""
    listing = Listing(connection({"credentialsSecretRef": {"name": "a"}}))
    gone = connection({"credentialsSecretRef": {"name": "gone"}})
    keys = ApiKeys(listing, lambda namespace: [gone] if namespace == "ns" else [])  # type: ignore[arg-type]
    assert {entry.secret for entry in await keys.of("ns")} == {"a", "gone"}
    listing.bodies.append(connection({"credentialsSecretRef": {"name": "new"}}))
    assert {entry.secret for entry in await keys.of("ns")} == {"a", "gone", "new"}
    assert listing.asked == [("ZillizConnection", "ns", "")] * 2


async def test_the_list_shows_what_was_there_when_the_job_was_written_or_else_what_is_there_now() -> None:
    listing = Listing(connection({"credentialsSecretRef": {"name": "a"}}))
    keys = ApiKeys(listing)  # type: ignore[arg-type]
    assert {entry.secret for entry in await keys.of("ns", since="7")} == {"a"}
    listing.unknown = "9"  # a history that is over
    assert {entry.secret for entry in await keys.of("ns", since="9")} == {"a"}
    assert [version for _, _, version in listing.asked] == ["7", "9", ""]


async def test_half_a_list_is_none() -> None:
    keys = ApiKeys(Listing(connection({"credentialsSecretRef": {"name": "a"}}), breaks=True))  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        await keys.of("ns")
