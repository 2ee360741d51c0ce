"""`ML.CORRELATION(TABLE t, target_col => 'y', target_correlation_cols => ['a'])`: how columns go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from sqlglot import exp

from sqlml.dialect import parse_query
from sqlml.errors import InvalidOption, NotFound, WrongType, nearest_hint
from sqlml.features import family_of
from sqlml.functions.base import Call, Context, Function
from sqlml.functions.table_input import only_rows, rows_clause, settings
from sqlml.types import Column

_SETTINGS = ("target_col", "target_correlation_cols", "dimension_cols", "method")
_MOST_DIMENSIONS = 12

# A segment is a struct: which dimensions it fixes (the bits of mask), which column is correlated, and the values.
_CELLS = """
SELECT {'mask': mask, 'at': at} AS segment, __target AS x, __others[at] AS y
FROM rows_in CROSS JOIN range(__masks) AS m(mask) CROSS JOIN range(1, __others_end) AS o(at)
"""
_SEGMENTS = "SELECT segment, count(*) AS n FROM cells GROUP BY segment"
_PAIRS = "SELECT segment, x, y FROM cells WHERE x IS NOT NULL AND y IS NOT NULL"
_PEARSON = "SELECT segment, corr(x, y) AS correlation FROM pairs GROUP BY segment"
# Equal values have the mean of the ranks they take: the first, and half of how many more there are.
_SPEARMAN = """
SELECT segment, corr(rank_of_x, rank_of_y) AS correlation
FROM (SELECT segment,
             rank() OVER (PARTITION BY segment ORDER BY x) + count(*) OVER (PARTITION BY segment, x) / 2 AS rank_of_x,
             rank() OVER (PARTITION BY segment ORDER BY y) + count(*) OVER (PARTITION BY segment, y) / 2 AS rank_of_y
      FROM pairs)
GROUP BY segment
"""
# Tau-b. In the order of (x, y) a discordant pair is an inversion of y. Two ranks of y part at their highest bit that
# differs: an inversion is a one before a zero there, among those that have all higher bits alike. That is n log n.
_KENDALL = """
WITH ranked AS (
    SELECT segment, row_number() OVER (PARTITION BY segment ORDER BY x, y) AS i,
           dense_rank() OVER (PARTITION BY segment ORDER BY y) - 1 AS r,
           count(*) OVER (PARTITION BY segment, x) - 1 AS same_x, count(*) OVER (PARTITION BY segment, y) - 1 AS same_y,
           count(*) OVER (PARTITION BY segment, x, y) - 1 AS same
    FROM pairs
), levels AS (
    SELECT segment, i, level, r >> (level + 1) AS alike, (r >> level) & 1 AS bit
    FROM ranked JOIN range(48) AS l(level) ON (CAST(1 AS BIGINT) << level) <= (SELECT max(r) FROM ranked)
), inversions AS (
    SELECT segment, sum(ones) AS discordant
    FROM (SELECT segment, bit, sum(bit) OVER (PARTITION BY segment, level, alike ORDER BY i) AS ones FROM levels)
    WHERE bit = 0 GROUP BY segment
), totals AS (
    SELECT segment, CAST(count(*) AS DOUBLE) * (count(*) - 1) / 2 AS total, CAST(sum(same_x) AS DOUBLE) / 2 AS same_x,
           CAST(sum(same_y) AS DOUBLE) / 2 AS same_y, CAST(sum(same) AS DOUBLE) / 2 AS same
    FROM ranked GROUP BY segment
)
SELECT t.segment, (total - same_x - same_y + same - 2 * coalesce(discordant, 0))
                  / nullif(sqrt(total - same_x) * sqrt(total - same_y), 0) AS correlation
FROM totals AS t LEFT JOIN inversions AS v ON v.segment = t.segment
"""
_METHODS = {"PEARSON": _PEARSON, "SPEARMAN": _SPEARMAN, "KENDALL": _KENDALL}
_RESULT = """
SELECT __target_name AS target_col, __names[s.segment.at] AS corr_col,
       CASE WHEN isfinite(c.correlation) THEN c.correlation END AS correlation, s.n AS segment_size,
       s.n / (SELECT count(*) FROM rows_in) AS segment_proportion
