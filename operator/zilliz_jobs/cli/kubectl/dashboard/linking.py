"""The page's modules, linked into one script, so that the page fits into one file. Pure.

Each module becomes a function that returns what it exports. Only the forms of import and export that the page uses
are known; anything else is an error, and a test links the page as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_IMPORT = re.compile(r'^import (?P<what>\{[^}]*\}|\w+) from "\./(?P<name>[\w./]+)";$', re.M)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) (?P<name>\w+))", re.M)
_LIST = re.compile(r"export\s*\{(?P<names>[^}]*)\};?")
_DEFAULT = re.compile(r"\bexport default (?=function\()")


def linked(modules: Mapping[str, str], first: str) -> str:
    """One script that does what the module `first` does. `modules`: their texts by name. Raises ValueError where one
    is missing, or has a form that is not known."""
    done: dict[str, str] = {}
    _link(modules, first, done, ())
    return '"use strict";\nconst modules = {};\n' + "\n".join(done.values())


def _link(modules: Mapping[str, str], name: str, done: dict[str, str], way: tuple[str, ...]) -> None:
    if name in done:
        return
    if name in way or name not in modules:
        raise ValueError(f"cannot link {name}: it is not there, or imports itself ({' > '.join(way)})")
    text = modules[name]
    for found in _IMPORT.finditer(text):
        _link(modules, found["name"], done, (*way, name))
    done[name] = _wrapped(name, text)


def _wrapped(name: str, text: str) -> str:
    exported: dict[str, str] = {}

    def declared(found: re.Match[str]) -> str:
        exported[found["name"]] = found["name"]
        return ""

    def listed(found: re.Match[str]) -> str:
        for one in filter(None, (part.strip() for part in found["names"].split(","))):
            inner, _, outer = one.partition(" as ")
            exported[outer or inner] = inner
        return ""

    text = _IMPORT.sub(lambda found: _bound(found["what"], found["name"]), text)
    if _DEFAULT.search(text):
        exported["default"] = "itsDefault"
        text = _DEFAULT.sub("var itsDefault = ", text)
    text = _LIST.sub(listed, _EXPORT.sub(declared, text))
    if re.search(r"^\s*(import|export)\b", text, re.M):
        raise ValueError(f"cannot link {name}: a form of import or export that is not known")
    told = ", ".join(f"{outer}: {inner}" for outer, inner in exported.items())
    return f'modules["{name}"] = (() => {{\n{text.strip()}\nreturn {{ {told} }};\n}})();'


def _bound(what: str, name: str) -> str:
    if what.startswith("{"):
        return f'const {what.replace(" as ", ": ")} = modules["{name}"];'
    return f'const {what} = modules["{name}"].default;'
