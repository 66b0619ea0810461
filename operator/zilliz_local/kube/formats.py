"""The string formats that the API checks. Formats it does not know are ignored, as the real one does.

`micro-time` is no format of schemas: it stands for the times of core kinds that must have six digits of a second.
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from datetime import date

MOMENT = re.compile(r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)$")
MICRO = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$")
UUID = re.compile(r"^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$", re.IGNORECASE)
HOST = re.compile(r"^[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?)*$")
EMAIL = re.compile(r"^[^@\s]+@[^@\s]+$")
URI = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.-]*:|/)\S*$")
DURATION = re.compile(r"^-?((\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h|d|w))+$|^0$")


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10


def _is_moment(text: str) -> bool:
    return bool(MOMENT.match(text)) and _is_date(text[:10])


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _address(*versions: int) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            return ipaddress.ip_address(text).version in versions
        except ValueError:
            return False

    return check


def _is_cidr(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


FORMATS: dict[str, Callable[[str], bool]] = {
    "byte": _is_base64,
    "cidr": _is_cidr,
    "date": _is_date,
    "date-time": _is_moment,
    "datetime": _is_moment,
    "duration": lambda text: bool(DURATION.match(text)),
    "email": lambda text: bool(EMAIL.match(text)),
    "hostname": lambda text: bool(HOST.match(text)) and len(text) <= 255,
    "ipv4": _address(4),
    "ipv6": _address(6),
    "micro-time": lambda text: bool(MICRO.match(text)) and _is_date(text[:10]),
    "password": lambda _: True,
    "uri": lambda text: bool(URI.match(text)),
    "uuid": lambda text: bool(UUID.match(text)),
}
