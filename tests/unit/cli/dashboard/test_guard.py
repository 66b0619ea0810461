"""Who gets at the page: nobody but the browser that the command opened."""

from __future__ import annotations

import pytest

from zilliz_jobs.cli.kubectl.dashboard.guard import HEADERS, Admitted, Asked, Guard, Refusal

PORT = 8123
HOST = f"127.0.0.1:{PORT}"
SAME = f"http://{HOST}"


@pytest.fixture
def guard() -> Guard:
    return Guard(PORT)


def asked(guard: Guard, method: str = "GET", *, cookie: bool = True, token: str = "", **headers: str) -> Asked:
    given = {name.replace("_", "-"): value for name, value in ({"host": HOST} | headers).items()}
    return Asked(method, given, {guard.cookie: guard.session} if cookie else {}, token)


def test_the_page_itself_may_read_and_change(guard: Guard) -> None:
    assert guard.judge(asked(guard)) == Admitted()
    assert guard.judge(asked(guard, sec_fetch_site="same-origin", origin=SAME)) == Admitted()
    assert guard.judge(asked(guard, "POST", origin=SAME, x_zilliz_csrf=guard.csrf)) == Admitted()
    assert guard.judge(asked(guard, host=f"localhost:{PORT}")) == Admitted()


@pytest.mark.parametrize(
    "host", ["", "evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:80", f"127.0.0.1.nip.io:{PORT}"]
)
def test_a_foreign_name_that_leads_here_is_refused(guard: Guard, host: str) -> None:
    """DNS rebinding: the page of a stranger whose name suddenly stands for this machine. Also with a token."""
    token = guard.fresh_token()
    assert guard.judge(asked(guard, host=host, token=token)) is Refusal.HOST
    assert guard.judge(asked(guard, "POST", host=host, x_zilliz_csrf=guard.csrf)) is Refusal.HOST
    assert guard.judge(asked(guard, token=token)) == Admitted(redeemed=True)  # it was not used up


@pytest.mark.parametrize("origin", ["null", "https://evil.example", "http://127.0.0.1:9999", f"https://{HOST}", ""])
def test_another_page_can_neither_read_nor_change(guard: Guard, origin: str) -> None:
    assert guard.judge(asked(guard, origin=origin)) is Refusal.ORIGIN
    assert guard.judge(asked(guard, "POST", origin=origin, x_zilliz_csrf=guard.csrf)) is Refusal.ORIGIN


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_another_page_fetches_is_refused_and_a_link_is_followed(guard: Guard, site: str) -> None:
    """`same-site` is another port of this machine, for which browsers send the cookie along."""
    assert guard.judge(asked(guard, sec_fetch_site=site, sec_fetch_mode="no-cors")) is Refusal.ORIGIN
    assert guard.judge(asked(guard, sec_fetch_site=site, sec_fetch_mode="navigate")) == Admitted()
    post = asked(guard, "POST", sec_fetch_site=site, sec_fetch_mode="navigate", origin=SAME, x_zilliz_csrf=guard.csrf)
    assert guard.judge(post) is Refusal.ORIGIN


def test_the_port_alone_opens_nothing(guard: Guard) -> None:
    """Another user of the machine finds the port, not the token."""
    assert guard.judge(asked(guard, cookie=False)) is Refusal.SESSION
    assert guard.judge(asked(guard, cookie=False, token="guessed")) is Refusal.SESSION
    other = Guard(PORT)
    assert guard.judge(Asked("GET", {"host": HOST}, {other.cookie: other.session})) is Refusal.SESSION


def test_bytes_that_are_no_text_are_a_wrong_secret(guard: Guard) -> None:
    """As the server's library hands them on: not an error within the server."""
    odd = Asked("GET", {"host": HOST}, {guard.cookie: "\udcff"}, "\udcfe")
    assert guard.judge(odd) is Refusal.SESSION
    assert guard.judge(asked(guard, "POST", origin=SAME, x_zilliz_csrf="\udcff")) is Refusal.CSRF


def test_a_token_serves_once(guard: Guard) -> None:
    token, second = guard.fresh_token(), guard.fresh_token()
    assert guard.judge(asked(guard, cookie=False, token=token)) == Admitted(redeemed=True)
    assert guard.judge(asked(guard, cookie=False, token=token)) is Refusal.SESSION
    assert guard.judge(asked(guard, "POST", cookie=False, token=second, origin=SAME)) is Refusal.SESSION
    assert guard.judge(asked(guard, cookie=False, token=second)) == Admitted(redeemed=True)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_what_changes_something_carries_the_secret_of_the_page(guard: Guard, method: str) -> None:
    assert guard.judge(asked(guard, method, origin=SAME)) is Refusal.CSRF
    assert guard.judge(asked(guard, method, origin=SAME, x_zilliz_csrf=guard.session)) is Refusal.CSRF
    assert guard.judge(asked(guard, method, x_zilliz_csrf=guard.csrf)) is Refusal.ORIGIN
    assert guard.judge(asked(guard, method, cookie=False, origin=SAME, x_zilliz_csrf=guard.csrf)) is Refusal.SESSION


def test_secrets_of_two_servers_differ() -> None:
    one, two = Guard(PORT), Guard(PORT)
    assert len({one.session, one.csrf, two.session, two.csrf, one.fresh_token(), one.fresh_token()}) == 6
    assert Guard(1).cookie != Guard(2).cookie
    assert one.session not in repr(one)
    assert one.csrf not in repr(one)


def test_scripts_and_styles_come_from_files_only() -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert not any(word in policy for word in ("unsafe", "*", "http", "script-src 'self' data"))
    assert HEADERS["Cache-Control"] == "no-store"
