"""`con.model('churn')`: everything the catalog knows about a version, as a card that notebooks show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from sqlml import nodes
from sqlml.catalog.cursor import in_catalog
from sqlml.chart_data import Bars, chart_data
from sqlml.dialect import to_sql
from sqlml.errors import InvalidOption
from sqlml.model_card_view import ModelFacts, card_html, card_markdown, card_text
from sqlml.model_evaluation import Evaluation, bars_of_weights, evaluate, read, reference
from sqlml.planner import read_model_name
from sqlml.session import Session
from sqlml.types import ModelVersion

_TAGS = """
SELECT version IS NULL AS is_of_model, key, value FROM sqlml.tags
WHERE model_id = ? AND (version IS NULL OR version = ?) ORDER BY key
"""


@dataclass(frozen=True, repr=False)
class ModelCard(ModelFacts):
    """A version of a model as it was when the card was made; nothing of it changes with the database.

        card = con.model("churn")
        card.metrics["roc_auc"], card.features, card.aliases
        card.evaluation("SELECT * FROM customers_2024", threshold=0.3)

    In a notebook it is shown with its pictures, `print(card)` is text. `features` are those that a prediction is asked
    with; `sources` the relations it was trained on with their columns (none: all of them), `dependents` the views and
    macros that use it; `partitions` counts the keys of a partitioned model by status.
    """

    _session: Session = field(compare=False)
    _model: ModelVersion = field(compare=False)

    @property
    def training_rows(self) -> int:
        """The rows it was fitted to."""
        return int(self.facts.get("training_rows") or 0)

    @property
    def training_query(self) -> str:
        """The query after AS, of the statement that trained it."""
        return self.facts.get("training_query") or ""

    @property
    def lineage_hash(self) -> str | None:
        """The hash of all that its training depended on; None where it was not trained here."""
        return self.facts.get("lineage_hash")

    def evaluation(self, rows: str | None = None, *, threshold: float | None = None) -> Evaluation:
        """The metrics and pictures of the rows held out at training, or of the rows of a table or query.

        `rows` is SQL: a name, or a query that gives the features and the label. `threshold` is that of the positive
        class. Raises NotFound without rows for a model that was not trained here.
        """
        if rows is None and threshold is None and self.held_out is not None:
            return self.held_out
        return evaluate(self._session, self._model, rows, threshold=threshold)

    def _repr_html_(self) -> str:
        return card_html(self)

    def _repr_markdown_(self) -> str:
        return card_markdown(self)

    def __str__(self) -> str:
        return card_text(self)

    def __repr__(self) -> str:
        shown = "".join(f", {name}={value:.6g}" for name, value in self.metrics.items())
        return f"<sqlml.ModelCard {self._model.short_name}@{self.version}, {self.model_type}{shown}>"


def model_card(session: Session, name: str, version: int | None, alias: str | None) -> ModelCard:
    """The card of the version that is asked for, else of the one that the name means: the champion, else the newest.

    Raises NotFound for what does not exist, InvalidOption where a version is named twice.
    """
    with session.lock:
        model = _resolved(session, name, version, alias)
        described = _sections(session, nodes.DescribeModel(this=reference(model)))
        explained = _sections(session, nodes.Explain(this=reference(model)))
        of_models, of_version = _tags(session, model)
        versions = _listed(session, "MODEL VERSIONS", model, inside=True)
        [listed] = [row for row in _listed(session, "MODELS", model) if row["model"] == model.name]
        [own] = [row for row in versions if row["version"] == model.version]
        facts = {row[0]: row[2] for row in described.get("model", ())}
        metrics = {row[0]: float(row[2]) for row in described.get("metric", ()) if row[2] is not None}
        options = {row[0]: row[2] for row in described.get("option", ())}
        return ModelCard(
            name=model.name,
            schema=model.schema,
            catalog=model.catalog,
            version=model.version,
            versions=tuple(row["version"] for row in versions),
            model_type=model.model_type,
            task=model.task,
            label=model.label,
            label_type=model.label_type,
            classes=model.classes,
            features=model.takes,
            aliases=tuple(own["aliases"]),
            tags=of_version,
            model_tags=of_models,
            comment=listed["comment"],
            owner=listed["owner"],
            facts=facts,
            metrics=metrics,
            options=options,
            sources={row[0]: row[1] for row in explained.get("source", ()) if row[0] != "query"},
            dependents=tuple(f"{row[0]} {row[1]}" for row in explained.get("dependent", ())),
            warnings=tuple((row[0], row[2]) for row in described.get("warning", ())),
            partitions=_partitions(session, model),
            importances=_importances(session, model),
            held_out=_held_out(session, model, metrics, facts),
            _session=session,
            _model=model,
        )


def _resolved(session: Session, name: str, version: int | None, alias: str | None) -> ModelVersion:
    named = read_model_name(name)
    asked = [x for x in (named.version, named.alias, version, alias) if x is not None]
    if len(asked) > 1:
        raise InvalidOption("The version is named more than once.", hint="Pass version= or alias=, or name@3.")
    if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
        raise InvalidOption(f"version is {version!r}.", hint="It is a number: con.model('churn', version=2).")
    number = named.version if version is None else version
    chosen = named.alias if alias is None else alias
    parts = named.name
    wanted = nodes.ModelRef(
        this=exp.table_(parts.name, parts.schema, parts.catalog, quoted=True),
        version=None if number is None else exp.Literal.number(number),
        alias=None if chosen is None else exp.to_identifier(chosen, quoted=True),
    )
    found: ModelVersion = session.plan(to_sql(nodes.DescribeModel(this=wanted))).details
    return found


def _sections(session: Session, statement: exp.Expr) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of DESCRIBE MODEL or EXPLAIN MODEL by their section."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for section, *values in session.execute(to_sql(statement)).fetchall():
        found.setdefault(section, []).append(tuple(values))
    return found


def _listed(session: Session, what: str, model: ModelVersion, *, inside: bool = False) -> list[dict[str, Any]]:
    """The rows of SHOW ... IN catalog.schema or, `inside`, IN catalog.schema.model."""
    if inside:
        scope = exp.table_(model.name, model.schema, model.catalog, quoted=True)
    else:
        scope = exp.table_(model.schema, model.catalog, quoted=True)
    result = session.execute(to_sql(nodes.ShowObjects(this=exp.var(what), scope=scope)))
    columns = result.columns
    return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]


def _tags(session: Session, model: ModelVersion) -> tuple[dict[str, str], dict[str, str]]:
    """The tags of the model, and those of the version."""
    rows = session.execute(in_catalog(_TAGS, model.catalog), [model.model_id, model.version]).fetchall()
    return {k: v for is_of_model, k, v in rows if is_of_model}, {k: v for own, k, v in rows if not own}


def _partitions(session: Session, model: ModelVersion) -> dict[str, int]:
    if not model.is_partitioned:
        return {}
    columns, rows = read(session, "ml_partition_info", model)
    statuses = [row[columns.index("status")] for row in rows]
    return {status: statuses.count(status) for status in sorted(set(statuses), reverse=True)}


def _importances(session: Session, model: ModelVersion) -> Bars | None:
    """What matters most to the model, where it says so."""
    if model.format == "lightgbm":
        chart = chart_data(*read(session, "ml_feature_importance", model))
    elif model.format == "linear":
        chart = bars_of_weights(read(session, "ml_weights", model, _STANDARDIZED)[1])
    else:
        return None
    return chart if isinstance(chart, Bars) else None


_STANDARDIZED = exp.Struct(expressions=[exp.PropertyEQ(this=exp.to_identifier("standardize"), expression=exp.true())])


def _held_out(
    session: Session, model: ModelVersion, metrics: Mapping[str, float], facts: Mapping[str, str | None]
) -> Evaluation | None:
    if not metrics:
        return None
    rows = int(facts.get("evaluation_rows") or 0)
    of = (
        f"{rows:,} rows held out at training" if rows else f"the {int(facts.get('training_rows') or 0):,} training rows"
    )
    return evaluate(session, model, held_out=of)
