"""As much of PromQL as the alert rules use, over two scrapes: `then`, and `now`, which is `SPAN` seconds later.

It is parsed by Prometheus' own grammar. A function or operator that is not known here is a KeyError, so that a rule
which uses more is not taken for tested.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import promql_parser as promql

SPAN = 600.0
COMPARISONS: dict[str, Callable[[float, float], bool]] = {">": operator.gt, "<": operator.lt}
SUMS: dict[str, Callable[[float, float], float]] = {"-": operator.sub, "/": lambda a, b: a / b if b else float("nan")}
FOLDS: dict[str, Callable[[list[float]], float]] = {"sum": sum, "max": max, "min": min}

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
Scrape = dict[tuple[str, Labels], float]


def parse(text: str) -> Any:
    """The tree of the expression. Raises ValueError."""
    return promql.parse(text)


def selectors(node: Any) -> Iterator[Any]:
    """Every metric that the expression names."""
    if isinstance(node, promql.VectorSelector):
        yield node
    for part in ("expr", "lhs", "rhs", "param", "vector_selector", "args"):
        inner = getattr(node, part, None)
        for one in inner if isinstance(inner, list) else [inner]:
            if type(one).__module__ == promql.VectorSelector.__module__:
                yield from selectors(one)


def grouped_by(node: Any) -> Iterator[tuple[Any, list[str]]]:
    """Every aggregation, with the labels that it keeps."""
    if isinstance(node, promql.AggregateExpr):
        yield node, [*node.modifier.labels] if node.modifier else []
    for part in ("expr", "lhs", "rhs", "args"):
        inner = getattr(node, part, None)
        for one in inner if isinstance(inner, list) else [inner]:
            if type(one).__module__ == promql.VectorSelector.__module__:
                yield from grouped_by(one)


@dataclass
class World:
    then: Scrape
    now: Scrape
    time: float

    def fires(self, text: str) -> Vector:
        """What the rule tells; empty while all is well."""
        found = self._eval(parse(text))
        assert isinstance(found, dict), "a rule must not be a mere number"
        return found

    def _eval(self, node: Any) -> Vector | float:
        match node:
            case promql.NumberLiteral():
                return float(node.val)
            case promql.ParenExpr():
                return self._eval(node.expr)
            case promql.VectorSelector():
                return _select(node, self.now)
            case promql.AggregateExpr():
                return _fold(node, self._vector(node.expr))
            case promql.BinaryExpr():
                return _binary(str(node.op), self._eval(node.lhs), self._eval(node.rhs))
            case promql.Call():
                return self._call(node.func.name, node.args)
        raise KeyError(f"{type(node).__name__} is not known")

    def _vector(self, node: Any) -> Vector:
        found = self._eval(node)
        assert isinstance(found, dict)
        return found

    def _call(self, name: str, args: list[Any]) -> Vector | float:
        if name == "time":
            return self.time
        if name == "absent":
            return {} if self._vector(args[0]) else {frozenset(): 1.0}
        old, new = (_select(args[0].vector_selector, scrape) for scrape in (self.then, self.now))
        if name == "max_over_time":
            return {key: max(v for v in (old.get(key), new.get(key)) if v is not None) for key in old | new}
        spread = {"increase": 1.0, "rate": 1 / SPAN}[name]
        return {key: (new[key] - old[key]) * spread for key in new.keys() & old.keys()}  # a new series has none


def _select(node: Any, scrape: Scrape) -> Vector:
    return {
        labels: value
        for (name, labels), value in scrape.items()
        if name == node.name and all(_matches(m, dict(labels).get(m.name, "")) for m in node.matchers.matchers)
    }


def _matches(matcher: Any, value: str) -> bool:
    match str(matcher.op).removeprefix("MatchOp."):
        case "Equal":
            return value == matcher.value
        case "NotEqual":
            return value != matcher.value
        case "Re":
            return re.fullmatch(matcher.value, value) is not None
        case "NotRe":
            return re.fullmatch(matcher.value, value) is None
    raise KeyError(str(matcher.op))


def _fold(node: Any, vector: Vector) -> Vector:
    kept = set(node.modifier.labels) if node.modifier else set()
    rows: dict[Labels, list[float]] = {}
    for labels, value in vector.items():
        rows.setdefault(frozenset((k, v) for k, v in labels if k in kept), []).append(value)
    return {labels: FOLDS[str(node.op)](values) for labels, values in rows.items()}


def _binary(op: str, left: Vector | float, right: Vector | float) -> Vector | float:
    if op == "or":
        assert isinstance(left, dict)
        assert isinstance(right, dict)
        return right | left
    if op in COMPARISONS:
        assert isinstance(left, dict)
        assert isinstance(right, float)
        return {labels: value for labels, value in left.items() if COMPARISONS[op](value, right)}
    act = SUMS[op]
    if isinstance(left, float):
        assert isinstance(right, dict)
        return {labels: act(left, value) for labels, value in right.items()}
    assert isinstance(right, dict)
    return {labels: act(value, right[labels]) for labels, value in left.items() if labels in right}
