"""One model for each key: `CASE store WHEN 'north' THEN <its margin> WHEN 'south' THEN ... END`.

Linear models are no CASE: their coefficients are lists, of which the key gives the element (linear_parts.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlglot import exp

from sqlml.sql_form.base import Margins, Target
from sqlml.sql_form.keys import Keys
from sqlml.sql_form.linear_parts import linear_parts
from sqlml.sql_form.links import ABSENT, CAPPED_LOG, COMPLEMENTARY, LARGEST_LOG, LOG, LOGISTIC, SOFTMAX, Link
from sqlml.sql_form.writing import number

Compiler = Callable[[Mapping[str, Any], Target], Margins | None]
# Up to so many keys DuckDB, which compares with one after another, is faster than the kernel; up to so many are stored.
_MOST_KEYS = 64
_STORED_KEYS = 500
# All parts together pay as one model does: 16 of 14 splits took half the time of the kernel, 16 of 60 twice as long.
# Writing and storing 1,000 splits takes some seconds.
_STORED_WORK = 4.0


def partitioned(document: Mapping[str, Any], target: Target, compilers: Mapping[str, Compiler]) -> Margins | None:
    """The margins of the part of each row's key, NULL where there is none; None where a part has no SQL form."""
    state = document["estimator"]
    models, outputs = state["models"], int(state["outputs"])
    keys = Keys(tuple(state["keys"]), tuple(tuple(model["key"]) for model in models))
    if not target.is_portable and {model["format"] for model in models} == {"linear"}:
        return linear_parts(models, outputs, keys)
    parts = _compiled(models, target, compilers)
    link = _link_of(parts, outputs) if parts else None
    if link is None:
        return None
    spread = [_spread(part, model["classes"], link, outputs) for part, model in zip(parts, models, strict=True)]
    conditions = [keys.is_key(i) for i in range(len(models))]
    trees = tuple(
        exp.Case(ifs=[exp.If(this=is_key.copy(), true=tree) for is_key, tree in zip(conditions, of_one, strict=True)])
        for of_one in zip(*spread, strict=True)
    )
    work = max(sum(part.work for part in parts), len(models) / _MOST_KEYS)
    return Margins(trees, CAPPED_LOG if link is LOG else link, work, keys.is_any())


def _compiled(models: Sequence[Mapping[str, Any]], target: Target, compilers: Mapping[str, Compiler]) -> list[Margins]:
    """The margins of every part; nothing where one has none, or all together are more than SQL should have."""
    found: list[Margins] = []
    work = 0.0
    for model in models if len(models) <= _STORED_KEYS else ():
        compiler = compilers.get(model["format"])
        margins = compiler(model, target) if compiler else None
        work += margins.work if margins else 0.0
        # Many are not written only to be thrown away.
        if margins is None or work > _STORED_WORK:
            return []
        found.append(margins)
    return found


def _link_of(parts: Sequence[Margins], outputs: int) -> Link | None:
    """The link that all have; of several classes, of which parts may have seen two, softmax does for both."""
    names = {part.link.name for part in parts}
    if outputs > 2 and names <= {LOGISTIC.name, COMPLEMENTARY, SOFTMAX.name}:
        return SOFTMAX
    return parts[0].link if len(names) == 1 else None


def _spread(part: Margins, classes: Sequence[int], link: Link, outputs: int) -> list[exp.Expr]:
    """The margins of a part over the outputs of the whole; a class that it never saw is as unlikely as can be."""
    if link is LOG:
        return [exp.Least(this=part.trees[0], expressions=[number(LARGEST_LOG)], ignore_nulls=True)]
    if link is not SOFTMAX:
        return list(part.trees)
    own = part.trees if part.link is SOFTMAX else (number(0.0), *part.trees)
    places = dict(zip(classes, own, strict=True))
    return [places.get(k, number(ABSENT)) for k in range(outputs)]
