"""The SQL that training reads: the user's query with every feature as its inputs, the label, and a hash of the row."""

from __future__ import annotations

from sqlglot import exp

from sqlml.dialect import to_sql
from sqlml.features import known_label, unused_name
from sqlml.planner import Planned
from sqlml.task import Task
from sqlml.types import Feature, SourceMap

_ROWS = "sqlml_rows"
_QUERY = "sqlml_query"
_INPUT = "sqlml_input_"
ROW_HASH = "sqlml_row_hash"
_LABEL, _HASH, _SPLIT, _WEIGHT = "sqlml_label", ROW_HASH, "sqlml_split", "sqlml_weight"
_WHOLE_NUMBERS = {
    *(u + n for u in ("", "U") for n in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")),
    "BOOLEAN",
}


def query_rows(alias: str) -> exp.Subquery:
    """`(the user's query) AS alias`, to be put in by `around`."""
    return exp.Subquery(this=exp.select("*").from_(_QUERY), alias=exp.TableAlias(this=exp.to_identifier(alias)))


def around(tree: exp.Select, planned: Planned) -> tuple[str, SourceMap]:
    """The SQL of a query over `query_rows`, and its map back; the user's query stands in it to the byte."""
    return around_sql(tree, planned.sql, planned.source_map)


def around_sql(tree: exp.Select, inner: str, sent: SourceMap) -> tuple[str, SourceMap]:
    """The same over SQL that has its map back."""
    before, _, after = to_sql(tree).rpartition(to_sql(exp.select("*").from_(_QUERY)))
    shift = len(before)
    start = sent.to_text(0)
    pieces = [(a + shift, b + shift, c, d) for a, b, c, d in sent.pieces]
    if not pieces or pieces[0][:2] != (shift, shift):
        pieces.insert(0, (shift, shift, start, start))
    # A line break ends a comment that the user's query may end with.
    return before + inner + "\n" + after, SourceMap(sent.text, ((0, shift, start, start), *pieces))


def training_query(
    task: Task, features: tuple[Feature, ...], planned: Planned, made: exp.Select | None = None
) -> tuple[str, SourceMap]:
    """The SQL and its map back to the user's text; `made` is what a TRANSFORM clause makes of the user's query."""
    by_name = {f.name: f for f in features}
    rows = unused_name(_ROWS, [*by_name, task.label, task.common.data_split_col, task.weight_column])

    def column(name: str) -> exp.Expr:
        return exp.column(name, table=rows, quoted=True)

    columns = [
        exp.alias_(i.sql(column(by_name[i.feature.name].name)), f"{_INPUT}{n}") for n, i in enumerate(task.inputs)
    ]
    columns.append(exp.alias_(_label(task, column(task.label)), _LABEL))
    columns.append(exp.alias_(exp.func("hash", exp.column(rows)), _HASH))
    if task.common.data_split_col:
        columns.append(exp.alias_(column(task.common.data_split_col), _SPLIT))
    if task.weight_column:
        weight = exp.cast(column(task.weight_column), exp.DataType.build("DOUBLE", dialect="duckdb"))
        columns.append(exp.alias_(weight, _WEIGHT))
    holder = query_rows(rows)
    if made is not None:
        holder.set("this", made)
    return around(exp.select(*columns).from_(holder), planned)


def _label(task: Task, label: exp.Expr) -> exp.Expr:
    if task.kind == "regression":
        return exp.cast(label, exp.DataType.build("DOUBLE", dialect="duckdb"))
    if task.label_type in _WHOLE_NUMBERS:
        return label
    return exp.cast(known_label(label, task.label_type), exp.DataType.build("VARCHAR", dialect="duckdb"))
