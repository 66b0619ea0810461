"""Lists are named for people, and one that a session does not have is refused in words."""

from __future__ import annotations

import pytest

from zilliz_jobs.cloud.errors import ProtocolMismatch
from zilliz_jobs.cloud.limiter import Limiter
from zilliz_jobs.cloud.lists import ListId, Source, paged
from zilliz_jobs.cloud.session import CloudSession


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (ListId(Source.CLUSTERS), "clusters"),
        (ListId(Source.BACKUPS, cluster_id="in01-1"), "backups of in01-1"),
        (ListId(Source.IMPORTS, project_id="proj-1", region_id="aws-1"), "imports of proj-1/aws-1"),
    ],
)
def test_a_list_is_named_by_what_it_is_of(wanted: ListId, words: str) -> None:
    assert str(wanted) == words


@pytest.mark.parametrize("source", [Source.CONSOLE, Source.IMPORTS_V1])
async def test_a_list_that_the_connection_does_not_have_is_told(source: Source) -> None:
    plain = CloudSession("https://api.cloud.zilliz.com", "key", limiter=Limiter(10))
    try:
        with pytest.raises(ProtocolMismatch, match=r"cannot list .* of in01-1: this connection has no such call"):
            paged(plain, ListId(source, cluster_id="in01-1"))
    finally:
        await plain.close()