FROM segments AS s LEFT JOIN correlations AS c ON c.segment = s.segment
ORDER BY s.segment
"""


class MlCorrelation(Function):
    """Correlations of one column with others, over all rows and within every combination of the dimensions.

        FROM ML.CORRELATION(TABLE trips, target_col => 'fare', target_correlation_cols => ['hour', 'distance']);
        SELECT * FROM ML.CORRELATION((FROM trips), target_col => 'fare', target_correlation_cols => 'distance',
                                     dimension_cols => ['city'], method => 'SPEARMAN');

    Columns: segment ('ALL', or 'city=Rome'), the dimensions (NULL where not fixed), target_col, corr_col, correlation
    (NULL where a column does not vary), segment_size and segment_proportion (rows, and their share of all). The method
    is PEARSON, SPEARMAN or KENDALL (tau-b). Rows in which one of the two is NULL, NaN or infinite are left out.

    Becomes corr() by segment, over ranks for SPEARMAN; counts of inversions for KENDALL.
    Source: BigQuery ML, ML.CORRELATION; Kendall, The Treatment of Ties in Ranking Problems, 1945.
    """

    name = "ml_correlation"
    signature = "ML.CORRELATION(TABLE t | (query), target_col => 'y', target_correlation_cols => ['a', 'b'])"

    def table(self, call: Call, context: Context) -> exp.Query:
        """One row a segment and correlated column."""
        query = only_rows(call)
        given = settings(call, _SETTINGS, 0)
        columns = {c.name.casefold(): c for c in context.columns(query, call.node)}
        [target] = _numbers("target_col", _names("target_col", given, context), columns, single=True)
        others = _numbers("target_correlation_cols", _names("target_correlation_cols", given, context), columns)
        named = _names("dimension_cols", given, context) if "dimension_cols" in given else []
        dimensions = [_column("dimension_cols", name, columns) for name in named]
        if len(dimensions) > _MOST_DIMENSIONS:
            raise InvalidOption(
                f"dimension_cols names {len(dimensions)} columns.", hint=f"At most {_MOST_DIMENSIONS} are allowed."
            )
        method = context.value(given["method"]) if "method" in given else "PEARSON"
        if not isinstance(method, str) or method.upper() not in _METHODS:
            hint = nearest_hint(str(method).upper(), _METHODS, otherwise=f"It is one of {', '.join(_METHODS)}.")
            raise InvalidOption(f"method is {method!r}.", hint=hint)
        clause = rows_clause(call, query)
        for name, tree in (
            ("cells", _cells(target, others, dimensions)),
            ("segments", _template(_SEGMENTS).copy()),
            ("pairs", _template(_PAIRS).copy()),
            ("correlations", _template(_METHODS[method.upper()]).copy()),
        ):
            clause.append("expressions", exp.CTE(this=tree, alias=exp.TableAlias(this=exp.to_identifier(name))))
        result = _result(target, others, dimensions)
        result.set("with_", clause)
        return result


def _names(setting: str, given: Mapping[str, exp.Expr], context: Context) -> list[str]:
    if setting not in given:
        raise InvalidOption(f"ml_correlation needs {setting}.", hint=f"Write {setting} => 'column'.")
    value = context.value(given[setting])
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise InvalidOption(f"{setting} is {value!r}.", hint="It is the name of a column, or a list of names.")
    return names


def _column(setting: str, name: str, columns: Mapping[str, Column]) -> Column:
    found = columns.get(name.casefold())
    if found is None:
        known = f"Its columns are: {', '.join(c.name for c in columns.values())}."
        raise NotFound(
            f'The input has no column "{name}", which {setting} names.',
            hint=nearest_hint(name, columns, otherwise=known),
        )
    return found


def _numbers(
    setting: str, names: Sequence[str], columns: Mapping[str, Column], *, single: bool = False
) -> list[Column]:
    if single and len(names) != 1:
        raise InvalidOption(f"{setting} names {len(names)} columns.", hint="It is one column.")
    found = [_column(setting, name, columns) for name in names]
    for column in found:
        if family_of(column.type) != "numeric":
            raise WrongType(
                f'The column "{column.name}" is {column.type}; only numbers correlate.',
                hint=f'Cast it: CAST("{column.name}" AS DOUBLE).',
            )
    return found


def _cells(target: Column, others: Sequence[Column], dimensions: Sequence[Column]) -> exp.Query:
    tree = _filled(
        _CELLS,
        {
            "__target": _finite(target),
            "__others": exp.Array(expressions=[_finite(c) for c in others]),
            "__others_end": exp.Literal.number(len(others) + 1),
            "__masks": exp.Literal.number(2 ** len(dimensions)),
        },
    )
    segment = next(tree.find_all(exp.Struct))
    for bit, dimension in enumerate(dimensions):
        own = exp.column(dimension.name, table="rows_in", quoted=True)
        kept = exp.Case(ifs=[exp.If(this=_is_fixed(exp.column("mask", table="m"), bit), true=own)])
        # In the order of the segments: mask, then the dimensions, then the columns.
        segment.expressions.insert(1 + bit, exp.PropertyEQ(this=exp.to_identifier(f"d{bit}"), expression=kept))
    return tree


def _result(target: Column, others: Sequence[Column], dimensions: Sequence[Column]) -> exp.Query:
    names = exp.Array(expressions=[exp.Literal.string(c.name) for c in others])
    tree = _filled(_RESULT, {"__target_name": exp.Literal.string(target.name), "__names": names})
    parts: list[exp.Expr] = []
    values: list[exp.Expr] = []
    for bit, dimension in enumerate(dimensions):
        value = _field(f"d{bit}")
        text = exp.func("coalesce", exp.cast(value.copy(), exp.DataType.build("VARCHAR")), exp.Literal.string("NULL"))
        shown = exp.DPipe(this=exp.Literal.string(f"{dimension.name}="), expression=text)
        parts.append(exp.Case(ifs=[exp.If(this=_is_fixed(_field("mask"), bit), true=shown)]))
        values.append(exp.alias_(value, dimension.name, quoted=True))
    whole: exp.Expr = exp.Literal.string("ALL")
    if parts:
        joined = exp.Anonymous(this="concat_ws", expressions=[exp.Literal.string(", "), *parts])
        every = _field("mask").eq(exp.Literal.number(0))
        whole = exp.Case(ifs=[exp.If(this=every, true=whole)], default=joined)
    tree.set("expressions", [exp.alias_(whole, "segment"), *values, *tree.selects])
    return tree


def _field(name: str) -> exp.Expr:
    return exp.func("struct_extract", exp.column("segment", table="s"), exp.Literal.string(name))


def _is_fixed(mask: exp.Expr, bit: int) -> exp.Expr:
    has = exp.paren(exp.BitwiseAnd(this=mask, expression=exp.Literal.number(2**bit)))
    return exp.NEQ(this=has, expression=exp.Literal.number(0))


def _finite(column: Column) -> exp.Expr:
    double = exp.DataType.build("DOUBLE", dialect="duckdb")
    value = exp.cast(exp.column(column.name, table="rows_in", quoted=True), double)
    known = exp.Anonymous(this="isfinite", expressions=[value])
    return exp.Case(ifs=[exp.If(this=known, true=value.copy())])


@cache
def _template(text: str) -> exp.Query:
    return parse_query(text)


def _filled(text: str, values: Mapping[str, exp.Expr]) -> exp.Query:
    tree = _template(text).copy()
    for column in list(tree.find_all(exp.Column)):
        if column.name in values:
            column.replace(values[column.name].copy())
    return tree
