"""Accounts: what is wrong with a connection is said in words, a rotated key needs no restart, and nothing storms."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from zilliz_jobs.accounts.connections import PARTING_SECONDS, SECRET_SECONDS, SUSPECT_SECONDS, Connections
from zilliz_jobs.accounts.reconciler import new_status
from zilliz_jobs.accounts.sessions import RETIRED_SECONDS
from zilliz_jobs.cloud.errors import Rejected, Transient, Unauthorised
from zilliz_jobs.cloud.projects import Project
from zilliz_jobs.cloud.session import fingerprint
from zilliz_jobs.control.objects import Key
from zilliz_jobs.core.reasons import Reason
from zilliz_jobs.core.snapshot import Rules
from zilliz_jobs.kube.errors import Forbidden, KubeError, NotFound, Unavailable
from zilliz_jobs.kube.secrets import Secret

LABEL = {"jobs.zilliz.com/credentials": "true"}


def key(name: str = "default", namespace: str = "ns") -> Key:
    return Key("ZillizConnection", namespace, name)


def body(name: str = "default", *, uid: str = "u1", generation: int = 1, status: Any = None, **spec: Any) -> dict:
    wanted = {"cloud": "Global", "credentialsSecretRef": {"name": "zilliz"}} | spec
    if spec.get("endpoint"):
        del wanted["cloud"]
    meta = {"name": name, "namespace": "ns", "uid": uid, "generation": generation, "resourceVersion": "1"}
    return {"kind": "ZillizConnection", "metadata": meta, "spec": wanted, "status": status or {}}


class Vault:
    """The Secrets of a namespace."""

    def __init__(self) -> None:
        self.data: dict[str, Any] = {"apiKey": "key-of-the-first-day"}
        self.labels: dict[str, str] = dict(LABEL)
        self.error: KubeError | None = None
        self.reads = 0

    async def read(self, namespace: str, name: str) -> Secret:
        self.reads += 1
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        packed = {k: base64.b64encode(v.encode()).decode() for k, v in self.data.items()}
        return Secret(namespace, name, "u", "1", self.labels, packed)


class Session:
    """A session that answers as the cloud does."""

    def __init__(self, cloud: Cloud, endpoint: str, key_: str, limiter: Any, console_path: str | None) -> None:
        if "\n" in key_:
            raise Unauthorised("cannot use the API key")
        self.cloud, self.endpoint, self.key, self.limiter, self.console_path = (
            cloud,
            endpoint,
            key_,
            limiter,
            console_path,
        )
        self.closed = False
        self.projects = self

    async def list(self) -> list[Project]:
        self.cloud.checks += 1
        await asyncio.sleep(0)
        if self.cloud.error:
            raise self.cloud.error
        if self.key in self.cloud.revoked:
            raise Unauthorised("Invalid API key")
        return [Project(project_id="proj-1")]

    async def close(self) -> None:
        self.closed = True


class Cloud:
    def __init__(self) -> None:
        self.revoked: set[str] = set()
        self.error: Exception | None = None
        self.sessions: list[Session] = []
        self.checks = 0

    def make(
        self, endpoint: str, key_: str, *, console_path: str | None, v1_region: str | None, limiter: Any
    ) -> Session:
        self.sessions.append(Session(self, endpoint, key_, limiter, console_path))
        return self.sessions[-1]


class Bench:
    def __init__(self, **options: Any) -> None:
        self.vault, self.cloud, self.woken, self.now = Vault(), Cloud(), [], 1000.0
        self.connections = Connections(
            self.vault,  # type: ignore[arg-type]
            wake=self.woken.append,
            clock=lambda: self.now,
            make_session=self.cloud.make,  # type: ignore[arg-type]
            **options,
        )

    async def checked(self, name: str = "default", **spec: Any) -> Any:
        connection = self.connections.on_upsert(key(name), body(name, **spec))
        return await self.connections.check(connection)

    def problem(self, name: str = "default") -> Any:
        return self.connections.link(key(name)).problem


@pytest.fixture
def bench() -> Bench:
    return Bench()


class TestProblems:
    async def test_none(self, bench):
        assert await bench.checked() is None
        assert bench.problem() is None
        assert await bench.connections.account(key()) is not None

    async def test_an_unknown_one_says_what_to_create(self, bench):
        assert bench.problem().reason is Reason.CONNECTION_NOT_FOUND
        assert await bench.connections.account(key()) is None

    async def test_one_that_was_not_checked_yet_is_no_problem_of_a_person(self, bench):
        bench.connections.on_upsert(key(), body())
        assert "not checked" in bench.problem().message
        assert not bench.connections.get(key()).is_known

    @pytest.mark.parametrize(
        ("spoil", "reason"),
        [
            (lambda b: setattr(b.vault, "error", NotFound("")), Reason.SECRET_NOT_FOUND),
            (lambda b: setattr(b.vault, "error", Forbidden("no right")), Reason.KUBERNETES_REFUSED),
            (lambda b: setattr(b.vault, "error", Unavailable("down")), Reason.KUBERNETES_UNAVAILABLE),
            (lambda b: b.vault.labels.clear(), Reason.SECRET_NOT_LABELLED),
            (lambda b: b.vault.labels.update({"jobs.zilliz.com/credentials": "yes"}), Reason.SECRET_NOT_LABELLED),
            (lambda b: b.vault.data.clear(), Reason.SECRET_KEY_MISSING),
            (lambda b: b.vault.data.update(apiKey="  \n"), Reason.SECRET_KEY_MISSING),
            (lambda b: b.vault.data.update(apiKey="two\nlines"), Reason.KEY_REJECTED),
            (lambda b: b.cloud.revoked.add("key-of-the-first-day"), Reason.KEY_REJECTED),
            (lambda b: setattr(b.cloud, "error", Transient("down")), Reason.CLOUD_UNREACHABLE),
            (lambda b: setattr(b.cloud, "error", Rejected("no")), Reason.REJECTED),
        ],
    )
    async def test_each_is_said_in_words_and_heals_by_itself(self, bench, spoil, reason):
        spoil(bench)
        problem = await bench.checked()
        assert problem.reason is reason
        assert bench.problem().reason is Reason.CONNECTION_NOT_READY
        assert "ZillizConnection default" in bench.problem().message
        assert "key-of-the" not in problem.message
        bench.vault.error, bench.vault.labels, bench.vault.data = None, dict(LABEL), {"apiKey": "key-of-day-two"}
        bench.cloud.error = None
        assert await bench.connections.check(bench.connections.get(key())) is None
        assert bench.problem() is None

    @pytest.mark.parametrize(
        ("spec", "reason"),
        [
            ({"endpoint": "http://cloud.example"}, Reason.INSECURE_ENDPOINT),
            ({"endpoint": "https://user:pw@cloud.example"}, Reason.INVALID_SPEC),
            ({"endpoint": "https://cloud.example?key=pw"}, Reason.INSECURE_ENDPOINT),
            ({"endpoint": "https://cloud.example\n.evil.example"}, Reason.INSECURE_ENDPOINT),
            ({"endpoint": "HTTP://cloud.example"}, Reason.INSECURE_ENDPOINT),
            ({"importApi": "V1", "regionId": "evil.example/#"}, Reason.INVALID_SPEC),
            ({"importApi": "V1", "regionId": "x@evil.example"}, Reason.INVALID_SPEC),
            ({"consoleApi": {"enabled": True, "basePath": "@evil.example/"}}, Reason.INVALID_SPEC),
            ({"consoleApi": {"enabled": True, "basePath": "/{clusterId}"}}, Reason.INVALID_SPEC),
            ({"endpoint": "ftp://cloud.example"}, Reason.INSECURE_ENDPOINT),
            ({"projectId": "proj-9"}, Reason.PROJECT_NOT_VISIBLE),
            ({"requestsPerSecond": 1000}, Reason.INVALID_SPEC),
            ({"endpoint": "https://x", "cloud": "Global"}, None),
        ],
    )
    async def test_what_the_spec_has_wrong(self, bench, spec, reason):
        problem = await bench.checked(**spec)
        if reason is None:
            assert problem is None
        else:
            assert problem.reason is reason
            assert "pw" not in problem.message

    async def test_http_is_for_the_local_stand_in_only(self):
        refused = await Bench().checked(endpoint="http://127.0.0.1:8080")
        assert "docs/quickstart.md" in refused.message
        assert "ZILLIZ_JOBS_ALLOW_HTTP_ENDPOINTS=true" in refused.message
        assert await Bench(allow_http=True).checked(endpoint="http://127.0.0.1:8080") is None

    async def test_a_missing_secret_does_not_wake_its_own_check(self, bench):
        """It would be checked again at once, for ever."""
        bench.vault.error = NotFound("")
        await bench.checked()
        assert bench.woken == []


class TestOutage:
    async def test_it_says_nothing_of_a_key_that_was_good(self, bench):
        await bench.checked()
        bench.cloud.error = Transient("down")
        assert await bench.connections.check(bench.connections.get(key())) is None
        assert bench.problem() is None

    async def test_it_does_not_make_a_rejected_key_good(self, bench):
        await bench.checked()
        connection = bench.connections.get(key())
        bench.cloud.revoked.add("key-of-the-first-day")
        assert (await bench.connections.check(connection)).reason is Reason.KEY_REJECTED
        bench.cloud.error = Transient("down")
        assert await bench.connections.check(connection) is not None
        assert bench.problem() is not None

    async def test_kubernetes_being_away_does_not_stop_the_jobs_nor_is_it_asked_at_every_step(self, bench):
        await bench.checked()
        bench.vault.error, bench.now = Unavailable("down"), bench.now + SECRET_SECONDS + 1
        reads = bench.vault.reads
        for _ in range(50):
            assert await bench.connections.account(key()) is not None
        assert bench.vault.reads == reads + 1
        assert bench.problem() is None


class TestRotation:
    async def test_a_new_key_is_taken_and_checked_without_a_restart(self, bench):
        await bench.checked()
        bench.vault.data["apiKey"] = "key-of-the-second-day"
        bench.now += SECRET_SECONDS + 1
        account = await bench.connections.account(key())
        assert account.session.key == "key-of-the-second-day"
        assert bench.woken == [key()]
        assert bench.problem() is not None  # until it is checked
        assert await bench.connections.check(bench.connections.get(key())) is None
        assert bench.connections.get(key()).fingerprint == fingerprint("key-of-the-second-day")

    async def test_a_thousand_steps_read_the_secret_once_in_a_while(self, bench):
        await bench.checked()
        bench.now += SECRET_SECONDS + 1
        reads = bench.vault.reads
        await asyncio.gather(*(bench.connections.account(key()) for _ in range(1000)))
        assert bench.vault.reads == reads + 1

    async def test_the_sessions_of_old_keys_are_closed_when_their_requests_must_have_ended(self, bench):
        """One left open for each rotation fills the memory and the cloud's connections."""
        await bench.checked()
        first = bench.cloud.sessions[0]
        bench.vault.data["apiKey"] = "key-of-the-second-day"
        connection = bench.connections.get(key())
        await bench.connections.check(connection)
        bench.now += RETIRED_SECONDS - 1
        await bench.connections.check(connection)
        assert not first.closed  # a submission may be in flight on it
        bench.now += 2
        await bench.connections.check(connection)
        assert first.closed
        assert len(bench.connections._sessions) == 1
        assert len(bench.connections._sessions._limiters) == 1

    async def test_closing_closes_all(self, bench):
        await bench.checked("a")
        await bench.checked("b", endpoint="https://other.example")
        await bench.connections.close()
        assert all(session.closed for session in bench.cloud.sessions)
        assert len(bench.cloud.sessions) == 2


