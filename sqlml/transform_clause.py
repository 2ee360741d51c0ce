"""`TRANSFORM (ML.STANDARD_SCALER(a) OVER () AS a, * EXCLUDE (b))`: the clause of CREATE MODEL, checked and rewritten.

The clause is a list of columns over those of the query. Nothing in it may depend on other rows, on the moment or on
other columns it makes, so that it gives the same for a row wherever it is replayed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlglot import exp

from sqlml import nodes
from sqlml.dialect import parse_query, to_sql
from sqlml.errors import InvalidOption, InvalidSql, NotFound, NotSupported, SqlmlError, nearest_hint
from sqlml.features import family_of
from sqlml.functions import FUNCTIONS
from sqlml.functions.base import Preprocessing
from sqlml.functions.image_input import UDFS
from sqlml.functions.later import LATER
from sqlml.planner import Planner
from sqlml.pure_functions import AGGREGATES, NOT_DETERMINISTIC, PURE, WINDOWS
from sqlml.transform import OTHER, RAW, Transform, raw_value
from sqlml.types import Column, Feature

_MOMENTS = (
    exp.CurrentDate,
    exp.CurrentDatetime,
    exp.CurrentTime,
    exp.CurrentTimestamp,
    exp.CurrentUser,
    exp.Localtime,
    exp.Localtimestamp,
)


_OURS = ("ml_", "ai_")


@dataclass(frozen=True)
class Clause:
    """A clause before anything is learned.

    `columns` are expressions over the raw columns with marks of `statistics`, which are aggregates over them;
    `passed` are the names of columns that come through as they are and are no features: label, split column.
    """

    raw: tuple[Feature, ...]
    columns: tuple[tuple[str, exp.Expr], ...]
    statistics: tuple[exp.Expr, ...]
    calls: tuple[str, ...]
    passed: tuple[str, ...]


@dataclass(frozen=True)
class _Item:
    """A column of the clause as it was written: its name, expression, and where it stands."""

    name: str
    tree: exp.Expr
    at: exp.Expr


def read_clause(
    items: Sequence[exp.Expr],
    columns: Sequence[Column],
    planner: Planner,
    *,
    labels: Sequence[str],
    kept: Sequence[str],
    keys: Sequence[str] = (),
) -> Clause:
    """The clause over the columns of the query; labels, what is `kept` and keys of partitions must not be changed.

    Raises an error at its place for what a clause may not have.
    """
    by_name = {c.name.casefold(): c for c in columns}
    found = [i for item in items for i in _items(item, columns, planner)]
    _refuse_duplicates(found, planner)
    made = {i.name.casefold() for i in found}
    for item in found:
        _check(item, planner)
    trees = [_resolved(i, by_name, made, planner) for i in found]
    folded_keys = {name.casefold() for name in keys}
    unchanged = _passed(found, trees, [n for n in (*labels, *kept, *keys) if n], planner)
    passed = [name for name in unchanged if name.casefold() not in folded_keys]
    for name in (*labels, *kept, *keys):
        if name.casefold() in by_name and name.casefold() not in made:
            raise planner.at(
                InvalidOption(
                    f'TRANSFORM leaves out "{name}", which the model needs.',
                    hint=f"Add it as it is: TRANSFORM (..., {name}).",
                ),
                items[0],
            )
    _refuse_labels(found, trees, passed, labels, planner)
    raw = _raw([t for i, t in zip(found, trees, strict=True) if i.name not in passed], columns)
    rewriter = planner.learning(columns)
    select = exp.select(*(exp.alias_(t, i.name, quoted=True) for i, t in zip(found, trees, strict=True)))
    rewriter.rewrite(select)
    values = {f.name.casefold(): raw_value(f, _raw_column(f.name)) for f in raw}
    made_columns = tuple(
        (p.alias, p.this if p.alias in passed else _typed(_with_values(p.this, planner), values))
        for p in select.expressions
    )
    for name, tree in made_columns:
        _check_round_trip(name, tree, planner, items[0])
    statistics = tuple(_typed(_with_values(s, planner), values) for s in rewriter.statistics)
    return Clause(raw, made_columns, statistics, tuple(rewriter.calls), tuple(passed))


def _items(item: exp.Expr, columns: Sequence[Column], planner: Planner) -> Iterator[_Item]:
    """The columns that an item of the list stands for."""
    if isinstance(item, exp.Star):
        yield from _of_star(item, columns, planner)
    elif isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
        hint = "Write the fields one by one: s.a AS a."
        raise planner.at(NotSupported("TRANSFORM does not spread a struct.", hint=hint), item)
    elif isinstance(item, exp.Alias):
        yield _Item(item.alias, item.this, item)
    elif isinstance(item, exp.Column):
        yield _Item(item.name, item, item)
    else:
        shown = " ".join(to_sql(item).split())
        raise planner.at(
            InvalidSql(f"The column {shown} of TRANSFORM has no name.", hint=f"Write {shown} AS name."), item
        )


def _of_star(star: exp.Star, columns: Sequence[Column], planner: Planner) -> Iterator[_Item]:
    known = {c.name.casefold(): c.name for c in columns}
    excluded = {e.name.casefold() for e in star.args.get("except_") or []}
    replaced = {a.alias.casefold(): a.this for a in star.args.get("replace") or []}
    named = [*(star.args.get("except_") or []), *(star.args.get("replace") or [])]
    for node in named:
        name = node.alias if isinstance(node, exp.Alias) else node.name
        if name.casefold() not in known:
            raise planner.at(_no_column(name, list(known.values())), node)
    if star.args.get("rename"):
        raise planner.at(NotSupported("TRANSFORM has no * RENAME.", hint="Write a AS b."), star)
    for folded, name in known.items():
        if folded not in excluded:
            tree = replaced.get(folded, exp.column(name, quoted=True))
            yield _Item(name, tree, tree if folded in replaced else star)


def _refuse_duplicates(items: Sequence[_Item], planner: Planner) -> None:
    seen: set[str] = set()
    for item in items:
        if item.name.casefold() in seen:
            raise planner.at(
                InvalidSql(
                    f'TRANSFORM makes two columns "{item.name}".',
                    hint="Name them apart with AS, or leave one out with * EXCLUDE.",
                ),
                item.at,
            )
        seen.add(item.name.casefold())


def _passed(items: Sequence[_Item], trees: Sequence[exp.Expr], names: Sequence[str], planner: Planner) -> list[str]:
    """The items of these names, which must be columns as they are."""
    folded = {n.casefold() for n in names}
    found = [(i, t) for i, t in zip(items, trees, strict=True) if i.name.casefold() in folded]
    for item, tree in found:
        if not isinstance(tree, exp.Column) or tree.name.casefold() != item.name.casefold():
            raise planner.at(
                InvalidOption(
                    f'TRANSFORM changes "{item.name}", which must come through as it is.',
                    hint=f"Write {item.name} alone; change it in the query.",
                ),
                item.at,
            )
    return [item.name for item, _ in found]


def _refuse_labels(
    items: Sequence[_Item], trees: Sequence[exp.Expr], passed: Sequence[str], labels: Sequence[str], planner: Planner
) -> None:
    """Refuse a feature that is made of the label: nobody has it at prediction."""
    folded = {n.casefold() for n in labels}
    for item, tree in zip(items, trees, strict=True):
        if item.name not in passed and any(c.name.casefold() in folded for c in tree.find_all(exp.Column)):
            raise planner.at(
                InvalidOption(
                    f'The column "{item.name}" of TRANSFORM is made of the label.',
                    hint="A prediction is asked without the label: leave the column out.",
                ),
                item.at,
            )


def _check(item: _Item, planner: Planner) -> None:
    """Refuse what does not depend on the row alone."""
    for node in item.tree.walk():
        error = _refusal(node)
        if error is not None:
            raise planner.at(error, node if nodes.offset_of(node) is not None else item.at)


def _refusal(node: exp.Expr) -> SqlmlError | None:
    if isinstance(node, exp.Query | exp.Subquery | exp.Exists):
        return NotSupported("TRANSFORM cannot have a subquery.", hint="Put it in the query of CREATE MODEL.")
    if isinstance(node, exp.Window | exp.Filter) and not _name_of(node.this).startswith(_OURS):
        return NotSupported(
            "TRANSFORM cannot have this window function.",
            hint="Those of ML.STANDARD_SCALER's kind with OVER () can be replayed; use others in the query.",
        )
    if isinstance(node, _MOMENTS):
        return _not_deterministic(to_sql(node))
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Anonymous):
        return _refused_call(_name_of(node), to_sql(node).partition("(")[0])
    if isinstance(node, exp.Anonymous) and not isinstance(node.parent, exp.Dot):
        return _refused_call(_name_of(node), node.name)
    return None


def _name_of(node: exp.Expr) -> str:
    """The folded name of a call, that of ML.F being ml_f; `schema.f` of another schema."""
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Anonymous):
        name = f"{node.this.name}.{node.expression.name}".casefold()
        return name.replace(".", "_", 1) if name.startswith(("ml.", "ai.")) else name
    return node.name.casefold() if isinstance(node, exp.Anonymous) else ""


def _refused_call(name: str, written: str) -> SqlmlError | None:
    if name in PURE or name in UDFS or isinstance(FUNCTIONS.get(name), Preprocessing):
        return None
    if FUNCTIONS.get(name) is not None:
        return NotSupported("TRANSFORM cannot ask a model.", hint="Ask it in the query of CREATE MODEL.")
    if name in LATER:
        return NotSupported(f"{written} is not supported in this version.", hint="docs/reference.md lists what is.")
    if name.startswith(_OURS):
        known = {k.replace("_", ".", 1).upper() if "." in written else k: k for k in FUNCTIONS.names()}
        return NotFound(f'There is no function "{written}".', hint=nearest_hint(written, known))
    if name in AGGREGATES or name in WINDOWS:
        return NotSupported(
            f"TRANSFORM cannot aggregate rows: {written}(...).",
            hint="Use a function with OVER () as ML.STANDARD_SCALER, or aggregate in the query of CREATE MODEL.",
        )
    return _not_deterministic(f"{written}()") if name in NOT_DETERMINISTIC else _user_defined(written)


def _not_deterministic(shown: str) -> SqlmlError:
    return NotSupported(
        f"TRANSFORM cannot call {shown}: it would give something else at prediction.",
        hint="Select it in the query of CREATE MODEL as a column, and give that at prediction.",
    )


def _user_defined(name: str) -> SqlmlError:
    return NotSupported(
        f"TRANSFORM cannot call {name}: it is not a function that is built in.",
        hint=nearest_hint(name, PURE, otherwise="Call it in the query of CREATE MODEL, or write out what it does."),
    )


def _resolved(item: _Item, by_name: dict[str, Column], made: set[str], planner: Planner) -> exp.Expr:
    """The expression with its columns as `sqlml_raw."name"`."""
    holder = exp.Paren(this=item.tree.copy())
    for column in list(holder.find_all(exp.Column)):
        if _is_variable(column):
            continue
        parts = [p.name for p in column.parts]
        # `s.f` is a field of the column s: the query itself has no name here.
        known = by_name.get(parts[0].casefold())
        if known is None and _is_text(column):
            continue
        if known is None:
            raise planner.at(
                _unknown(
                    parts, by_name, set() if isinstance(item.tree, exp.Column) and item.name == parts[0] else made
                ),
                column,
            )
        replaced: exp.Expr = _raw_column(known.name)
        if column.meta.get("start") is not None:
            replaced.meta.update(column.meta)
        for part in parts[1:]:
            replaced = exp.Anonymous(this="struct_extract", expressions=[replaced, exp.Literal.string(part)])
        column.replace(replaced)
    resolved: exp.Expr = holder.this.pop()
    return resolved


def _is_variable(column: exp.Column) -> bool:
    """Whether a column is the variable of a list comprehension around it."""
    around = column.find_ancestor(exp.Comprehension)
    while around is not None:
        if around.expression.name == column.name:
            return True
        around = around.find_ancestor(exp.Comprehension)
    return False


def _is_text(column: exp.Column) -> bool:
    """Whether a name in double quotes is a text, as BigQuery writes it: an argument of a function of ours."""
    call = column.parent
    if not isinstance(call, exp.Anonymous) or not column.this.args.get("quoted") or column.table:
        return False
    return FUNCTIONS.get(_name_of(call.parent if isinstance(call.parent, exp.Dot) else call)) is not None


def _unknown(parts: list[str], by_name: dict[str, Column], made: set[str]) -> SqlmlError:
    if len(parts) == 1 and parts[0].casefold() in made:
        return InvalidSql(
            f'"{parts[0]}" is made by TRANSFORM itself; its columns are made of those of the query only.',
            hint="Write out what it is made of, or make it in the query.",
        )
    return _no_column(parts[0], [c.name for c in by_name.values()])


def _no_column(name: str, known: list[str]) -> NotFound:
    return NotFound(
        f'The query has no column "{name}" for TRANSFORM.',
        hint=nearest_hint(name, known, otherwise=f"Its columns are: {', '.join(known)}."),
    )


def _raw_column(name: str) -> exp.Column:
    return exp.column(name, table=RAW, quoted=True)


def _raw(trees: Sequence[exp.Expr], columns: Sequence[Column]) -> tuple[Feature, ...]:
    """The columns that the features are made of."""
    used = {c.name.casefold() for tree in trees for c in tree.find_all(exp.Column) if c.table == RAW}
    found = []
    for column in columns:
        if column.name.casefold() in used:
            family = family_of(column.type)
            found.append(Feature(column.name, column.type, "numeric" if family == "null" else family or OTHER))
    return tuple(found)


def _with_values(tree: exp.Expr, planner: Planner) -> exp.Expr:
    """The expression with parameters of the statement as constants: it is kept after the statement."""
    holder = exp.Paren(this=tree.copy())
    for mark in list(holder.find_all(exp.Placeholder)):
        if mark.name in planner.values:
            mark.replace(exp.convert(planner.parameter(mark)))
    filled: exp.Expr = holder.this.pop()
    return filled


def _typed(tree: exp.Expr, values: dict[str, exp.Expr]) -> exp.Expr:
    """The expression over raw columns as they are seen at prediction too."""
    holder = exp.Paren(this=tree.copy())
    for column in list(holder.find_all(exp.Column)):
        if column.table == RAW:
            column.replace(values[column.name.casefold()].copy())
    typed: exp.Expr = holder.this.pop()
    return typed


def _check_round_trip(name: str, tree: exp.Expr, planner: Planner, at: exp.Expr) -> None:
    """Refuse an expression that is not read as it was written: it is kept as SQL."""
    written = to_sql(exp.select(tree.copy()))
    if to_sql(parse_query(written)) != written:
        raise planner.at(
            NotSupported(f'The column "{name}" of TRANSFORM cannot be kept.', hint="Make it in the query."), at
        )


def check_kept(kept: Transform, raw: Sequence[str]) -> None:
    """Refuse a clause out of a file that has what none that was read here could have.

    Raises an error for a call, a subquery or a column that there may not be.
    """
    for column in kept.columns:
        variables = {p.name for each in column.tree.find_all(exp.Lambda) for p in each.expressions}
        for node in column.tree.walk():
            error = _refusal(node)
            if error is not None:
                raise error
            if isinstance(node, exp.Placeholder | exp.Command | exp.Table | exp.Star):
                raise NotSupported(f"TRANSFORM cannot have {to_sql(node)}.", hint="Write a column.")
            is_own = isinstance(node, exp.Column) and (
                (node.table == RAW and node.name in raw) or (not node.table and node.name in variables)
            )
            if (
                isinstance(node, exp.Column)
                and not is_own
                and not _is_variable(node)
                and column.name not in kept.passed
            ):
                raise _no_column(node.name, list(raw))
