"""The controller of ProjectJobs. It keeps only those with an open request, or whose JobCenter is not known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from zilliz_jobs.api.jobcenter import JOB_CENTER
from zilliz_jobs.api.jsonbytes import packed, unpacked
from zilliz_jobs.api.projectjob import PROJECT_JOB
from zilliz_jobs.api.resource import Resource
from zilliz_jobs.control.controller import LATEST_SECONDS, Controller
from zilliz_jobs.control.objects import Body, Key, slim
from zilliz_jobs.control.workqueue import WorkQueue
from zilliz_jobs.jobcenter.forwarding import Forwarding
from zilliz_jobs.jobcenter.pages import Pages
from zilliz_jobs.jobcenter.rowreconciler import RowReconciler, is_quiet
from zilliz_jobs.jobcenter.rowwriter import center_uid

ORPHAN_SECONDS = 30.0


class ProjectJobController(Controller):
    """`center_of`: the uid of a JobCenter, None where the watch has not reported it. `orphan_seconds`: for so long a
    row waits for the event of its JobCenter."""

    resources: Mapping[str, Resource] = MappingProxyType({PROJECT_JOB.kind: PROJECT_JOB})

    def __init__(
        self,
        reconciler: RowReconciler,
        pages: Pages,
        forwarding: Forwarding,
        queue: WorkQueue[Key],
        *,
        center_of: Callable[[Key], str | None],
        orphan_seconds: float = ORPHAN_SECONDS,
    ) -> None:
        self._reconciler, self._pages, self._forwarding = reconciler, pages, forwarding
        self._queue, self._center_of = queue, center_of
        self._orphan_seconds = orphan_seconds
        self._asking: dict[Key, bytes] = {}

    def on_upsert(self, key: Key, body: Body, *, certain: bool = False) -> None:
        orphan = center_uid(body) is not None and self._center_of(center_key(body)) != center_uid(body)
        if is_quiet(body) and not orphan:
            self._drop(key)
            return
        self._asking[key] = packed(slim(body))
        # When all watches begin at once, the JobCenter may not be reported yet.
        self._queue.add(key, self._orphan_seconds if orphan and is_quiet(body) else 0.0)

    def on_delete(self, key: Key, body: Body) -> None:
        self._reconciler.forget(key, body["metadata"]["uid"])
        if self.uid(key) in (None, body["metadata"]["uid"]):
            self._drop(key)
        for page in [self._pages.get(center_key(body))] if body.get("spec") else self._pages:
            known = page.known.get(key.name) if page and page.key.namespace == key.namespace else None
            if page is not None and known is not None and known.uid == body["metadata"]["uid"]:
                del page.known[key.name]  # if the job still exists, the row is made again

    def uid(self, key: Key) -> str | None:
        body = self.body(key)
        return body["metadata"]["uid"] if body else None

    def body(self, key: Key) -> Body | None:
        raw = self._asking.get(key)
        body: Body | None = None if raw is None else unpacked(raw)
        return body

    def unfinished(self) -> Iterable[Key]:
        return list(self._asking)

    def known(self, kind: str) -> Mapping[Key, str]:
        shown = {
            Key(kind, page.key.namespace, name): row.uid for page in self._pages for name, row in page.known.items()
        }
        return shown | {key: uid for key in self._asking if (uid := self.uid(key)) is not None}

    def wake_all(self) -> None:
        for key in self._asking:
            self._queue.add(key)

    def rest(self) -> None:
        self._reconciler.rest()

    def wake_rows_of(self, uid: str) -> None:
        """A job object is gone: the requests on rows of its job go to the cloud now."""
        for key in self._forwarding.forget(uid):
            if key in self._asking:
                self._queue.add(key)

    async def reconcile(self, key: Key) -> None:
        body = self.body(key)
        if body is None:
            self._queue.succeeded(key)
            return
        if is_quiet(body) and self._center_of(center_key(body)) == center_uid(body):
            self._drop(key)  # its JobCenter was reported meanwhile
            return
        done = await self._reconciler.reconcile(body, self._queue.failures(key))
        if done.learnt:
            self._queue.succeeded(key)
        else:
            self._queue.failed(key)
        if key in self._asking:
            self._queue.add(key, LATEST_SECONDS if done.wake is None else done.wake)

    def _drop(self, key: Key) -> None:
        self._asking.pop(key, None)
        self._queue.forget(key)


def center_key(body: Body) -> Key:
    """The JobCenter that the row refers to."""
    ref = (body.get("spec") or {}).get("jobCenterRef")
    name = ref.get("name") if isinstance(ref, dict) else ""
    return Key(JOB_CENTER.kind, body["metadata"]["namespace"], str(name or ""))
