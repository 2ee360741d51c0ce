"""A linear model for each key: `(age - [31.2, ...][key]) * [0.08, ...][key] + ...`, the key being a position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from sqlml.sql_form.base import Margins
from sqlml.sql_form.keys import Keys, place_of, then
from sqlml.sql_form.links import ABSENT, CAPPED_LOG, LARGEST_LOG, LINKS, LOG, LOGISTIC, SOFTMAX, Link
from sqlml.sql_form.writing import call, number, numbers, total

# Up to so many coefficients and means reading the SQL takes less than it saves, and up to so many they are stored.
_MOST_NUMBERS = 5_000
_STORED_NUMBERS = 50_000


def linear_parts(models: Sequence[Mapping[str, Any]], outputs: int, keys: Keys) -> Margins | None:
    """The margins of linear models by key; None for links that do not go together, or too many numbers."""
    names = {model["estimator"]["link"] for model in models}
    found = [LINKS.get(name) for name in names]
    if outputs > 2 and names <= {LOGISTIC.name, SOFTMAX.name}:
        found = [SOFTMAX]
    at = keys.number(most=_MOST_NUMBERS)
    link = found[0]
    if at is None or len(found) > 1 or link is None:
        return None
    parts = [_Part.of(model, link, outputs) for model in models]
    terms: list[_Intercepts | _Numbers | _Block] = [_Intercepts(parts)]
    terms += [
        _Numbers(parts, i["name"]) if i["kind"] == "numeric" else _Block(parts, i["name"], i["kind"])
        for i in models[0]["preprocessing"]["inputs"]
    ]
    size = sum(term.size for term in terms)
    if size > _STORED_NUMBERS:
        return None
    trees = tuple(total([term.tree(at, k) for term in terms]) for k in range(len(parts[0].intercepts)))
    known = exp.Not(this=exp.Paren(this=exp.Is(this=at.copy(), expression=exp.Null())))
    if link is LOG:
        # Of NULL and a number least gives the number.
        most = exp.Case(ifs=[exp.If(this=known.copy(), true=number(LARGEST_LOG))])
        return Margins((call("least", trees[0], most),), CAPPED_LOG, size / _MOST_NUMBERS, known)
    return Margins(trees, link, size / _MOST_NUMBERS, known)


@dataclass(frozen=True)
class _Part:
    """The model of one key: weights by input name, one list an output of the whole."""

    inputs: Mapping[str, Mapping[str, Any]]
    intercepts: Sequence[float]
    weights: Mapping[str, Sequence[Sequence[float]]]

    @classmethod
    def of(cls, model: Mapping[str, Any], link: Link, outputs: int) -> _Part:
        inputs = model["preprocessing"]["inputs"]
        rows, intercepts = model["estimator"]["coefficients"], model["estimator"]["intercept"]
        if link is SOFTMAX:
            rows, intercepts = _of_all_classes(model, rows, intercepts, outputs)
        starts, start = {}, sum(i["kind"] == "numeric" for i in inputs)
        single = iter(range(start))
        for i in inputs:
            width = 1 if i["kind"] == "numeric" else len(i["categories"]) + bool(i["has_null"])
            begin = next(single) if i["kind"] == "numeric" else start
            starts[i["name"]] = (begin, begin + width)
            start += width if i["kind"] != "numeric" else 0
        weights = {name: [row[begin:end] for row in rows] for name, (begin, end) in starts.items()}
        return cls({i["name"]: i for i in inputs}, intercepts, weights)


def _of_all_classes(
    model: Mapping[str, Any], rows: list[list[float]], intercepts: list[float], outputs: int
) -> tuple[list[list[float]], list[float]]:
    """Coefficients of every class of the whole; one that the part never saw is as unlikely as can be."""
    nothing = [0.0] * len(rows[0])
    if model["estimator"]["link"] == LOGISTIC.name:
        rows, intercepts = [nothing, *rows], [0.0, *intercepts]
    places = {position: i for i, position in enumerate(model["classes"])}
    return (
        [rows[places[k]] if k in places else nothing for k in range(outputs)],
        [intercepts[places[k]] if k in places else ABSENT for k in range(outputs)],
    )


class _Intercepts:
    def __init__(self, parts: Sequence[_Part]) -> None:
        self._parts = parts
        self.size = len(parts) * len(parts[0].intercepts)

    def tree(self, at: exp.Expr, output: int) -> exp.Expr:
        return _found([part.intercepts[output] for part in self._parts], at)


class _Numbers:
    """The term of a number: NULL, NaN and infinities are the mean, which adds nothing.

    What is looked up by key stays out of CASE: DuckDB computes equal expressions once, but not in there.
    """

    def __init__(self, parts: Sequence[_Part], name: str) -> None:
        self._parts, self._name = parts, name
        self.size = len(parts) * (1 + len(parts[0].intercepts))

    def tree(self, at: exp.Expr, output: int) -> exp.Expr:
        slopes = [p.weights[self._name][output][0] / p.inputs[self._name]["scale"] for p in self._parts]
        if not any(slopes):
            return number(0.0)
        value = exp.column(self._name, quoted=True)
        finite = exp.Case(ifs=[exp.If(this=call("isfinite", value), true=value.copy())])
        means = [p.inputs[self._name]["mean"] for p in self._parts]
        away = exp.Paren(this=exp.Sub(this=finite, expression=_found(means, at)))
        return call("coalesce", exp.Mul(this=away, expression=_found(slopes, at)), number(0.0))


class _Block:
    """The term of a category, out of a table of keys and of the categories of all of them, NULL the last."""

    def __init__(self, parts: Sequence[_Part], name: str, kind: str) -> None:
        self._parts, self._name, self._kind = parts, name, kind
        self._categories = sorted({c for part in parts for c in part.inputs[name]["categories"]})
        self._has_null = any(part.inputs[name]["has_null"] for part in parts)
        if kind != "category" and self._categories:
            self._categories = list(range(int(self._categories[0]), int(self._categories[-1]) + 1))
        self._width = len(self._categories) + self._has_null
        self.size = len(parts) * self._width * len(parts[0].intercepts)

    def tree(self, at: exp.Expr, output: int) -> exp.Expr:
        table = [weight for part in self._parts for weight in self._weights(part, output)]
        if not any(table):
            return number(0.0)
        value = exp.column(self._name, quoted=True)
        if self._kind == "category":
            place = place_of(value, self._categories, null=self._has_null)
        else:
            place = self._place_of_whole(value)
        return call("coalesce", _found(table, then(at, self._width, place)), number(0.0))

    def _weights(self, part: _Part, output: int) -> list[float]:
        spec, own = part.inputs[self._name], part.weights[self._name][output]
        known = dict(zip(spec["categories"], own, strict=False))
        null = [own[-1] if spec["has_null"] else 0.0] if self._has_null else []
        return [known.get(c, 0.0) for c in self._categories] + null

    def _place_of_whole(self, value: exp.Expr) -> exp.Expr:
        """The place of a whole number of a small range, such as a month."""
        count = len(self._categories)
        cases = []
        if self._has_null:
            is_null = exp.Is(this=value.copy(), expression=exp.Null())
            cases.append(exp.If(this=is_null, true=exp.Literal.number(count + 1)))
        if count:
            first, last = (number(float(c)) for c in (self._categories[0], self._categories[-1]))
            away = exp.Sub(this=value.copy(), expression=number(float(self._categories[0] - 1)))
            among = exp.Between(this=value, low=first, high=last)
            cases.append(exp.If(this=among, true=exp.cast(exp.Paren(this=away), "INTEGER")))
        return exp.Case(ifs=cases)


def _found(values: Sequence[float], at: exp.Expr) -> exp.Expr:
    return call("list_extract", numbers(values, "DOUBLE"), at.copy())
