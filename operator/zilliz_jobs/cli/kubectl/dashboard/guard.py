"""Who may ask the page's server for what. Pure, but for the tokens that are drawn.

The server listens on this machine only, which is no protection by itself: other users and programs of the machine can
reach the port, and so can every web page that the user visits. So a request must name this server as its host (a
foreign name that leads here is refused), must not come from another page, and must carry the cookie that was given
for a token that serves once. What changes something carries a second secret besides, which only the page knows.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

CSRF_HEADER = "X-Zilliz-Csrf"
TOKEN_PARAMETER = "token"  # noqa: S105 - the name of a parameter
SAFE_METHODS = frozenset({"GET", "HEAD"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Of every answer."""


class Refusal(StrEnum):
    """Why a request is refused. The value is the sentence that the asker reads."""

    HOST = "this server answers only to its own address"
    ORIGIN = "this request comes from another page"
    SESSION = "open the page by the address that the command printed; each address serves once"
    CSRF = "this request does not come from the page itself"


@dataclass(frozen=True)
class Asked:
    """What the decision needs to know of a request. `headers`: by names in small letters."""

    method: str
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    token: str = ""


@dataclass(frozen=True)
class Admitted:
    """It may be answered. `redeemed`: it showed a token, and gets the cookie."""

    redeemed: bool = False


@dataclass
class Guard:
    """Of one server. `port`: the one that it listens on. The tokens that were not used yet are its only state."""

    port: int
    session: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    _open: set[str] = field(default_factory=set, repr=False)

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset({f"127.0.0.1:{self.port}", f"localhost:{self.port}"})

    @property
    def cookie(self) -> str:
        """Its name. Cookies are of a host, whatever the port: each server has a name of its own."""
        return f"zilliz-dashboard-{self.port}"

    def fresh_token(self) -> str:
        """A token that opens the page in one browser, once."""
        token = secrets.token_urlsafe(32)
        self._open.add(token)
        return token

    def judge(self, asked: Asked) -> Admitted | Refusal:
        """A token that is shown to an admitted request is used up."""
        if asked.headers.get("host", "") not in self.hosts:
            return Refusal.HOST
        if self._is_foreign(asked):
            return Refusal.ORIGIN
        if asked.method in SAFE_METHODS and asked.token and self._redeem(asked.token):
            return Admitted(redeemed=True)
        if not _same(asked.cookies.get(self.cookie, ""), self.session):
            return Refusal.SESSION
        if asked.method not in SAFE_METHODS and not _same(asked.headers.get(CSRF_HEADER.lower(), ""), self.csrf):
            return Refusal.CSRF
        return Admitted()

    def _is_foreign(self, asked: Asked) -> bool:
        origin = asked.headers.get("origin")
        if origin is not None and origin not in {f"http://{host}" for host in self.hosts}:
            return True
        if origin is None and asked.method not in SAFE_METHODS:
            return True  # every browser sends it with what changes something
        site, mode = asked.headers.get("sec-fetch-site"), asked.headers.get("sec-fetch-mode")
        if site in (None, "same-origin", "none"):
            return False
        # A link that is followed shows the page to its reader; what another page asks for in the background does not.
        return not (asked.method in SAFE_METHODS and mode == "navigate")

    def _redeem(self, token: str) -> bool:
        found = next((one for one in self._open if _same(one, token)), None)
        self._open.discard(found or "")
        return found is not None


def _same(given: str, wanted: str) -> bool:
    """`given` may hold bytes that are no text, as they come in headers."""
    return hmac.compare_digest(given.encode(errors="surrogateescape"), wanted.encode())
