"""If these fail, a submission is sent twice, a job is called gone, or a key leaks."""

import asyncio
import logging

import httpx2
import pytest
from tests.unit.cloud.stub import KEY, URL, data, failure, open_fence

from zilliz_jobs.cloud.effects import NotSent, Refused, Taken, Uncertain
from zilliz_jobs.cloud.errors import CloudError, FenceClosed, NotFound, ProtocolMismatch, Transient, Unauthorised
from zilliz_jobs.cloud.limiter import Limiter
from zilliz_jobs.cloud.transport import Timeouts, Transport
from zilliz_jobs.core.reasons import Reason


async def submit(transport, body=None, **options):
    defaults = {"token": "t-1", "fence": open_fence, "doing": "start x"}
    return await transport.effect("POST", "/v2/x/{id}/start", ids={"id": "a"}, body=body, **(defaults | options))


async def test_a_read_carries_the_key_and_leaves_out_what_is_not_given(transport, cloud):
    cloud.says({"a": 1})
    reply = await transport.read("POST", "/v2/x", params={"p": 1, "q": None}, body={"b": "c", "d": None})
    assert (reply.data, reply.request_id) == ({"a": 1}, "req-1")
    assert cloud.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    assert cloud.paths == ["/v2/x?p=1"]
    assert cloud.bodies == [{"b": "c"}]


async def test_an_id_stays_within_its_place_in_the_path(transport, cloud):
    cloud.says({})
    await transport.read("GET", "/v2/jobs/{jobId}", ids={"jobId": "../clusters/in01?x#y é"})
    assert cloud.paths == ["/v2/jobs/..%2Fclusters%2Fin01%3Fx%23y%20%C3%A9"]


@pytest.mark.parametrize("name", ["", ".", "..", " "])
async def test_an_id_that_is_none_is_never_sent(transport, cloud, name):
    with pytest.raises(NotFound, match="cannot read job"):
        await transport.read("GET", "/v2/jobs/{jobId}", ids={"jobId": name}, doing="read job")
    reply = await transport.effect("POST", "/v2/clusters/{c}/suspend", ids={"c": name}, token="t", fence=open_fence)
    assert isinstance(reply, Refused)
    assert cloud.requests == []


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx2.ConnectError("no route"), Transient),
        (httpx2.ConnectTimeout("slow"), Transient),
        (httpx2.ReadTimeout("slow"), Transient),
        (httpx2.RemoteProtocolError("closed"), Transient),
        (httpx2.PoolTimeout("full"), Transient),
        (httpx2.DecodingError("gzip"), ProtocolMismatch),
        (OSError("TLS alert"), Transient),
    ],
)
async def test_a_failing_network_says_nothing_about_a_job(transport, cloud, error, kind):
    cloud.says(error)
    with pytest.raises(kind, match=r"^cannot read x: ") as caught:
        await transport.read("GET", "/v2/x", doing="read x")
    assert len(cloud.requests) == 1, "the client must not repeat by itself"
    assert caught.value.reason in (Reason.CLOUD_UNREACHABLE, Reason.PROTOCOL_MISMATCH)


async def test_redirects_are_never_followed(transport, cloud):
    cloud.says(httpx2.Response(307, headers={"Location": "https://elsewhere.test/"}))
    with pytest.raises(ProtocolMismatch, match="redirect"):
        await transport.read("GET", "/v2/x")
    assert isinstance(await submit(transport), Uncertain)
    assert len(cloud.requests) == 2


async def test_an_effect_is_marked_and_gets_a_connection_of_its_own(transport, cloud):
    cloud.says({"jobId": "job-1"})
    reply = await submit(transport, {"b": "c"})
    assert isinstance(reply, Taken)
    assert reply.text("jobId") == "job-1"
    assert cloud.requests[0].headers["Idempotency-Key"] == "t-1"
    assert cloud.requests[0].headers["Connection"] == "close"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx2.ConnectError("no route"), NotSent),
        (httpx2.ConnectTimeout("slow"), NotSent),
        (httpx2.PoolTimeout("full"), NotSent),
        (httpx2.ReadTimeout("slow"), Uncertain),
        (httpx2.WriteError("reset"), Uncertain),
        (httpx2.ReadError("reset"), Uncertain),
        (httpx2.RemoteProtocolError("closed"), Uncertain),
        (httpx2.DecodingError("gzip"), Uncertain),
        (OSError("TLS alert"), Uncertain),
        (ValueError("a bug"), Uncertain),
    ],
)
async def test_only_what_never_left_is_called_not_sent(transport, cloud, error, kind):
    cloud.says(error)
    assert type(await submit(transport)) is kind
    assert len(cloud.requests) == 1


async def test_a_closed_fence_sends_nothing(transport, cloud):
    def closed():
        raise FenceClosed("the intent is 11 s old")

    reply = await submit(transport, fence=closed)
    assert reply == NotSent(Reason.NOT_SUBMITTED, "cannot start x: the intent is 11 s old")
    assert cloud.requests == []