class TestSuspicion:
    async def test_a_thousand_rejections_are_one_check(self, bench):
        await bench.checked()
        bench.cloud.revoked.add("key-of-the-first-day")
        for _ in range(1000):
            bench.connections.suspect(key())
        assert bench.woken == [key()]
        assert bench.problem() is not None  # nobody asks the cloud until it is checked
        assert not bench.connections.get(key()).is_known
        assert (await bench.connections.check(bench.connections.get(key()))).reason is Reason.KEY_REJECTED
        bench.connections.suspect(key())
        assert bench.woken == [key()]

    async def test_a_good_key_that_may_not_see_one_thing_is_checked_once_in_a_while(self, bench):
        await bench.checked()
        for _ in range(10):
            bench.connections.suspect(key())
            await bench.connections.check(bench.connections.get(key()))
        assert len(bench.woken) == 1
        bench.now += SUSPECT_SECONDS + 1
        bench.connections.suspect(key())
        assert len(bench.woken) == 2

    async def test_an_outage_does_not_clear_a_suspicion(self, bench):
        await bench.checked()
        bench.connections.suspect(key())
        bench.cloud.error = Transient("down")
        assert await bench.connections.check(bench.connections.get(key())) is not None

    async def test_an_unknown_connection_is_not_suspected(self, bench):
        bench.connections.suspect(key())
        assert bench.woken == []


