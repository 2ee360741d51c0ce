"""Metrics by task as SQL over rows of (label, score): the same query evaluates at training time and in ML.EVALUATE.

`score` is DOUBLE[]: the prediction, or one probability a class. Definitions are scikit-learn's; for two classes
precision, recall and f1_score are those of the positive class (the later one) at the threshold, for more they are
averaged over the classes that occur (macro), and roc_auc is one-vs-rest. Rows without a label do not count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from sqlglot import exp

from sqlml.dialect import parse, parse_query

COLUMNS = {
    "regression": (
        "mean_absolute_error",
        "mean_squared_error",
        "mean_squared_log_error",
        "median_absolute_error",
        "r2_score",
        "explained_variance",
    ),
    "classification": ("precision", "recall", "accuracy", "f1_score", "log_loss", "roc_auc"),
}

_REGRESSION = """
SELECT avg(abs(y - p)) AS mean_absolute_error,
       avg((y - p) * (y - p)) AS mean_squared_error,
       CASE WHEN min(y) > -1 AND min(p) > -1
            THEN avg(CASE WHEN y > -1 AND p > -1 THEN pow(ln(1 + y) - ln(1 + p), 2) END) END AS mean_squared_log_error,
       median(abs(y - p)) AS median_absolute_error,
       1 - avg((y - p) * (y - p)) / nullif(var_pop(y), 0) AS r2_score,
       1 - var_pop(y - p) / nullif(var_pop(y), 0) AS explained_variance
FROM (SELECT CAST(label AS DOUBLE) AS y, score[1] AS p FROM __rows) AS e
WHERE y IS NOT NULL AND NOT isnan(y)
"""

# 2.2e-16 is how far scikit-learn keeps a probability from zero.
_CLASSIFICATION = """
WITH rows AS MATERIALIZED (
    SELECT CAST(label AS VARCHAR) AS y, score,
           list_position(__classes, CAST(label AS VARCHAR)) AS at,
           __predicted AS chosen
    FROM __rows WHERE label IS NOT NULL
), pairs AS (
    SELECT y, list_extract(__classes, chosen) AS p, n
    FROM (SELECT y, chosen, count(*) AS n FROM rows GROUP BY y, chosen)
), found AS (
    SELECT y AS c FROM pairs UNION SELECT p FROM pairs
), by_class AS (
    SELECT c,
           coalesce(sum(n) FILTER (WHERE y = c AND p = c), 0)::DOUBLE AS hits,
           coalesce(sum(n) FILTER (WHERE p = c), 0)::DOUBLE AS predicted,
           coalesce(sum(n) FILTER (WHERE y = c), 0)::DOUBLE AS actual
    FROM found CROSS JOIN pairs GROUP BY c
), rates AS (
    SELECT c,
           CASE WHEN predicted > 0 THEN hits / predicted ELSE 0 END AS precision,
           CASE WHEN actual > 0 THEN hits / actual ELSE 0 END AS recall,
           CASE WHEN predicted + actual > 0 THEN 2 * hits / (predicted + actual) ELSE 0 END AS f1
    FROM by_class WHERE __counts
), ranks AS (
    -- Of equal scores each has the mean of the ranks they take: half of the first and the last.
    SELECT k, hit, rank() OVER (PARTITION BY k ORDER BY s) + count(*) OVER (PARTITION BY k ORDER BY s) AS twice
    FROM (SELECT k, score[k] AS s, coalesce(at = k, FALSE) AS hit FROM rows, unnest(__ranked) AS r(k))
), areas AS (
    -- The U of Mann and Whitney.
    SELECT (twice - hits * (hits + 1)) / 2 / nullif(hits * misses, 0) AS area
    FROM (SELECT sum(twice) FILTER (WHERE hit) AS twice,
                 (count(*) FILTER (WHERE hit))::HUGEINT AS hits, count(*) FILTER (WHERE NOT hit) AS misses
          FROM ranks GROUP BY k)
)
SELECT CASE WHEN total.n > 0 THEN coalesce((SELECT avg(precision) FROM rates), 0) END AS precision,
       CASE WHEN total.n > 0 THEN coalesce((SELECT avg(recall) FROM rates), 0) END AS recall,
       total.accuracy,
       CASE WHEN total.n > 0 THEN coalesce((SELECT avg(f1) FROM rates), 0) END AS f1_score,
       total.log_loss,
       (SELECT avg(area) FROM areas) AS roc_auc
FROM (SELECT count(*) AS n, avg((at IS NOT DISTINCT FROM chosen)::INTEGER) AS accuracy,
             avg(-ln(greatest(coalesce(score[at], 0), 2.220446049250313e-16))) AS log_loss FROM rows) AS total
"""


# The ranks of the later of two classes, in two thirds of the time.
_RANKS_OF_TWO = """
    SELECT 2 AS k, hit, rank() OVER (ORDER BY s) + count(*) OVER (ORDER BY s) AS twice
    FROM (SELECT score[2] AS s, coalesce(at = 2, FALSE) AS hit FROM rows)
