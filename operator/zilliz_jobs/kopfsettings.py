"""kopf's settings: no rights and no requests but those for lists and watches, and nothing kept beside an object."""

from __future__ import annotations

from typing import Any

import kopf

from zilliz_jobs.api.model import GROUP

WATCH_SECONDS = 100
"""For so long the API server serves one watch, which is then opened anew where it ended."""


def configure(settings: kopf.OperatorSettings, plural: str = "", selector: str = "") -> None:
    """Of the operator of the process, and of those of single kinds. `selector`: the API server lists and watches only
    objects of the kind with these labels; empty: all."""
    if selector:
        settings.watching.label_selectors[GROUP, plural] = selector
    settings.posting.enabled = False  # the engine posts its own events, each once
    settings.scanning.disabled = True  # no rights on CRDs and namespaces needed
    settings.watching.server_timeout = WATCH_SECONDS
    settings.watching.client_timeout = WATCH_SECONDS + 10
    settings.watching.connect_timeout = 10
    settings.watching.inactivity_timeout = 70  # bookmarks come every minute; a silent watch is opened anew
    settings.watching.chunk_size = 200  # objects; what a part of a list takes while it is parsed is not given back
    settings.queueing.idle_timeout = 0.01  # events do not depend on one another, so no task waits beside its object
    settings.networking.request_timeout = 15
    settings.persistence.finalizer = f"{GROUP}/kopf"  # never set: on.event needs none
    settings.persistence.diffbase_storage = _NoDiffs()
    settings.persistence.progress_storage = _NoProgress()


class _NoDiffs(kopf.DiffBaseStorage):
    """`on.event` asks for no differences; to work them out is most of what the first list of a cluster costs."""

    def build(self, *, body: kopf.Body, extra_fields: Any = None) -> kopf.BodyEssence:
        return kopf.BodyEssence()

    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        """Nothing is kept."""


class _NoProgress(kopf.ProgressStorage):
    """No handler has progress that must outlive the process."""

    def fetch(self, *, key: Any, body: kopf.Body) -> None:
        return None

    def store(self, *, key: Any, record: Any, body: kopf.Body, patch: kopf.Patch) -> None:
        """Nothing is kept."""

    def purge(self, *, key: Any, body: kopf.Body, patch: kopf.Patch) -> None:
        """Nothing is kept."""

    def touch(self, *, body: kopf.Body, patch: kopf.Patch, value: str | None) -> None:
        """Nothing is kept."""

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        return essence
