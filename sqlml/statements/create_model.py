"""`CREATE [OR REPLACE] MODEL [IF NOT EXISTS | IF STALE] m OPTIONS (...) AS query`, and `ml_train('m', ...)`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from sqlml import nodes
from sqlml.dialect import to_sql
from sqlml.errors import (
    InvalidOption,
    InvalidSql,
    NotFound,
    NotSupported,
    TrainingFailed,
    nearest_hint,
)
from sqlml.features import all_inputs, family_of, feature_of
from sqlml.lineage import LabelLineage, label_lineage
from sqlml.model_types import MODEL_TYPES
from sqlml.model_types.base import ModelType
from sqlml.options import CommonOptions, InstanceWeightOptions, read_options
from sqlml.planner import Planned, Planner, object_name
from sqlml.result import Result
from sqlml.statements.base import Context, Statement
from sqlml.statements.described_clause import Described, describe_clause, describe_nested
from sqlml.statements.instance_weights import weight_column
from sqlml.statements.learn_transform import transform_query
from sqlml.statements.owning import writing
from sqlml.statements.partition_columns import partition_keys
from sqlml.statements.reproduction import reproduce
from sqlml.statements.split_column import split_column
from sqlml.statements.storing import existing
from sqlml.statements.train_and_store import train_and_store
from sqlml.statements.warm_start import kept_clause, previous_version
from sqlml.task import Task
from sqlml.training_query import around, training_query
from sqlml.transform_clause import read_clause
from sqlml.types import Column, Feature, ModelVersion, ObjectName, Plan, Relation

_LONGEST_NAME = 255
_NO_LABEL = Column("", "")


@dataclass(frozen=True)
class Creation:
    """What CREATE MODEL decided while it was planned."""

    name: ObjectName
    replace: bool
    exists_ok: bool
    task: Task
    features: tuple[Feature, ...]
    given: dict[str, Any]
    query: str
    lineage: LabelLineage = LabelLineage()
    transform: Described | None = None
    learned: str = ""
    if_stale: bool = False
    clause: str | None = None  # the columns of TRANSFORM as they were written
    reproduces: ModelVersion | None = None  # the version that is trained again, to be compared and not kept


class CreateModel(Statement):
    """Train a model on the rows of a query and store it with its metrics, in the transaction of the user.

        CREATE OR REPLACE MODEL churn
        OPTIONS (model_type='boosted_tree_classifier', input_label_cols=['churned'])
        AS SELECT age, plan, churned FROM customers;

    The same as

        SELECT ml_train('churn', query => 'SELECT age, plan, churned FROM customers',
                        model_type => 'boosted_tree_classifier', input_label_cols => ['churned'], replace => true);

    Is roughly:

        LGBMClassifier().fit(customers[["age", "plan"]], customers["churned"])

    TRANSFORM (a, ML.STANDARD_SCALER(b) OVER () AS b, label) says what the columns of the query become; what it learns
    is kept with the version and replayed wherever the model is asked, with the columns of the query. Structs and lists
    become features too: one a field, a place, a text or an index.

    IF STALE trains where the newest version is of another query, other options or other rows, and says why or why not.

        CREATE MODEL IF STALE churn OPTIONS (model_type='logistic_reg', input_label_cols=['churned']) AS FROM customers;

    Result: one row with model, version, metrics and seconds; of IF STALE the reason too. Source: BigQuery ML.
    """

    name = "create_model"
    takes = (nodes.CreateModel,)

    def plan(self, tree: nodes.CreateModel, planner: Planner) -> Plan:
        """Check name, options, label and features; nothing is trained."""
        self._refuse_later(tree, planner)
        given = read_given(tree.expressions, planner)
        model_type, common, options = _options_of(given)
        query = _query_of(tree, planner)
        name = self._place(object_name(tree.this), planner)
        query_span = nodes.span_of(query)
        planned = planner.query(query, span=query_span)
        columns = planner.binder.describe(planned.sql, planned.params, planned.source_map)
        raw = [c.name for c in columns]
        predicts = model_type.task != "transform"
        transform = _transform(tree, columns, common, options, planned, planner)
        kept = kept_clause(transform, options, name, planner.snapshot)
        made = transform.made_features(previous=kept) if transform else ()
        if transform:
            columns = transform.columns_of(made)
        label, features = _label_and_features(columns, common, options) if predicts else (_NO_LABEL, ())
        task = Task(
            model_type=model_type,
            common=common,
            options=options,
            inputs=all_inputs(features),
            label=label.name,
            label_type=label.type,
            label_family=_label_family(label, model_type.task_of(options)) if predicts else "",
        )
        task = replace(task, previous=previous_version(task, features, transform, name, planner.snapshot))
        creation = Creation(
            name=name,
            replace=bool(tree.args.get("replace")),
            exists_ok=bool(tree.args.get("exists")),
            task=task,
            features=features,
            given=given,
            query=_written(planner, query_span, planned),
            lineage=label_lineage(planned.tree, raw, label.name, _raw_names(raw, features, transform)),
            transform=transform,
            if_stale=bool(tree.args.get("stale")),
            clause=", ".join(map(to_sql, tree.args.get("transform") or ())) or None,
            reproduces=planner.written.reproduces if planner.written else None,
        )
        self._refuse_existing(creation, planner, tree)
        replayed = transform_query(transform, made) if transform else None
        if replayed and not predicts:
            sql, source_map = around(replayed, planned)
        else:
            sql, source_map = training_query(task, features, planned, replayed)
        return Plan(
            statement=self.name,
            sql=sql,
            tree=planned.tree,
            params=planned.params,
            reads=planned.reads,
            writes=(Relation(name),),
            calls=(*planned.calls, *(transform.clause.calls if transform else ())),
            models=planned.models,
            privileges=(
                *planned.privileges,
                writing(planner, name, replaces=creation.replace or creation.if_stale),
            ),
            source_map=source_map,
            details=creation,
        )

    def run(self, plan: Plan, context: Context) -> Result:
        """Train, evaluate and write; on any error nothing is written."""
        return reproduce(plan, context) if plan.details.reproduces else train_and_store(plan, context)

    def _refuse_later(self, tree: nodes.CreateModel, planner: Planner) -> None:
        for key, words in (
            ("input", "INPUT and OUTPUT"),
            ("remote", "REMOTE WITH CONNECTION"),
            ("sources", "AS (training_data AS ..., custom_holiday AS ...)"),
        ):
            if tree.args.get(key):
                raise planner.at(NotSupported(f"{words} is not supported in this version.", hint="Leave it out."), tree)
        exclusive = ("OR REPLACE", "replace"), ("IF NOT EXISTS", "exists"), ("IF STALE", "stale")
        chosen = [text for text, key in exclusive if tree.args.get(key)]
        if len(chosen) > 1:
            raise planner.at(InvalidSql(f"{' and '.join(chosen)} exclude each other.", hint="Keep one."), tree)

    def _place(self, name: ObjectName, planner: Planner) -> ObjectName:
        """The full name a new model gets."""
        if len(name.name) > _LONGEST_NAME:
            raise InvalidSql(
                f"The name of the model has {len(name.name)} characters.",
                hint=f"At most {_LONGEST_NAME} are allowed.",
            )
        placed = planner.snapshot.place(name)
        if placed.catalog in ("system", "temp"):
            raise NotSupported(
                f'A model cannot be kept in the database "{placed.catalog}".',
                hint="Name another database, or leave it out.",
            )
        return placed

    def _refuse_existing(self, creation: Creation, planner: Planner, tree: exp.Expr) -> None:
        if creation.replace or creation.exists_ok or creation.if_stale:
            return
        if planner.snapshot.versions_of(creation.name):
            raise planner.at(existing(creation.name), tree.this)


def _written(planner: Planner, span: tuple[int, int] | None, planned: Planned) -> str:
    """The query in the user's own words."""
    if planner.written:
        return planner.written.query
    return planner.text[slice(*span)] if span else planned.sql


