"""`*`, `t.*`, `* LIKE 'a%'` and COLUMNS(...): one projection that is many columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from sqlml.data_lineage.values import Names, Output, Scope, Unfollowed

if TYPE_CHECKING:
    from sqlml.data_lineage.expressions import Expressions

_PATTERNS = (exp.Like, exp.ILike, exp.SimilarTo, exp.Glob, exp.Not)
_NAME = "column_name"


def is_star(projection: exp.Expr) -> bool:
    """Whether a projection may be many columns."""
    return _star_of(projection) is not None or _choice(projection) is not None


def _star_of(node: exp.Expr) -> exp.Expr | None:
    """The star that a projection is, be it chosen from by a pattern."""
    while isinstance(node, _PATTERNS):
        node = node.this
    if isinstance(node, exp.Star) or (isinstance(node, exp.Column) and isinstance(node.this, exp.Star)):
        return node
    return None


def _choice(projection: exp.Expr) -> exp.Expr | None:
    """The COLUMNS(...) in a projection."""
    return next(
        (
            call
            for call in projection.find_all(exp.Anonymous, exp.Columns)
            if isinstance(call, exp.Columns) or call.name.casefold() == "columns"
        ),
        None,
    )


def expanded(projection: exp.Expr, scope: Scope, names: Names, expressions: Expressions) -> list[Output]:
    """The columns that a projection with a star or with COLUMNS stands for."""
    star = _star_of(projection)
    if star is not None:
        shown = _of_star(star, scope, expressions)
        return shown if projection is star else _kept(shown, projection, star, names)
    choice = _choice(projection)
    assert choice is not None
    value = projection.this if isinstance(projection, exp.Alias) else projection
    return [
        replace(output, origins=expressions.of(value, replace(scope, every=output.origins)))
        for output in _chosen(choice, scope, names, expressions)
    ]


def _of_star(star: exp.Expr, scope: Scope, expressions: Expressions) -> list[Output]:
    """`*` and `t.*` with EXCLUDE, REPLACE and RENAME."""
    inner, sources = star, scope.sources
    if isinstance(star, exp.Column):
        inner = star.this
        sources = tuple(s for s in sources if s.alias.casefold() == star.parts[-2].name.casefold())
        if not sources:
            # The fields of a struct.
            raise Unfollowed
    outputs = [o for source in sources for o in source.shown()]
    left_out = {column.name.casefold() for column in inner.args.get("except_") or []}
    replaced = {a.alias.casefold(): a.this for a in inner.args.get("replace") or []}
    new_names = {a.this.name.casefold(): a.alias for a in inner.args.get("rename") or []}
    made = []
    for output in outputs:
        folded = output.name.casefold()
        if folded in left_out:
            continue
        if folded in replaced:
            made.append(Output(output.name, expressions.of(replaced[folded], scope)))
        else:
            made.append(replace(output, name=new_names.get(folded, output.name)))
    return made


def _kept(shown: list[Output], pattern: exp.Expr, star: exp.Expr, names: Names) -> list[Output]:
    condition = pattern.copy()
    for found in list(condition.find_all(type(star))):
        found.replace(exp.column(_NAME))
    return _among(shown, names.matching([o.name for o in shown], condition, _NAME))


def _chosen(choice: exp.Expr, scope: Scope, names: Names, expressions: Expressions) -> list[Output]:
    """The columns that the argument of COLUMNS chooses."""
    argument: exp.Expr = choice.this if isinstance(choice, exp.Columns) else choice.expressions[0]
    if _star_of(argument) is argument:
        return _of_star(argument, scope, expressions)
    shown = [o for source in scope.sources for o in source.shown()]
    if isinstance(argument, exp.Lambda):
        return _among(shown, names.matching([o.name for o in shown], argument.this, argument.expressions[0].name))
    if isinstance(argument, exp.Array):
        return _among(shown, [literal.name for literal in argument.expressions])
    if isinstance(argument, exp.Literal):
        matches = exp.Anonymous(this="regexp_matches", expressions=[exp.column(_NAME), argument.copy()])
        return _among(shown, names.matching([o.name for o in shown], matches, _NAME))
    raise Unfollowed


def _among(shown: list[Output], wanted: Sequence[str]) -> list[Output]:
    folded = {name.casefold() for name in wanted}
    return [output for output in shown if output.name.casefold() in folded]
