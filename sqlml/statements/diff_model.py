"""`DIFF MODEL a [VERSION n] WITH b [VERSION n] ON (query) [OPTIONS (...)] [SHOW FLIPS]`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, replace
from typing import Any

from sqlglot import exp

from sqlml import nodes
from sqlml.dialect import to_sql
from sqlml.errors import InvalidOption, NotFound, SqlmlError, nearest_hint
from sqlml.features import family_of, known_label, unused_name
from sqlml.options import option, read_options
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.statements.base import Context, Statement
from sqlml.statements.constant_rows import answer
from sqlml.statements.create_model import read_given
from sqlml.statements.flips import flips_query, model_call
from sqlml.templates import cast, text
from sqlml.types import Column, ModelVersion, Plan, Progress, SourceMap

_COLUMNS = {
    "slice": "VARCHAR",
    "metric": "VARCHAR",
    "a": "DOUBLE",
    "b": "DOUBLE",
    "difference": "DOUBLE",
    "lower": "DOUBLE",
    "upper": "DOUBLE",
    "p_value": "DOUBLE",
    "n": "BIGINT",
}
_ROWS = "sqlml_rows"
_OVERALL = "overall"
_MOST_SLICES = 1000


@dataclass(frozen=True)
class DiffOptions:
    """The options of DIFF MODEL."""

    slices: tuple[str, ...] = option((), "The columns for each value of which the models are compared as well.")
    bootstrap: int = option(1000, "How many replicates the interval and the p-value are of.", low=100, high=100_000)
    confidence: float = option(0.95, "How sure the interval is.", above=0, high=0.9999)
    seed: int = option(0, "Changes which rows the replicates draw.", low=0, high=2**31 - 1)
    threshold: float = option(0.5, "The probability above which the later of two classes is predicted.", low=0, high=1)
    top_k_features: int = option(3, "How many features SHOW FLIPS names for a row.", low=1)
    max_flips: int = option(100, "How many rows SHOW FLIPS gives: those with the widest gap.", low=1, high=100_000)


@dataclass(frozen=True)
class Comparison:
    """What is compared: the models, whether the rows have the label, the slices."""

    a: ModelVersion
    b: ModelVersion
    has_label: bool
    options: DiffOptions


class DiffModel(Statement):
    """Compare two models, or two versions of one, over the same rows: is the second better, or is it chance?

        DIFF MODEL churn VERSION 1 WITH churn VERSION 2 ON (SELECT * FROM holdout) OPTIONS (slices = ['plan']);
        DIFF MODEL churn@champion WITH challenger ON TABLE holdout SHOW FLIPS;

    Columns: slice ('overall', or 'plan = basic'), metric, a, b, difference (b - a), lower and upper (of the interval
    of the difference), p_value (two-sided), n (the rows it is of). Metrics are accuracy, precision, recall, f1_score,
    log_loss and roc_auc, or mean_absolute_error, root_mean_squared_error and r2_score, where the query has the label.
    `disagreement` is the share of rows that the two decide otherwise, `prediction_difference` by how much two
    regressions differ on average. Intervals and p-values are of a paired bootstrap over the rows.

    SHOW FLIPS gives the rows that the two decide otherwise, the widest gap first: the columns of the query, decision_a,
    decision_b, probability_a, probability_b (each of its own decision), top_features, a list of {feature, effect}, and
    effect_in. Of two classes, where both models have exact attributions, the effect is by how much the feature speaks
    more for b's decision in b than in a ('log-odds'); else by how much b's lead over a in that decision would shrink
    with the median, or most frequent value, of the feature ('probability').
    """

    name = "diff_model"
    takes = (nodes.DiffModel,)

    def plan(self, tree: nodes.DiffModel, planner: Planner) -> Plan:
        """Plan one query with the answers of both models, each row read once."""
        a, b = planner.resolve(tree.this), planner.resolve(tree.args["other"])
        [options] = read_options((DiffOptions,), read_given(tree.expressions, planner), owner="DIFF MODEL")
        _check_comparable(a, b, tree, planner)
        query = tree.args["expression"]
        inner = _planned(query, query, planner)
        columns = planner.binder.describe(inner.sql, inner.params, inner.source_map)
        if tree.args.get("flips"):
            planned = _planned(flips_query(a, b, query, columns, options), query, planner)
            return replace(planned, statement=self.name, tree=tree)
        label = next((c for c in columns if c.name.casefold() == a.label.casefold()), None)
        slices = tuple(_column(name, columns, tree, planner) for name in options.slices)
        asked = Comparison(a, b, label is not None, replace(options, slices=slices))
        named = unused_name(_ROWS, [c.name for c in columns])
        rows = exp.select(*_values(asked, label, named)).from_(query.copy().subquery(named))
        return replace(_planned(rows, query, planner), statement=self.name, tree=tree, details=asked)

    def run(self, plan: Plan, context: Context) -> Result:
        """Read the answers, and compare them."""
        context.load_artifacts(plan.models)
        if plan.details is None:
            return context.database.execute(plan.sql, plan.params, plan.source_map)
        asked: Comparison = plan.details
        context.report(Progress("read", 0, 1))
        found = _read(plan, context)
        compared = [row for slice_, rows in found.slices() for row in _compare(slice_, rows, asked, context)]
        context.report(Progress("done", 1, 1))
        return answer(context.database, _COLUMNS, compared)


def _planned(made: exp.Expr, query: exp.Expr, planner: Planner) -> Plan:
    """The plan of a query that was made of the user's; errors in it point at the user's."""
    used = {mark.name for mark in made.find_all(exp.Placeholder)}
    values = {name: value for name, value in planner.values.items() if name in used}
    try:
        planned = planner.plan_text(to_sql(made), values or None, unfolded=planner.unfolded)
    except SqlmlError as error:
        error.line = error.column = error.excerpt = None
        raise planner.at(error, query) from None
    at = nodes.offset_of(query) or 0
    return replace(planned, source_map=SourceMap(planner.text, ((0, len(planned.sql), at, at),)))


def _check_comparable(a: ModelVersion, b: ModelVersion, tree: nodes.DiffModel, planner: Planner) -> None:
    for model, at in ((a, tree.this), (b, tree.args["other"])):
        if model.task not in ("classification", "regression"):
            hint = "Compare models that predict."
            raise planner.at(InvalidOption(f'The model "{model.short_name}" predicts nothing.', hint=hint), at)
    if a.task != b.task:
        raise planner.at(
            InvalidOption("A model of classes and one of numbers have no metric in common.", hint="Compare two alike."),
            tree,
        )
    if a.label.casefold() != b.label.casefold():
        raise planner.at(
            InvalidOption(
                f'"{a.short_name}" predicts "{a.label}", "{b.short_name}" predicts "{b.label}".',
                hint="Compare models of the same label.",
            ),
            tree,
        )
    if a.classes != b.classes:
        raise planner.at(
            InvalidOption(
                f"The models know other classes: {', '.join(a.classes)} and {', '.join(b.classes)}.",
                hint="Compare models that were trained on the same classes.",
            ),
            tree,
        )
    if tree.args.get("flips") and a.task == "regression":
        raise planner.at(
            InvalidOption("A model that predicts a number decides nothing.", hint="Leave SHOW FLIPS out."), tree
        )


def _column(name: str, columns: list[Column], at: exp.Expr, planner: Planner) -> str:
    for column in columns:
        if column.name.casefold() == name.casefold():
            return column.name
    hint = nearest_hint(name, [c.name for c in columns], otherwise="Slice by columns of the query.")
    raise planner.at(NotFound(f'The query has no column "{name}".', hint=hint), at)


def _values(asked: Comparison, label: Column | None, rows: str) -> list[exp.Expr]:
    """The label as the position of its class, or as a number; the scores of both models; the slices as texts."""
    a = asked.a
    found: list[exp.Expr] = []
    if label is not None:
        value = known_label(exp.column(label.name, table=rows, quoted=True), label.type)
        if a.task == "regression":
            if family_of(label.type) not in ("numeric", "null"):
                raise InvalidOption(
                    f'The label "{label.name}" is {label.type}; the models predict a number.',
                    hint=f'Cast it: CAST("{label.name}" AS DOUBLE).',
                )
            found.append(exp.alias_(cast(value, "DOUBLE"), "label"))
        else:
            found.append(exp.alias_(_position(value, a), "label"))
    for name, model in (("a", a), ("b", asked.b)):
        row = exp.column(rows)
        if a.task == "regression":
            found.append(exp.alias_(cast(model_call("ml_predict", model, row), "DOUBLE"), name))
        else:
            scores = exp.Anonymous(this="map_values", expressions=[model_call("ml_predict_proba", model, row)])
            found.append(exp.alias_(scores, name))
    for i, name in enumerate(asked.options.slices):
        found.append(exp.alias_(cast(exp.column(name, table=rows, quoted=True), "VARCHAR"), "slice_" + str(i)))
    return found


def _position(label: exp.Expr, model: ModelVersion) -> exp.Expr:
    """The position of the label among the classes from 1; 0 for another one, -1 for none."""
    classes = exp.Array(expressions=[text(c) for c in model.classes])
    as_kept = cast(cast(label.copy(), model.label_type), "VARCHAR")
    position = exp.Anonymous(this="list_position", expressions=[classes, as_kept])
    there = exp.func("coalesce", position, exp.Literal.number(0))
    missing = exp.Is(this=label.copy(), expression=exp.null())
    return cast(exp.Case(ifs=[exp.If(this=missing, true=exp.Literal.number(-1))], default=there), "INTEGER")


@dataclass(frozen=True)
class _Answers:
    """Labels, scores of both models and slices of the rows that both models answer."""

    labels: Any
    a: Any
    b: Any
    sliced: tuple[tuple[str, Any], ...]

    def slices(self) -> Iterator[tuple[str, _Answers]]:
        """All rows, then those of each slice."""
        import numpy as np

        yield _OVERALL, self
        for name, values in self.sliced:
            encoded = values.dictionary_encode()
            codes = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy(zero_copy_only=False)
            texts = [f"{name} = {value}" for value in encoded.dictionary.to_pylist()]
            texts += [f"{name} is NULL"] if values.null_count else []
            if len(texts) > _MOST_SLICES:
                raise InvalidOption(
                    f'The column "{name}" has more than {_MOST_SLICES} values.', hint="Slice by one of fewer values."
                )
            for code, shown in sorted(enumerate(texts), key=lambda pair: pair[1]):
                yield shown, self._of(np.flatnonzero(codes == code))

    def _of(self, rows: Any) -> _Answers:
        labels = None if self.labels is None else self.labels[rows]
        return _Answers(labels, self.a[rows], self.b[rows], ())


def _read(plan: Plan, context: Context) -> _Answers:
    """What both models say of each row; rows that one of them does not answer are left out."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    asked: Comparison = plan.details
    labels, scores, slices = [], ([], []), [[] for _ in asked.options.slices]  # type: ignore[var-annotated]

    def take(batch: Any) -> None:
        table = pa.Table.from_batches([batch])
        answered = pc.and_(table["a"].is_valid(), table["b"].is_valid())
        table = table.filter(answered)
        if asked.has_label:
            labels.append(table["label"].to_numpy())
        for kept, name in zip(scores, "ab", strict=True):
            flat = table[name].combine_chunks()
            if asked.a.task == "classification":
                values = flat.flatten().to_numpy(zero_copy_only=False)
                kept.append(np.array(values, dtype=np.float64).reshape(-1, len(asked.a.classes)))
            else:
                kept.append(np.array(flat.to_numpy(zero_copy_only=False), dtype=np.float64))
        for i, kept in enumerate(slices):
            kept.append(table["slice_" + str(i)].combine_chunks())

    context.database.stream(take, plan.sql, plan.params, plan.source_map)
    context.check_cancelled()
    shape = (0, len(asked.a.classes)) if asked.a.task == "classification" else (0,)
    a, b = (np.concatenate(parts) if parts else np.zeros(shape) for parts in scores)
    kind = np.int64 if asked.a.task == "classification" else np.float64
    kept_labels = np.concatenate(labels).astype(kind) if labels else np.zeros(0, dtype=kind)
    texts = (pa.chunked_array(parts, type=pa.string()).combine_chunks() for parts in slices)
    return _Answers(
        kept_labels if asked.has_label else None, a, b, tuple(zip(asked.options.slices, texts, strict=True))
    )


def _compare(shown: str, rows: _Answers, asked: Comparison, context: Context) -> list[list[Any]]:
    from sqlml.comparison import Settings, compare_classifiers, compare_regressions

    context.report(Progress("compare", 0, 1, shown))
    given = asked.options
    settings = Settings(given.bootstrap, given.confidence, given.seed, given.threshold)
    compare: Callable[..., Any] = compare_regressions if asked.a.task == "regression" else compare_classifiers
    found = compare(rows.labels, rows.a, rows.b, settings, context.check_cancelled)
    return [[shown, *astuple(difference)] for difference in found]