def _query_of(tree: nodes.CreateModel, planner: Planner) -> exp.Expr:
    query: exp.Expr | None = tree.args.get("expression")
    if query is None:
        raise planner.at(InvalidSql("CREATE MODEL needs training data.", hint="Add AS SELECT ... FROM ..."), tree)
    if not isinstance(query, exp.Query | exp.Values | exp.Pivot):
        raise planner.at(
            InvalidSql("A model is trained on a query, not on another statement.", hint="Write AS SELECT ..."), query
        )
    return query


def _transform(
    tree: nodes.CreateModel,
    columns: list[Column],
    common: CommonOptions,
    options: Any,
    planned: Planned,
    planner: Planner,
) -> Described | None:
    """The TRANSFORM clause, checked, with the types of its columns; what stands for nested columns without one."""
    trains = MODEL_TYPES.find(common.model_type).task != "transform"
    items = tree.args.get("transform")
    if items == []:
        raise planner.at(InvalidSql("TRANSFORM has no columns.", hint="Write TRANSFORM (a, b + 1 AS b, label)."), tree)
    if not items and not trains:
        hint = "Write CREATE MODEL m TRANSFORM (...) OPTIONS (model_type='transform_only') AS ..."
        raise planner.at(InvalidSql("model_type 'transform_only' needs a TRANSFORM clause.", hint=hint), tree)
    _refuse_duplicates(columns)
    labels, kept = (list(common.input_label_cols), [common.data_split_col]) if trains else ([], [])
    if isinstance(options, InstanceWeightOptions):
        kept.append(options.instance_weight_col)
    keys = common.partition_by if trains else ()
    if not items:
        return describe_nested(columns, planned, passed=[*labels, *kept], keys=keys)
    clause = read_clause(items, columns, planner, labels=labels, kept=kept, keys=keys)
    return describe_clause(clause, planned, planner.binder, trains=trains, keys=keys)


