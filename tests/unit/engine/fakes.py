"""Stateful fakes of what the engine stands on: a shelf with one Kubernetes object, events, a kind, accounts."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar

from zilliz_jobs.api.backupjob import BACKUP_JOB, BackupJobSpec
from zilliz_jobs.cloud.errors import Unauthorised
from zilliz_jobs.cloud.words import JobType
from zilliz_jobs.control.objects import key_of
from zilliz_jobs.core.observation import Accepted, Blocked, Prepared
from zilliz_jobs.core.plan import SUBMIT_STEP
from zilliz_jobs.core.snapshot import Link, RetryRule, Traits
from zilliz_jobs.jobs.entry import JobEntry
from zilliz_jobs.kinds.base import AnyKind, JobKind, SubmitContext
from zilliz_jobs.kube.errors import Conflict, HandleConflict, KubeError, NotFound, Unavailable

Body = dict[str, Any]


def backup(name: str = "one", *, uid: str = "u1", version: int = 1, spec: Body | None = None, **more: Any) -> Body:
    """A BackupJob as a watch tells of it; `more`: status, annotations, labels, finalizers, ..."""
    meta = {"name": name, "namespace": "ns", "uid": uid, "resourceVersion": str(version), "generation": 1}
    meta |= {
        key: more.pop(key) for key in ("annotations", "labels", "finalizers", "deletionTimestamp") if key in more
    }
    meta["creationTimestamp"] = "2026-03-01T12:00:00Z"
    body = {"apiVersion": "jobs.zilliz.com/v1alpha1", "kind": "BackupJob", "metadata": meta}
    return body | {"spec": {"clusterId": "in01"} | (spec or {})} | more


def entry(body: Body | None = None, kind: AnyKind | None = None) -> JobEntry:
    """What the cache keeps of an object that it just heard of."""
    body = body or backup()
    return JobEntry(key_of(body), body["metadata"]["uid"], kind or Kind([]))


class ListState:
    """One object of the API server, as StatusWriter, Finalizers and Objects show it: for tests of one pass, which say
    of each single call what becomes of it. What those three themselves do is tested on the stand-in.

    `faults[method]` are used up one by one: "before" loses the answer and does nothing, "after" does it and loses the
    answer, None is no fault, an exception is raised, a callable is called first.
    """

    def __init__(self, body: Body, story: list[str] | None = None) -> None:
        self.body: Body | None = copy.deepcopy(body)
        self.story: list[str] = [] if story is None else story
        self.faults: defaultdict[str, list[Any]] = defaultdict(list)
        self.writes = 0

    def edit(self, **meta: Any) -> None:
        """Somebody else changes the object."""
        assert self.body is not None
        self.body = copy.deepcopy(self.body)
        self.body["metadata"] |= meta
        self._bump()

    @property
    def status(self) -> Body:
        assert self.body is not None
        found: Body = self.body.get("status") or {}
        return found

    async def write(self, _resource: Any, body: Body, status: Body, *, clean: bool = False) -> Body:
        return self._do("write", body, lambda live: live | {"status": status}, versioned=True)

    async def write_handle(self, _resource: Any, body: Body, status: Body, token: str) -> Body:
        def record(live: Body) -> Body:
            found = (live.get("status") or {}).get("submission") or {}
            same = live["metadata"]["uid"] == body["metadata"]["uid"]
            if not same or found.get("token") != token or found.get("evidence") != "Sending":
                raise HandleConflict("another record", copy.deepcopy(live))
            return live | {"status": status}

        return self._do("write_handle", body, record, versioned=False)

    async def add(self, _resource: Any, body: Body, finalizer: str) -> Body | None:
        return self._do("add_finalizer", body, lambda live: _finalizers(live, [finalizer]), versioned=True)

    async def remove(self, _resource: Any, body: Body, _finalizer: str) -> Body | None:
        return self._do("remove_finalizer", body, lambda live: _finalizers(live, []), versioned=True)

    async def get(self, _resource: Any, _namespace: str, _name: str) -> Body:
        return self._do("get", None, lambda live: live, versioned=False)

    async def delete(self, _resource: Any, _body: Body) -> None:
        self.story.append("delete")
        self.body = None

    def _do(self, what: str, body: Body | None, change: Callable[[Body], Body], *, versioned: bool) -> Body:
        fault = self.faults[what].pop(0) if self.faults[what] else None
        if callable(fault):
            fault()
            fault = None
        if isinstance(fault, KubeError):
            raise fault
        if fault == "before":
            raise Unavailable("lost before")
        if self.body is None:
            raise NotFound("gone")
        if versioned and body and body["metadata"]["resourceVersion"] != self.body["metadata"]["resourceVersion"]:
            raise Conflict("changed")
        changed = change(self.body)
        if changed is not self.body:
            self.story.append(what)
            self.body = copy.deepcopy(changed)
            self._bump()
            self.writes += 1
        if fault == "after":
            raise Unavailable("lost after")
        return copy.deepcopy(self.body)

    def _bump(self) -> None:
        assert self.body is not None
        meta = self.body["metadata"]
        meta["resourceVersion"] = str(int(meta["resourceVersion"]) + 1)


def _finalizers(live: Body, names: list[str]) -> Body:
    return live | {"metadata": live["metadata"] | {"finalizers": names}}


class Events(list[tuple[str, str, str]]):
    def post(
        self, _body: Body, kind: str, reason: str, message: str, *, once_per: str | None = None, logged: bool = False
    ) -> None:
        self.append((kind, reason, message))


class Crds:
    def __init__(self) -> None:
        self.doubts: list[str] = []
        self.closed: Blocked | None = None

    def gate(self, _kind: str) -> Blocked | None:
        return self.closed

    def doubt(self, kind: str, _why: str) -> None:
        self.doubts.append(kind)


class NoProjects:
    """Those that a key shows which is none."""

    async def list(self) -> Any:
        raise Unauthorised("cannot list projects: bad key")


class Kind(JobKind[BackupJobSpec]):
    """Does what the test says, and tells the story."""

    resource: ClassVar[Any] = BACKUP_JOB
    traits: ClassVar[Traits] = Traits(can_cancel=True, retry=RetryRule.RESUBMIT)
    job_type = JobType.BACKUP

    def __init__(self, story: list[str], **answers: Any) -> None:
        self.story = story
        self.answers: dict[str, list[Any]] = {
            "prepare": [],
            "submit": [],
            "look": [],
            "read": [],
            "cancel": [],
        } | answers
        self.submitting: Callable[[], Any] | None = None

    def target(self, spec: BackupJobSpec) -> str:
        return spec.cluster_id

    def description(self, spec: BackupJobSpec) -> str:
        return "Back up"

    def submission_lock(self, spec: BackupJobSpec, step: str = SUBMIT_STEP) -> str:
        return f"backup/{spec.cluster_id}"

    async def baseline(self, *_: Any) -> Any:
        raise AssertionError("prepare is scripted")

    async def prepare(self, _account: Any, _spec: Any, context: SubmitContext, *, holder: str) -> Any:
        self.story.append("prepare")
        return self._answer("prepare", Prepared(context.token, holder, {"backups": []}))

    async def submit(self, _account: Any, _spec: Any, request: Any) -> Any:
        try:
            request.fence()
        except Exception:
            self.story.append("fence closed")
            raise
        self.story.append("POST")
        if self.submitting is not None:
            await self.submitting()
        return self._answer("submit", Accepted({"jobId": "job-1", "backupId": "b-1"}))

    async def find(self, *_: Any) -> Any:
        raise AssertionError("look is scripted")

    async def look(self, _account: Any, _spec: Any, _submission: Any, free: Callable[[str], bool]) -> Any:
        self.story.append("look")
        answer = self._answer("look", None)
        return answer(free) if callable(answer) else answer

    async def observe(self, *_: Any) -> Any:
        raise AssertionError("read is scripted")

    async def read(self, *_: Any) -> Any:
        self.story.append("read")
        return self._answer("read", None)

    async def cancel(self, *_: Any) -> Any:
        self.story.append("cancel")
        return self._answer("cancel", None)

    def _answer(self, verb: str, default: Any) -> Any:
        left = self.answers[verb]
        return left.pop(0) if left else default


class Accounts:
    """The connections, all of them good."""

    def __init__(self) -> None:
        self.suspected: list[Any] = []
        self.now = Link(console=True, settle_seconds=0)

    def link(self, _key: Any, *, parting: bool = False) -> Link:
        return self.now

    async def account(self, _key: Any, *, parting: bool = False) -> Any:
        return SimpleNamespace(session=SimpleNamespace(projects=NoProjects()))

    def suspect(self, key: Any) -> bool:
        self.suspected.append(key)
        return False


def kinds(kind: AnyKind) -> dict[str, AnyKind]:
    return {kind.resource.kind: kind}
