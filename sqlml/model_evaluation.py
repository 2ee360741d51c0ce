"""`con.model('churn').evaluation("SELECT * FROM customers_2024")`: how good a model is, with its pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from sqlml import nodes
from sqlml.chart_data import Bars, Chart, ConfusionMatrix, chart_data, metric_bars
from sqlml.dialect import parse, parse_query, read_name, to_sql
from sqlml.errors import InvalidOption
from sqlml.notebook.charts import chart_html, density_html
from sqlml.notebook.html import facts_table, markdown_cell, markdown_table, note, pictures, tag, value_text
from sqlml.session import Session
from sqlml.types import ModelVersion

_SIDE, _NAME = 30, "sqlml_rows"
# Predictions against what came, counted in squares; and how far off they are.
_DENSITY = """
WITH pairs AS MATERIALIZED (
    SELECT CAST(__label AS DOUBLE) AS y, CAST(__predicted AS DOUBLE) AS p FROM __rows
), finite AS (
    SELECT y, p FROM pairs WHERE isfinite(y) AND isfinite(p)
), ends AS (
    SELECT least(min(y), min(p)) AS low, greatest(max(y), max(p)) AS high,
           quantile_cont(y - p, [0.05, 0.25, 0.5, 0.75, 0.95]) AS residuals FROM finite
)
SELECT any_value(low), any_value(high), any_value(residuals),
       CASE WHEN high > low THEN least(CAST(floor((y - low) / (high - low) * __side) AS INTEGER), __side - 1) ELSE 0 END
           AS across,
       CASE WHEN high > low THEN least(CAST(floor((p - low) / (high - low) * __side) AS INTEGER), __side - 1) ELSE 0 END
           AS up,
       count(*) AS n