class TestSharing:
    async def test_connections_of_one_key_share_a_budget_and_the_smallest_holds(self, bench):
        await bench.checked("a", requestsPerSecond=20)
        await bench.checked("b", requestsPerSecond=5)
        a = (await bench.connections.account(key("a"))).session
        b = (await bench.connections.account(key("b"))).session
        assert a is b
        assert round(a.limiter.rate) == 5
        bench.now += SECRET_SECONDS + 1
        await bench.connections.account(key("a"))
        assert round(a.limiter.rate) == 5
        bench.connections.forget(key("b"), "u1")
        bench.now += SECRET_SECONDS + 1
        await bench.connections.account(key("a"))
        assert round(a.limiter.rate) == 20

    async def test_the_console_is_a_session_of_its_own_with_the_same_budget(self, bench):
        await bench.checked("a")
        await bench.checked("b", consoleApi={"enabled": True})
        a = (await bench.connections.account(key("a"))).session
        b = (await bench.connections.account(key("b"))).session
        assert (a.console_path, b.console_path) == (None, "/console/v1")
        assert a.limiter is b.limiter

    async def test_another_endpoint_is_another_budget(self, bench):
        await bench.checked("a")
        await bench.checked("b", endpoint="https://other.example")
        a = (await bench.connections.account(key("a"))).session
        b = (await bench.connections.account(key("b"))).session
        assert a.limiter is not b.limiter


