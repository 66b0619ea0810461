"""URLs in specs. Credentials have no place in them: a spec is shown to everybody who may read the object.

Each type brings its rule to every field that it stands at, for the API server (CEL) and for `parse_spec`, so that no
kind can forget it. The rule is the field's own and not the spec's: an object from before it keeps its URL, and all
else of it can still be changed.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

# In front of the host: `scheme:`, any slashes, and what ends in @ before the path. Nobody means a path with that.
_LOGIN = "^([^/]*:)?/*[^/?#]*@"
# A password with a slash in it, as half of all secret keys of S3 have: what follows the colon is no port.
_LOGIN_WITH_SLASH = r"^[^/]*//[^/?#:[]+:(/|[^/]*[^/0-9])[^?#]*@"

NO_LOGIN = "a URL in a spec takes no user and no password: leave out what is before the @, and put it into a Secret"
NO_AT = "an address takes no user and no password, so it has no @: put them into a Secret"

SUBMITTED = "submitted"
"""Key of the context of a validation: true for a spec whose work was submitted already. It is followed to its end."""


def _has_no_login(url: str, info: ValidationInfo) -> str:
    if (re.search(_LOGIN, url) or re.search(_LOGIN_WITH_SLASH, url)) and not _was_submitted(info):
        raise PydanticCustomError("login_in_url", NO_LOGIN)
    return url


def _has_no_at(address: str, info: ValidationInfo) -> str:
    if "@" in address and not _was_submitted(info):
        raise PydanticCustomError("login_in_url", NO_AT)
    return address


def _was_submitted(info: ValidationInfo) -> bool:
    return bool(info.context and info.context.get(SUBMITTED))


def _rules(message: str, *rules: str) -> dict[str, list[dict[str, str]]]:
    """Forbidden, since of an invalid value the API server repeats the value."""
    forbidden = {"message": message, "reason": "FieldValueForbidden"}
    return {"x-kubernetes-validations": [{"rule": rule, **forbidden} for rule in rules]}


Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2048,
        json_schema_extra=_rules(NO_LOGIN, f"!self.matches('{_LOGIN}')", f"!self.matches('{_LOGIN_WITH_SLASH}')"),
    ),
    AfterValidator(_has_no_login),
]
"""Of a file or folder in object storage. Its path and its query may hold an @."""

Address = Annotated[
    str,
    Field(min_length=1, max_length=2048, json_schema_extra=_rules(NO_AT, "!self.contains('@')")),
    AfterValidator(_has_no_at),
]
"""Of a server."""

VolumePath = Annotated[str, Field(min_length=1, max_length=2048)]
