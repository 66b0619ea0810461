"""Whoever calls the cloud or Kubernetes reads there what a call raises and whether it may be repeated."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import zilliz_jobs

ROOT = Path(zilliz_jobs.__file__).parent
PACKAGES = ("cloud", "kube", "kinds", "polling", "accounts", "control", "jobs")
FILES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py") if file.name != "__init__.py")


def undocumented(tree: ast.Module, module: ModuleType) -> Iterator[str]:
    """Public classes and functions without a word. A method that overrides another one has that one's words."""
    for node in _public(tree):
        if isinstance(node, ast.ClassDef):
            if ast.get_docstring(node) is None:
                yield node.name
            found = getattr(module, node.name)
            yield from (
                f"{node.name}.{one.name}"
                for one in _public(node)
                if ast.get_docstring(one) is None and not inspect.getdoc(getattr(found, one.name))
            )
        elif ast.get_docstring(node) is None:
            yield node.name


def _public(tree: ast.Module | ast.ClassDef) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in tree.body:
        kinds = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        if isinstance(node, kinds) and not node.name.startswith("_"):
            yield node


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_what_is_public_says_what_it_is(file: Path) -> None:
    name = ".".join(file.relative_to(ROOT.parent).with_suffix("").parts)
    tree = ast.parse(file.read_text())
    assert ast.get_docstring(tree), f"{name} says nothing"
    assert list(undocumented(tree, importlib.import_module(name))) == []