class TestLife:
    async def test_an_echo_of_our_own_status_is_the_same_connection(self, bench):
        first = bench.connections.on_upsert(key(), body())
        assert bench.connections.on_upsert(key(), body(status={"endpoint": "x"})) is first
        assert bench.connections.on_upsert(key(), body(generation=2)) is not first
        assert bench.connections.on_upsert(key(), body(generation=2, uid="u2")).uid == "u2"

    async def test_a_late_deletion_of_a_predecessor_is_of_no_weight(self, bench):
        bench.connections.on_upsert(key(), body(uid="u2"))
        assert not bench.connections.forget(key(), "u1")
        assert bench.connections.get(key()) is not None
        assert bench.connections.forget(key(), "u2")
        assert not bench.connections.forget(key(), "u2")

    def test_a_key_stays_in_memory_for_as_long_as_a_clean_up_may_take(self):
        """Else the backup of a clone stays, and is paid for, since its namespace took the key along."""
        assert Rules().cleanup_seconds + Rules().cancel_on_delete < PARTING_SECONDS

    async def test_only_what_is_being_deleted_uses_the_key_of_a_connection_that_is_gone(self, bench):
        await bench.checked()
        bench.connections.forget(key(), "u1")
        assert bench.problem() is not None
        assert await bench.connections.account(key()) is None
        assert bench.connections.link(key(), parting=True).problem is None
        assert await bench.connections.account(key(), parting=True) is not None
        bench.now += 1000
        await bench.checked("other")
        assert bench.connections.link(key(), parting=True).problem is not None
        assert await bench.connections.account(key(), parting=True) is None

    async def test_and_the_key_of_a_secret_that_is_gone(self, bench):
        await bench.checked()
        bench.vault.error, bench.now = NotFound(""), bench.now + SECRET_SECONDS + 1
        assert await bench.connections.account(key()) is None
        assert bench.problem() is not None
        assert bench.connections.link(key(), parting=True).problem is None
        assert await bench.connections.account(key(), parting=True) is not None

    async def test_but_not_a_key_that_was_rejected(self, bench):
        bench.cloud.revoked.add("key-of-the-first-day")
        await bench.checked()
        assert bench.connections.link(key(), parting=True).problem is not None


class TestStatus:
    @pytest.mark.parametrize(
        "old", [{}, {"conditions": "odd"}, {"conditions": [{"type": 7}]}, {"observedGeneration": "x"}]
    )
    async def test_it_is_written_anew_whatever_somebody_wrote_there(self, bench, old):
        await bench.checked()
        connection = bench.connections.get(key())
        connection.body = body(status=old)
        status = new_status(connection, None, datetime(2026, 3, 1, tzinfo=UTC))
        assert [(c.type, c.status) for c in status.conditions] == [("Ready", "True")]
        assert status.key_fingerprint == fingerprint("key-of-the-first-day")
        assert "key-of-the" not in status.model_dump_json()