def read_given(options: list[exp.Expr], planner: Planner) -> dict[str, Any]:
    """The options as written, by folded name.

    Raises InvalidOption for one given twice.
    """
    given: dict[str, Any] = {}
    for item in options:
        name = item.this.name.casefold()
        if name in given:
            raise planner.at(InvalidOption(f'The option "{name}" is given twice.', hint="Keep one."), item)
        value = item.expression
        if isinstance(value, exp.Anonymous) and value.name.casefold() in ("hparam_range", "hparam_candidates"):
            raise planner.at(
                NotSupported(f"{value.name.upper()} is not supported in this version.", hint="Give one value."), item
            )
        try:
            given[name] = planner.constant(value.transform(_quoted_as_text))
        except InvalidOption as error:
            raise planner.at(error, item) from None
    return given


def _quoted_as_text(node: exp.Expr) -> exp.Expr:
    """BigQuery writes strings in double quotes too."""
    is_quoted = isinstance(node, exp.Column) and not node.table and node.this.args.get("quoted")
    return exp.Literal.string(node.name) if is_quoted else node


def _options_of(given: dict[str, Any]) -> tuple[ModelType, CommonOptions, Any]:
    """The model type that is asked for, and what is asked of it."""
    model_type = MODEL_TYPES.find(_model_type_of(given))
    owner = f"model_type '{model_type.name}'"
    if model_type.is_imported:
        raise InvalidOption(
            f"A model of {owner} is imported, not trained.", hint="OPTIONS (model_type='onnx', model_path='m.onnx')"
        )
    senseless = [key for key in given if key in model_type.not_taken]
    if senseless:
        raise InvalidOption(f'{owner} has no option "{senseless[0]}".', hint="Leave it out.")
    common, options = read_options(
        (CommonOptions, model_type.Options), given, owner=owner, not_supported=model_type.not_supported
    )
    return model_type, common, options


def _model_type_of(given: dict[str, Any]) -> str:
    name = given.get("model_type")
    if not isinstance(name, str):
        raise InvalidOption(
            "CREATE MODEL needs a model_type.",
            hint=f"OPTIONS (model_type='...'): {', '.join(MODEL_TYPES.names())}.",
        )
    given["model_type"] = name.casefold()
    return name


def _label_and_features(
    columns: list[Column], common: CommonOptions, options: Any
) -> tuple[Column, tuple[Feature, ...]]:
    _refuse_duplicates(columns)
    if len(common.input_label_cols) != 1:
        raise InvalidOption(
            f"input_label_cols names {len(common.input_label_cols)} columns; a model has one label.",
            hint="Train one model a label.",
        )
    label_name = common.input_label_cols[0]
    by_name = {c.name.casefold(): c for c in columns}
    label = by_name.get(label_name.casefold())
    if label is None:
        raise NotFound(
            f'The training query has no column "{label_name}" to be the label.',
            hint=nearest_hint(
                label_name,
                by_name,
                otherwise=f"input_label_cols names one of: {', '.join(c.name for c in columns)}.",
            ),
        )
    keys, weight = partition_keys(options, columns, common), weight_column(options, columns, common)
    split = split_column(common, by_name, label)
    features = []
    for column in columns:
        if column in (label, split, weight) or column.name in {k.name for k in keys}:
            continue
        feature = feature_of(column)
        if feature is None:
            raise NotSupported(
                f'The column "{column.name}" is {column.type}, which cannot be a feature.',
                hint=f'Leave it out, SELECT * EXCLUDE ("{column.name}"), or make numbers or text of it.',
            )
        features.append(feature)
    if not features:
        raise TrainingFailed("The training query has no column besides the label.", hint="Select at least one feature.")
    _refuse_taken_inputs((*keys, *features))
    return label, (*keys, *features)


def _refuse_taken_inputs(features: tuple[Feature, ...]) -> None:
    """Refuse a column that is named like a part that a date or timestamp is spread into."""
    by_input: dict[str, Feature] = {}
    for made in all_inputs(features):
        other = by_input.setdefault(made.name.casefold(), made.feature)
        if other != made.feature:
            raise InvalidSql(
                f'The column "{other.name}" is named like a part of "{made.feature.name}": "{made.name}".',
                hint="Give one of the two columns another name with AS.",
            )


def _refuse_duplicates(columns: list[Column]) -> None:
    seen: set[str] = set()
    for column in columns:
        if column.name.casefold() in seen:
            raise InvalidSql(
                f'The training query has two columns "{column.name}".',
                hint="Name them apart with AS, or leave one out with * EXCLUDE.",
            )
        seen.add(column.name.casefold())


def _raw_names(columns: list[str], features: tuple[Feature, ...], transform: Described | None) -> list[str]:
    """The columns of the query that are features as they are."""
    if transform and transform.is_implicit:
        return [f.name for f in transform.clause.raw]
    return [f.name for f in features if f.name in columns]


def _label_family(label: Column, task: str) -> str:
    family = family_of(label.type)
    if task == "regression" and family not in ("numeric", "null"):
        raise InvalidOption(
            f'The label "{label.name}" is {label.type}; a regression predicts a number.',
            hint=f"Use a classifier, or CAST({label.name} AS DOUBLE).",
        )
    if family is None:
        raise InvalidOption(f'The label "{label.name}" is {label.type}.', hint="A label is a number, text or a date.")
    return family
