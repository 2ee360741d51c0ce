"""`ML.DESCRIBE_DATA(TABLE t | (query) [, STRUCT(...)])`: what the values of each column are like."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sqlglot import exp

from sqlml.dialect import parse_query
from sqlml.errors import InvalidOption
from sqlml.features import family_of
from sqlml.functions.base import Call, Context, Function
from sqlml.functions.table_input import only_rows, rows_clause, settings
from sqlml.types import Column

_DEFAULTS = {"num_quantiles": 2, "num_array_length_quantiles": 10, "top_k": 1}
_MOST = 10_000

# The columns and their types; a column that says nothing about a kind of values is NULL there.
_HEAD = """
SELECT ''::VARCHAR AS name, 0::BIGINT AS num_rows, 0::BIGINT AS num_nulls, 0::BIGINT AS num_zeros, ''::VARCHAR AS min,
       ''::VARCHAR AS max, 0::DOUBLE AS mean, 0::DOUBLE AS stdev, 0::DOUBLE AS median, []::DOUBLE[] AS quantiles,
       0::BIGINT AS "unique", 0::DOUBLE AS avg_string_length, 0::BIGINT AS num_values,
       []::STRUCT(value VARCHAR, count BIGINT)[] AS top_values, 0::BIGINT AS min_array_length,
       0::BIGINT AS max_array_length, 0::DOUBLE AS avg_array_length, 0::BIGINT AS total_array_length,
       []::BIGINT[] AS array_length_quantiles, 0::BIGINT AS dimension WHERE FALSE
"""
_NUMBERS = """
SELECT __name AS name, count(*) AS num_rows, count(*) - count(value) AS num_nulls, count(value) AS num_values,
       count(*) FILTER (WHERE value = 0) AS num_zeros, min(value)::VARCHAR AS min, max(value)::VARCHAR AS max,
       avg(known) AS mean, stddev_samp(known) AS stdev, median(known) AS median,
       quantile_disc(known, __quantiles) AS quantiles
FROM (SELECT value, CASE WHEN isfinite(value::DOUBLE) THEN value::DOUBLE END AS known FROM __values)
"""
_CATEGORIES = """
SELECT __name AS name, count(*) AS num_rows, count(*) - count(value) AS num_nulls, count(value) AS num_values,
       min(value)::VARCHAR AS min, max(value)::VARCHAR AS max, count(DISTINCT value) AS "unique",
       avg(__length) AS avg_string_length,
       (SELECT list({'value': value, 'count': n} ORDER BY n DESC, value)
        FROM (SELECT value::VARCHAR AS value, count(*) AS n FROM __values WHERE value IS NOT NULL
              GROUP BY ALL ORDER BY n DESC, value LIMIT __top)) AS top_values
FROM __values
"""
_OTHERS = """
SELECT __name AS name, count(*) AS num_rows, count(*) - count(value) AS num_nulls, count(value) AS num_values
FROM __values
"""
# What is said of a list, and what of its elements.
_LISTS = """
SELECT of_elements.* REPLACE (of_lists.num_rows AS num_rows, of_lists.num_nulls AS num_nulls),
       of_lists.* EXCLUDE (num_rows, num_nulls)
FROM (SELECT count(*) AS num_rows, count(*) - count(value) AS num_nulls, min(len(value)) AS min_array_length,
             max(len(value)) AS max_array_length, avg(len(value)) AS avg_array_length,
             sum(len(value))::BIGINT AS total_array_length,
             quantile_disc(len(value), __length_quantiles) AS array_length_quantiles FROM __values) AS of_lists