async def test_a_fence_that_breaks_is_a_closed_fence(transport, cloud):
    reply = await submit(transport, fence=lambda: 1 / 0)
    assert isinstance(reply, NotSent)
    assert cloud.requests == []


@pytest.mark.parametrize("token", ["", "a\r\nb", "é", "x" * 129])
async def test_a_token_that_no_header_takes_is_a_bug_and_sends_nothing(transport, cloud, token):
    with pytest.raises(ValueError, match="token"):
        await submit(transport, token=token)
    assert cloud.requests == []


@pytest.mark.looptime
async def test_throttling_stops_the_key_and_effects_say_so_instead_of_waiting(cloud):
    cloud.says(failure(429, "rate limit", 429, **{"Retry-After": "60"}), data({}))
    transport = Transport(URL, KEY, Limiter(20), wire=httpx2.MockTransport(cloud.handle))
    with pytest.raises(Transient) as first:
        await transport.read("GET", "/v2/a")
    assert (first.value.reason, first.value.retry_after) == (Reason.RATE_LIMITED, 60)
    with pytest.raises(Transient) as second:
        await transport.read("GET", "/v2/b")
    reply = await submit(transport)
    assert isinstance(reply, NotSent)
    assert (second.value.reason, reply.reason) == (Reason.RATE_LIMITED, Reason.RATE_LIMITED)
    assert reply.retry_after == pytest.approx(60)
    assert len(cloud.requests) == 1
    await transport.close()


@pytest.mark.looptime
async def test_an_endless_answer_ends(cloud):
    async def forever(request):
        await asyncio.sleep(10_000)

    transport = Transport(URL, KEY, Limiter(20), timeouts=Timeouts(total=30), wire=httpx2.MockTransport(forever))
    with pytest.raises(Transient, match="no answer within 30 s"):
        await transport.read("GET", "/v2/a")
    assert isinstance(await submit(transport), Uncertain)
    await transport.close()


async def test_no_secret_leaves_this_layer(transport, cloud, caplog):
    """The cloud echoes everything that it was sent."""
    caplog.set_level(logging.DEBUG)
    secrets = {"accessKey": "AKIA-secret-1", "secretKey": "secret-2/+=", "token": "secret-3"}
    echo = " ".join([KEY, *secrets.values()])
    cloud.says(failure(80014, echo))
    reply = await submit(transport, {"objectUrls": [["s3://b/f"]]} | secrets)
    with pytest.raises(CloudError) as error:
        await transport.read("GET", "/v2/x", body=secrets)
    cloud.says(httpx2.ReadError(echo))
    unclear = await submit(transport, secrets)
    texts = [repr(reply), str(error.value), repr(error.value), repr(unclear), repr(transport), caplog.text]
    for secret in (KEY, *secrets.values()):
        assert not any(secret in text for text in texts), secret


@pytest.mark.parametrize("key", ["", "  ", "a b", "ключ", "a\nb", "a\x00b"])
async def test_a_key_that_can_be_none_is_rejected_before_any_call(key):
    with pytest.raises(Unauthorised) as error:
        Transport(URL, key, Limiter())
    assert key.strip() not in str(error.value) or not key.strip()


async def test_a_key_from_a_file_may_end_in_a_line_break(cloud):
    cloud.says({})
    transport = Transport(URL, KEY + "\n", Limiter(), wire=httpx2.MockTransport(cloud.handle))
    await transport.read("GET", "/v2/x")
    assert cloud.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    await transport.close()


async def test_a_closed_transport_sends_nothing_and_says_so(cloud):
    transport = Transport(URL, KEY, Limiter())
    await transport.close()
    with pytest.raises(Transient):
        await transport.read("GET", "/v2/x")
    assert isinstance(await submit(transport), NotSent)


async def test_the_clouds_clock_is_kept(transport, cloud):
    cloud.says(httpx2.Response(200, json={"code": 0}, headers={"Date": "Sun, 01 Mar 2026 10:00:00 GMT"}), data({}))
    assert transport.cloud_time is None
    first = await transport.read("GET", "/v2/x")
    second = await transport.read("GET", "/v2/x")
    assert first.cloud_time is not None
    assert second.cloud_time is None
    assert transport.cloud_time == first.cloud_time


async def test_a_cancelled_submission_stays_open_and_is_not_swallowed(cloud):
    """A shutdown in mid-flight: the caller must see the cancel, since the intent on record is now unresolved."""
    asked = asyncio.Event()

    async def forever(request):
        asked.set()
        await asyncio.Event().wait()

    transport = Transport(URL, KEY, Limiter(20), wire=httpx2.MockTransport(forever))
    sending = asyncio.create_task(submit(transport))
    await asked.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await transport.close()


async def test_names_from_a_manifest_cannot_forge_a_line_of_the_log(transport, cloud):
    cloud.says(failure(1, "x"))
    with pytest.raises(CloudError) as error:
        await transport.read("GET", "/v2/x", doing="read job a\nlevel=error b")
    assert "\n" not in str(error.value)
