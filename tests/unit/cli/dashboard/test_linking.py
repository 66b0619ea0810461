"""The exported page: one script of all modules, and data that is data."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from zilliz_jobs.cli.kubectl.dashboard.export import inert, page
from zilliz_jobs.cli.kubectl.dashboard.linking import linked

MODULES = {
    "app.js": 'import { one, two as deux } from "./a.js";\nimport htm from "./vendor/h.mjs";\nhtm(one, deux);',
    "a.js": 'import { three } from "./b.js";\nexport const one = 1;\nexport async function two() { return three; }',
    "b.js": "class X {}\nexport class three extends X {}",
    "vendor/h.mjs": "var t=1;export default function(s){return s+t}",
}


def test_a_module_comes_after_those_that_it_needs() -> None:
    script = linked(MODULES, "app.js")
    order = [script.index(f'modules["{name}"] =') for name in ("b.js", "a.js", "vendor/h.mjs", "app.js")]
    assert order == sorted(order)
    assert 'const { one, two: deux } = modules["a.js"];' in script
    assert "return { one: one, two: two };" in script
    assert "var itsDefault = function(s)" in script
    assert not re.search(r"^\s*(import|export)\b", script, re.M)


@pytest.mark.parametrize(
    "text",
    [
        'import * as all from "./a.js";',
        'import "./a.js";',
        'import { x } from "https://evil.example/x.js";',
        'export * from "./a.js";',
        'import { x } from "./nowhere.js";',
        'import { x } from "./app.js";',
    ],
)
def test_what_is_not_known_is_an_error_and_not_a_page_that_is_blank(text: str) -> None:
    with pytest.raises(ValueError, match="cannot link"):
        linked(MODULES | {"app.js": text}, "app.js")


@pytest.mark.parametrize("text", ["</script><script>taken()</script>", "<!--<script>", "]]>", "a&lt;b", "\u2028"])
def test_data_cannot_end_the_element_that_it_stands_in(text: str) -> None:
    told = inert({"description": text})
    assert not set("<>&") & set(told)
    assert json.loads(told) == {"description": text}


def test_the_policy_names_exactly_the_parts_of_the_file() -> None:
    """A script that somebody adds to the file has another hash, and does not run."""
    text = page({"message": {"rows": {}}, "details": {}})
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy
    assert "unsafe" not in policy[1]
    for element, name in (('<script type="module">', "script"), ("<style>", "style")):
        part = text.split(element)[1].split(f"</{name}>")[0]
        digest = base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy[1]
    assert not re.search(r'(src|href)="(?!data:)', text.split("<script")[0])