"""


@cache
def _template(task: str, *, binary: bool) -> exp.Query:
    tree = parse_query(_REGRESSION if task == "regression" else _CLASSIFICATION)
    if binary:
        next(cte for cte in tree.ctes if cte.alias == "ranks").set("this", parse_query(_RANKS_OF_TWO))
    return tree


def evaluation(task: str, classes: Sequence[str], rows: exp.Query, *, threshold: float = 0.5) -> exp.Query:
    """The query that gives one row of metrics for a query of (label, score)."""
    binary = len(classes) == 2
    tree = _over(_template(task, binary=binary).copy(), rows)
    if task == "regression":
        return tree
    positive = exp.column("c").eq(exp.Literal.string(classes[1])) if binary else exp.true()
    return _filled(
        tree,
        {
            "__classes": _texts(classes),
            "__predicted": predicted_position(exp.column("score"), len(classes), threshold),
            "__counts": positive,
            "__ranked": exp.Array(expressions=[exp.Literal.number(k + 1) for k in range(len(classes))]),
        },
    )


_CONFUSION = """
SELECT CAST(label AS VARCHAR) AS y, list_extract(__classes, __predicted) AS p, count(*) AS n
FROM __rows WHERE label IS NOT NULL GROUP BY y, p
"""

# A histogram finds each row's place among the thresholds; sums over its bins are the counts at every threshold.
_ROC_CURVE = """
WITH rows AS (
    SELECT CAST(label AS VARCHAR) = __classes[2] AS hit, score[2] AS s FROM __rows WHERE label IS NOT NULL
), at AS (
    SELECT list_sort(list_distinct(__thresholds)) AS edges
), bins AS (
    SELECT count(*) FILTER (WHERE hit) AS hits, histogram(s, (SELECT edges FROM at)) FILTER (WHERE hit) AS hits_in,
           count(*) FILTER (WHERE NOT hit) AS misses,
           histogram(s, (SELECT edges FROM at)) FILTER (WHERE NOT hit) AS misses_in
    FROM rows
), below AS (
    SELECT threshold, hits, (sum(coalesce(hits_in[threshold], 0)) OVER (ORDER BY threshold))::BIGINT AS false_negatives,
           misses, (sum(coalesce(misses_in[threshold], 0)) OVER (ORDER BY threshold))::BIGINT AS true_negatives
    FROM bins, (SELECT unnest(edges) AS threshold FROM at) AS t
)
SELECT threshold, (hits - false_negatives) / nullif(hits, 0)::DOUBLE AS recall,
       (misses - true_negatives) / nullif(misses, 0)::DOUBLE AS false_positive_rate,
       hits - false_negatives AS true_positives, misses - true_negatives AS false_positives,
       true_negatives, false_negatives
FROM below ORDER BY threshold
"""
_PERCENTILES = "(SELECT quantile_disc(s, [k / 100 FOR k IN range(101)]) FROM rows)"


def confusion(classes: Sequence[str], rows: exp.Query, *, threshold: float = 0.5) -> exp.Query:
    """The query of (label y, predicted label p, number of rows n) for a query of (label, score)."""
    tree = _over(parse_query(_CONFUSION), rows)
    predicted = predicted_position(exp.column("score"), len(classes), threshold)
    return _filled(tree, {"__classes": _texts(classes), "__predicted": predicted})


def roc_curve(classes: Sequence[str], rows: exp.Query, thresholds: Sequence[float] | None = None) -> exp.Query:
    """The query of the ROC curve of two classes, at these thresholds or at the percentiles of the probabilities."""
    tree = _over(parse_query(_ROC_CURVE), rows)
    at: exp.Expr = parse(_PERCENTILES)
    if thresholds is not None:
        at = exp.Array(expressions=[_number(t) for t in thresholds])
    return _filled(tree, {"__classes": _texts(classes), "__thresholds": at})


def _texts(classes: Sequence[str]) -> exp.Expr:
    return exp.Array(expressions=[exp.Literal.string(c) for c in classes])


def _over(tree: exp.Query, rows: exp.Query) -> exp.Query:
    """The tree with `__rows` as the query of (label, score)."""
    for table in list(tree.find_all(exp.Table)):
        if table.name == "__rows":
            table.replace(exp.Subquery(this=rows.copy(), alias=exp.TableAlias(this=exp.to_identifier("rows_in"))))
    return tree


def _filled(tree: exp.Query, values: Mapping[str, exp.Expr]) -> exp.Query:
    """The tree with its marked columns replaced."""
    for column in list(tree.find_all(exp.Column)):
        if column.name in values:
            column.replace(values[column.name].copy())
    return tree


def predicted_position(score: exp.Expr, classes: int, threshold: float = 0.5) -> exp.Expr:
    """The position (from 1) of the class that a list of probabilities predicts.

    Of two classes the later one when its probability is above the threshold; of more the most probable, the first
    of equals.
    """
    if classes == 2:
        is_list = isinstance(score, exp.Array)
        later = (
            score.expressions[1].copy() if is_list else exp.func("list_extract", score.copy(), exp.Literal.number(2))
        )
        above = exp.GT(this=later, expression=_number(threshold))
        return exp.Case(ifs=[exp.If(this=above, true=exp.Literal.number(2))], default=exp.Literal.number(1))
    best = exp.Anonymous(this="list_grade_up", expressions=[score.copy(), exp.Literal.string("DESC")])
    return exp.Anonymous(this="list_extract", expressions=[best, exp.Literal.number(1)])


def _number(value: float) -> exp.Expr:
    return exp.cast(exp.Literal.string(repr(value)), exp.DataType.build("DOUBLE", dialect="duckdb"))
