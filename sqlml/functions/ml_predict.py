"""`ml_predict(model, row)` and `ML.PREDICT(MODEL m, TABLE t)`: predictions of a model."""

from __future__ import annotations

from sqlglot import exp

from sqlml.errors import AlreadyExists, InvalidOption
from sqlml.features import unused_name
from sqlml.functions.base import Call, Context, Function, known_only
from sqlml.functions.binding import bind_columns, input_struct
from sqlml.functions.calls import model_argument, scalar_score
from sqlml.functions.provenance import provenance_columns, wants_provenance
from sqlml.functions.scores import answer, probability_list, score_call
from sqlml.functions.table_input import data_query, settings, threshold_of


class MlPredict(Function):
    """The prediction of a model for each row: a number, or the label in its own type.

        SELECT id, ml_predict('churn', c) FROM customers AS c;
        SELECT ml_predict('churn', age := 31, plan := 'pro');
        SELECT * FROM ML.PREDICT(MODEL churn, TABLE customers, STRUCT(0.3 AS threshold));

    Becomes (binary classification):

        CAST(['false', 'true'] AS BOOLEAN[])[CASE WHEN sqlml_predict('<sha256>', {...})[2] > 0.5 THEN 2 ELSE 1 END]

    The table form adds `predicted_<label>` and, for a classification, `predicted_<label>_probs` before the input's
    columns, which STRUCT(false AS keep_original_columns) leaves out. STRUCT(true AS provenance) adds _model, _version,
    _lineage_hash, _scored_at (the time of the transaction, UTC) and _row_hash (of the features).
    Source: BigQuery ML, ML.PREDICT.
    """

    name = "ml_predict"
    signature = "ml_predict(model, row | features...)"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """One prediction a row."""
        model, score, options = scalar_score(call, context)
        known_only(options, ("threshold",), self.name)
        return answer(model, score, threshold_of(model, options.get("threshold"), context))

    def table(self, call: Call, context: Context) -> exp.Query:
        """The input's rows with their predictions."""
        model = context.model(model_argument(call))
        query = data_query(call)
        if query is None:
            raise InvalidOption(f"{self.name} needs rows.", hint="Write ML.PREDICT(MODEL m, TABLE t) or (query).")
        options = settings(call, ("threshold", "keep_original_columns", "provenance"))
        threshold = threshold_of(model, options.get("threshold"), context)
        keep = context.value(options["keep_original_columns"]) if "keep_original_columns" in options else True
        if not isinstance(keep, bool):
            raise InvalidOption(f"keep_original_columns is {keep!r}.", hint="It is TRUE or FALSE.")
        wanted = wants_provenance(options, context)
        columns = context.columns(query, call.node)
        bound = bind_columns(model, columns, "rows_in", "the input")
        traced = provenance_columns(model, tuple(columns), "rows_scored", context) if wanted else {}
        predicted = f"predicted_{model.label}"
        names = [predicted] if model.task == "regression" else [predicted, f"{predicted}_probs"]
        taken = [n for n in (*names, *traced) if n.casefold() in {c.name.casefold() for c in columns}]
        if taken and keep:
            raise AlreadyExists(
                f'The input has a column "{taken[0]}" already.',
                hint=f"Leave it out: SELECT * EXCLUDE ({taken[0]}).",
            )
        scores = unused_name("sqlml_scores", (c.name for c in columns))
        score = exp.column(scores, table="rows_scored")
        outputs = [answer(model, score, threshold), probability_list(model, score)][: len(names)]
        star = exp.Column(this=exp.Star(except_=[exp.to_identifier(scores)]), table=exp.to_identifier("rows_scored"))
        scored = exp.select(
            exp.Column(this=exp.Star(), table=exp.to_identifier("rows_in")),
            exp.alias_(score_call(model, input_struct(model, bound), context), scores),
        ).from_(exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier("rows_in"))))
        return exp.select(
            *(exp.alias_(e, n, quoted=True) for e, n in zip(outputs, names, strict=True)),
            *(exp.alias_(e, n, quoted=True) for n, e in traced.items()),
            *([star] if keep else []),
        ).from_(scored.subquery("rows_scored"))