CROSS JOIN __elements AS of_elements
"""


class MlDescribeData(Function):
    """One row a column of a table or query: counts, and what its values are like.

        SELECT * FROM ML.DESCRIBE_DATA(TABLE customers);
        SELECT * FROM ML.DESCRIBE_DATA((SELECT age, plan FROM customers), STRUCT(4 AS num_quantiles, 3 AS top_k));

    Columns: name, num_rows, num_nulls, num_zeros, min, max, mean, stdev, median, quantiles (num_quantiles + 1 of them,
    2 by default), unique, avg_string_length, num_values, top_values (top_k of {value, count}, 1 by default),
    min_array_length, max_array_length, avg_array_length, total_array_length, array_length_quantiles, dimension (always
    NULL). Of lists the values are their elements. NaN and infinities count in num_values, min and max only.

    Becomes aggregates over the rows, one SELECT a column; a query is run once.
    Source: BigQuery ML, ML.DESCRIBE_DATA; the numbers are exact here.
    """

    name = "ml_describe_data"
    signature = "ML.DESCRIBE_DATA(TABLE t | (query) [, STRUCT(2 AS num_quantiles, 1 AS top_k)])"

    def table(self, call: Call, context: Context) -> exp.Query:
        """The columns, in order."""
        query = only_rows(call)
        given = settings(call, tuple(_DEFAULTS), 0)
        sizes = {name: _size(name, given.get(name), context) for name in _DEFAULTS}
        columns = context.columns(query, call.node)
        values = {
            "__quantiles": _quantiles(sizes["num_quantiles"]),
            "__length_quantiles": _quantiles(sizes["num_array_length_quantiles"]),
            "__top": exp.Literal.number(sizes["top_k"]),
        }
        found = _joined([_template(_HEAD).copy(), *(_described(column, values) for column in columns)])
        found.set("with_", rows_clause(call, query))
        return found


def _size(name: str, given: exp.Expr | None, context: Context) -> int:
    value = _DEFAULTS[name] if given is None else context.value(given)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST:
        raise InvalidOption(f"{name} is {value!r}.", hint=f"It is a whole number from 1 to {_MOST}.")
    return value


def _quantiles(count: int) -> exp.Expr:
    double = exp.DataType.build("DOUBLE", dialect="duckdb")
    return exp.Array(expressions=[exp.cast(exp.Literal.string(repr(k / count)), double) for k in range(count + 1)])


def _joined(queries: list[exp.Query]) -> exp.Query:
    """UNION ALL BY NAME as a balanced tree: a table may have thousands of columns."""
    if len(queries) == 1:
        return queries[0]
    half = len(queries) // 2
    return exp.Union(this=_joined(queries[:half]), expression=_joined(queries[half:]), distinct=False, by_name=True)


def _described(column: Column, values: Mapping[str, exp.Expr]) -> exp.Query:
    """One row about a column."""
    own = exp.column(column.name, table="rows_in", quoted=True)
    named = {**values, "__name": exp.Literal.string(column.name)}
    if not column.type.endswith("]"):
        return _filled(own, named, family_of(column.type))
    family = family_of(column.type.rpartition("[")[0])
    elements = _filled(exp.Anonymous(this="unnest", expressions=[own]), named, family)
    return _put(_LISTS, own, named, {"__elements": elements})


def _filled(value: exp.Expr, values: Mapping[str, exp.Expr], family: str | None) -> exp.Query:
    """One row about values of a family."""
    if family == "numeric":
        return _put(_NUMBERS, value, values)
    if family in (None, "null"):
        return _put(_OTHERS, value, values)
    length = exp.Anonymous(this="length", expressions=[exp.column("value")]) if family == "text" else exp.null()
    return _put(_CATEGORIES, value, {**values, "__length": length})


@cache
def _template(text: str) -> exp.Query:
    return parse_query(text)


def _put(
    text: str, value: exp.Expr, values: Mapping[str, exp.Expr], queries: Mapping[str, exp.Query] | None = None
) -> exp.Query:
    """A template with `__values` as the query of a value, and its other marks replaced."""
    tree = _template(text).copy()
    rows = exp.Select(expressions=[exp.alias_(value.copy(), "value", copy=False)]).from_("rows_in", copy=False)
    marked = {"__values": rows, **(queries or {})}
    for table in list(tree.find_all(exp.Table)):
        if table.name in marked:
            alias = exp.TableAlias(this=exp.to_identifier(table.alias or "of_column"))
            table.replace(exp.Subquery(this=marked[table.name].copy(), alias=alias))
    for column in list(tree.find_all(exp.Column)):
        if column.name in values and not column.table:
            column.replace(values[column.name].copy())
    return tree