FROM finite CROSS JOIN ends GROUP BY across, up ORDER BY across, up
"""


@dataclass(frozen=True)
class Predictions:
    """Predicted numbers against labels: counts of squares between two ends, quantiles of label minus predicted."""

    ends: tuple[float, float]
    squares: tuple[tuple[int, int, int], ...]
    residuals: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Evaluation:
    """The metrics of a version, and what can be drawn of it; a notebook shows the pictures.

    `confusion` and `roc_curve` are those of classifications, the latter of two classes; `predictions` those of a
    regression on rows that were given, for of the rows held out at training only the metrics are kept.
    """

    name: str
    version: int
    of: str
    metrics: dict[str, float | None]
    confusion: ConfusionMatrix | None = None
    roc_curve: Chart | None = None
    predictions: Predictions | None = None

    @property
    def charts(self) -> list[str]:
        """The pictures, each as HTML."""
        bars = metric_bars(dict(self.metrics))
        drawn = [chart_html(c) for c in (bars, self.roc_curve, self.confusion) if c is not None]
        found = self.predictions
        if found is not None and found.squares:
            drawn.append(density_html(found.squares, _SIDE, found.ends, "Predicted against label"))
        return drawn

    def _facts(self) -> list[tuple[str, Any]]:
        residuals = self.predictions.residuals if self.predictions is not None else {}
        return [*self.metrics.items(), *((f"label - predicted, {name}", value) for name, value in residuals.items())]

    def _repr_html_(self) -> str:
        head = tag("div", tag("b", note(f"{self.name}@{self.version}: {self.of}")))
        return tag("div", head, pictures([*self.charts, facts_table(self._facts())]))

    def _repr_markdown_(self) -> str:
        head = f"{markdown_cell(self.name)}@{self.version}: {self.of}"
        return f"{head}\n\n{markdown_table(['metric', 'value'], self._facts())}"

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value_text(value)}" for name, value in self.metrics.items())
        return f"<sqlml.Evaluation {self.name}@{self.version}, {self.of}: {shown}>"


def reference(model: ModelVersion) -> nodes.ModelRef:
    """`MODEL catalog.schema.name VERSION n`, of exactly this version."""
    table = exp.table_(model.name, model.schema, model.catalog, quoted=True)
    return nodes.ModelRef(this=table, version=exp.Literal.number(model.version))


def read(session: Session, function: str, model: ModelVersion, *more: exp.Expr) -> tuple[list[str], list[Any]]:
    """The columns and rows of `SELECT * FROM function(MODEL m, ...)`."""
    call = exp.Anonymous(this=function, expressions=[reference(model), *more])
    result = session.execute(to_sql(exp.select("*").from_(exp.Table(this=call))))
    return result.columns, result.fetchall()


def evaluate(
    session: Session,
    model: ModelVersion,
    rows: str | None = None,
    *,
    threshold: float | None = None,
    held_out: str = "",
) -> Evaluation:
    """Evaluate a version on the rows of a table or query, or give what is kept of the rows held out at training.

    Raises NotFound for a model that was not trained here without rows, InvalidOption for rows that are no SQL.
    """
    given = () if rows is None else (_rows(rows),)
    settings = () if threshold is None else (_struct("threshold", threshold),)

    def ask(function: str, *more: exp.Expr) -> tuple[list[str], list[Any]]:
        return read(session, function, model, *given, *more)

    columns, [values] = ask("ml_evaluate", *settings)
    confusion: Chart | None = None
    roc_curve: Chart | None = None
    if model.task == "classification":
        confusion = chart_data(*ask("ml_confusion_matrix", *settings))
        if len(model.classes) == 2:
            roc_curve = chart_data(*ask("ml_roc_curve"))
    return Evaluation(
        name=model.short_name,
        version=model.version,
        of=held_out if rows is None else "the rows given",
        metrics=dict(zip(columns, values, strict=True)),
        confusion=confusion if isinstance(confusion, ConfusionMatrix) else None,
        roc_curve=roc_curve,
        predictions=_predictions(session, model, given[0]) if given and model.task == "regression" else None,
    )


def _rows(rows: str) -> exp.Expr:
    if not isinstance(rows, str):
        raise InvalidOption(
            f"Rows are SQL, not a {type(rows).__name__}.",
            hint="Pass the name of a table or a query; con.register('name', data) names a dataframe.",
        )
    tree = parse(rows)
    if isinstance(tree, exp.Query):
        return exp.Subquery(this=tree)
    table = read_name(rows) if isinstance(tree, exp.Column | exp.Dot) else None
    if table is None:
        raise InvalidOption("The rows are neither a table nor a query.", hint="Pass 'customers' or 'SELECT ...'.")
    return nodes.TableRef(this=table)


def _struct(name: str, value: float) -> exp.Expr:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise InvalidOption(f"{name} is {value!r}.", hint="It is a number from 0 to 1.")
    return exp.Struct(expressions=[exp.PropertyEQ(this=exp.to_identifier(name), expression=exp.Literal.number(value))])


def _predictions(session: Session, model: ModelVersion, rows: exp.Expr) -> Predictions:
    # Not ML.PREDICT: the rows may have a column of the name that it gives.
    named = rows.this.copy() if isinstance(rows, nodes.TableRef) else rows.copy()
    named.set("alias", exp.TableAlias(this=exp.to_identifier(_NAME)))
    tree = _filled(
        _DENSITY,
        {
            "__label": exp.column(exp.to_identifier(model.label, quoted=True), table=_NAME),
            "__predicted": exp.Anonymous(this="ml_predict", expressions=[reference(model), exp.column(_NAME)]),
            "__side": exp.Literal.number(_SIDE),
            "__rows": named,
        },
    )
    found = session.execute(to_sql(tree)).fetchall()
    if not found:
        return Predictions((0.0, 0.0), ())
    low, high, residuals, *_ = found[0]
    names = ("5 %", "25 %", "median", "75 %", "95 %")
    return Predictions((low, high), tuple(row[3:] for row in found), dict(zip(names, residuals, strict=True)))


def _filled(sql: str, marks: Mapping[str, exp.Expr]) -> exp.Expr:
    """Constant SQL with its marks, columns and tables, replaced."""
    tree: exp.Expr = parse_query(sql)
    for node in list(tree.find_all(exp.Column, exp.Table)):
        if node.name in marks:
            node.replace(marks[node.name].copy())
    return tree


def bars_of_weights(rows: Sequence[Sequence[Any]]) -> Bars | None:
    """The standardised weights of a linear model, without their signs; of several classes their mean."""
    found: dict[str, list[float]] = {}
    for name, weight, categories, _ in rows:
        if name == "__INTERCEPT__":
            continue
        parts = [(name, weight)] if categories is None else []
        parts += [(f"{name} = {value_text(c['category'])}", c["weight"]) for c in categories or ()]
        for part, value in parts:
            found.setdefault(part, []).append(abs(value))
    means = [[part, sum(values) / len(values)] for part, values in found.items()]
    chart = chart_data(["feature", "attribution"], means)
    return (
        Bars("absolute standardised weight by input", chart.values, chart.longest) if isinstance(chart, Bars) else None
    )
