"""`IMPORT [OR REPLACE] MODEL m FROM 'file' [INPUT (...)] [OUTPUT (...)] [OPTIONS (...)]`."""

from __future__ import annotations

import datetime
import hashlib
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlglot import exp

import sqlml.catalog.models as catalog
from sqlml import artifacts, nodes, signing
from sqlml.catalog.schema import check_writable
from sqlml.errors import InvalidOption, InvalidSql, NotSupported, SqlmlError, nearest_hint
from sqlml.importing.base import Asked, Found, model_of
from sqlml.importing.formats import READERS, format_of
from sqlml.options import read_options
from sqlml.planner import Planner, object_name
from sqlml.result import Result
from sqlml.statements.base import Context, Statement, one_row
from sqlml.statements.create_model import read_given
from sqlml.statements.files import check_access, check_local, read_file
from sqlml.statements.import_options import ImportOptions
from sqlml.statements.owning import writing
from sqlml.statements.storing import Place, check_place, existing, find, store_version
from sqlml.types import PICKLE, Column, ModelVersion, ObjectName, Plan, Privilege, Relation

# What BigQuery's CREATE MODEL calls the kinds of files.
_KINDS = {"onnx": "onnx", "lightgbm": "lightgbm", "sklearn": "skops"}
_HINT = "Use IMPORT OR REPLACE MODEL, or IMPORT MODEL IF NOT EXISTS."


@dataclass(frozen=True)
class Importing:
    """What to import, and to where."""

    place: Place
    asked: Asked
    given: dict[str, Any]


class ImportModel(Statement):
    """Make a model of a file: one that EXPORT MODEL wrote, or one that was trained elsewhere.

        IMPORT MODEL churn FROM 'churn.json';
        IMPORT OR REPLACE MODEL churn FROM 'churn.onnx' OPTIONS (classes=['no', 'yes'], input_label_cols=['churned']);
        IMPORT MODEL churn FROM 'trees.txt' INPUT (age DOUBLE, spent DOUBLE) OUTPUT (churned BOOLEAN);
        CREATE MODEL churn OPTIONS (model_type='onnx', model_path='churn.onnx');

    The file is read field by field and nothing in it is run; a pickle, which is code, needs allow_pickle = TRUE. The
    model becomes the next version of that name, signed with the user's key, with the file and its sha256 as source.
    Result: one row with model, version, path, format. Source: BigQuery ML, CREATE MODEL of imported models.
    """

    name = "import_model"
    takes = (nodes.ImportModel, nodes.CreateModel)

    def accepts(self, tree: exp.Expr) -> bool:
        """Whether a file is named: by FROM, or by model_path as BigQuery does."""
        if isinstance(tree, nodes.CreateModel):
            return any(option.this.name.casefold() == "model_path" for option in tree.expressions)
        return isinstance(tree, nodes.ImportModel)

    def plan(self, tree: Any, planner: Planner) -> Plan:
        """Check the name and the options; the file is not looked at."""
        _refuse_clauses(tree, planner)
        given = read_given(tree.expressions, planner)
        options, path = _options(tree, given, planner)
        try:
            kind = _kind(options, path)
            check_local(path)
        except SqlmlError as error:
            raise planner.at(error, tree.args.get("source") or tree) from None
        name = planner.snapshot.place(object_name(tree.this))
        if name.catalog in ("system", "temp"):
            hint = "Name another database, or leave it out."
            raise NotSupported(f'A model cannot be kept in the database "{name.catalog}".', hint=hint)
        place = Place(name, bool(tree.args.get("replace")), bool(tree.args.get("exists")), _HINT)
        if planner.snapshot.versions_of(name) and not place.replace and not place.exists_ok:
            taken = existing(name)
            taken.hint = _HINT if isinstance(tree, nodes.ImportModel) else taken.hint
            raise planner.at(taken, tree.this)
        inputs, outputs = (_columns(tree, clause, planner) for clause in ("input", "output"))
        if len(outputs) > 1:
            raise planner.at(
                NotSupported("OUTPUT has more than one column: a model has one label.", hint="Keep one."), tree
            )
        label = options.input_label_cols
        asked = Asked(
            path=path,
            format=kind,
            inputs=inputs,
            output=outputs[0] if outputs else None,
            label=label[0] if label else None,
            classes=options.classes,
            output_name=options.output,
            allow_pickle=options.allow_pickle,
        )
        _check_asked(asked, label, tree, planner)
        return Plan(
            statement=self.name,
            sql="",
            tree=tree,
            reads=(Relation(ObjectName(path), is_path=True),),
            writes=(Relation(name),),
            privileges=(
                Privilege("SELECT", "FILE", path),
                writing(planner, name, replaces=place.replace),
            ),
            details=Importing(place, asked, given),
        )

    def run(self, plan: Plan, context: Context) -> Result:
        """Read the file, check all that is in it, and write the version."""
        importing: Importing = plan.details
        asked, place = importing.asked, importing.place
        check_access(context.database, "read", asked.path)
        check_writable(context.database, str(place.name.catalog))
        if place.exists_ok and (found := find(context, place.name)) is not None:
            return _row(context, place.name.name, found[1], asked)
        check_place(place, context)
        stored = _import(importing, context)
        if stored is None:
            there = find(context, place.name)
            assert there is not None
            return _row(context, place.name.name, there[1], asked)
        return _row(context, stored.name, stored.version, asked)


def _import(importing: Importing, context: Context) -> ModelVersion | None:
    asked, started = importing.asked, time.perf_counter()
    started_at = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    if asked.format == "pickle":
        context.python.check_pickle(_unread(importing.place.name))
    body = read_file(Path(asked.path))
    found = READERS[asked.format](body, asked)
    _check_name(found, asked)
    context.python.check_pickle(replace(found.model, name=importing.place.name.name, schema="main"))
    found = _with_labels(found, context)
    if found.model.task != "transform":
        _load(found)
    signing.signing_key(create=True)
    digest = hashlib.sha256(body).hexdigest()
    path = str(Path(asked.path).absolute())
    trained = replace(found.trained, seconds=time.perf_counter() - started, dataset_digest=digest)
    new = catalog.NewVersion(
        model=found.model,
        key_id="",
        body=artifacts.to_bytes(found.trained.document),
        query="",
        created_by=context.user,
        trained=trained if not found.trained.training_rows else replace(trained, seconds=found.trained.seconds),
        started_at=started_at,
        params={**found.params, **_plain(importing.given), "model_path": path, "model_sha256": digest},
        metrics=found.metrics,
        confusion=found.confusion,
        roc_curve=found.roc_curve,
        sources=(Relation(ObjectName(path), is_path=True),),
    )
    return store_version(importing.place, context, new)


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name != "model_type"}


def _unread(name: ObjectName) -> ModelVersion:
    model = model_of("python", PICKLE, label="", label_type="", classes=(), features=())
    return replace(model, name=name.name, schema="main")


def _load(found: Found) -> None:
    from sqlml.scoring import load_scorer

    load_scorer(found.model.format, found.trained.document, who="The model of the file")


def _check_name(found: Found, asked: Asked) -> None:
    if asked.label and found.model.label.casefold() != asked.label.casefold() and asked.output is None:
        raise InvalidOption(
            f'The label of the model is "{found.model.label}", not "{asked.label}".',
            hint="Leave input_label_cols out: the file says it.",
        )


def _with_labels(found: Found, context: Context) -> Found:
    """The model with its classes as DuckDB writes them: 0 of a BOOLEAN is false.

    Raises InvalidOption for classes that are no values of the label's type, and for types that DuckDB has not.
    """
    model = found.model
    kinds = [*(f.type for f in model.takes if f.type not in ("NULL", '"NULL"'))]
    values = [exp.cast(exp.null(), exp.DataType.build(kind, dialect="duckdb")) for kind in kinds]
    if model.task != "transform":
        own = exp.DataType.build(model.label_type, dialect="duckdb")
        texts = [exp.cast(exp.Literal.string(c), own.copy()) for c in model.classes]
        values += [exp.cast(t, "TEXT") for t in texts] or [exp.cast(exp.null(), own)]
    try:
        [row] = context.database.rows(exp.select(*values).sql(dialect="duckdb"))
    except SqlmlError as error:
        raise InvalidOption(
            f"The classes or types of the model are not DuckDB's: {error.message}",
            hint=f"Its label is {model.label_type}"
            + (f", its classes {', '.join(model.classes)}." * bool(model.classes)),
        ) from None
    classes = tuple(str(c) for c in row[len(kinds) :]) if model.classes else ()
    if len(set(classes)) != len(classes):
        raise InvalidOption(
            f"Two classes are one {model.label_type}: {', '.join(model.classes)}.", hint="OUTPUT (label VARCHAR)"
        )
    return replace(found, model=replace(model, classes=classes))


def _refuse_clauses(tree: Any, planner: Planner) -> None:
    for clause, words in (
        ("transform", "TRANSFORM"),
        ("remote", "REMOTE WITH CONNECTION"),
        ("sources", "AS (training_data AS ...)"),
        ("expression", "AS SELECT ..."),
    ):
        if tree.args.get(clause):
            raise planner.at(
                InvalidSql(f"A model that is imported has no {words}.", hint="Leave it out, or leave out model_path."),
                tree,
            )
    if tree.args.get("replace") and tree.args.get("exists"):
        raise planner.at(InvalidSql("OR REPLACE and IF NOT EXISTS exclude each other.", hint="Keep one."), tree)


def _options(tree: Any, given: dict[str, Any], planner: Planner) -> tuple[ImportOptions, str]:
    [options] = read_options((ImportOptions,), given, owner="IMPORT MODEL")
    named = [tree.args["source"].name] if tree.args.get("source") else []
    named += [options.model_path] if options.model_path else []
    if len(named) != 1 or not named[0]:
        raise planner.at(InvalidOption("IMPORT MODEL needs one file.", hint="Write FROM 'churn.json'."), tree)
    return options, named[0]


def _kind(options: ImportOptions, path: str) -> str:
    """The format of the file: by FORMAT or its ending, or by model_type as BigQuery says it."""
    if not options.model_type:
        return format_of(path, options.format or None)
    kind = options.model_type.casefold()
    if kind not in _KINDS:
        raise NotSupported(
            f"Files of model_type '{kind}' cannot be imported.",
            hint=nearest_hint(kind, _KINDS, otherwise="Convert the model to ONNX: model_type='onnx'."),
        )
    return format_of(path, options.format or _KINDS[kind])


def _columns(tree: Any, clause: str, planner: Planner) -> tuple[Column, ...]:
    """The columns of INPUT or OUTPUT with DuckDB's own names of their types."""
    items = tree.args.get(clause)
    if items is None:
        return ()
    words = clause.upper()
    fields = [i for i in items if isinstance(i, exp.ColumnDef) and i.args.get("kind")]
    if len(fields) != len(items) or not items:
        raise planner.at(InvalidSql(f"{words} is a list of names with types.", hint=f"{words} (age DOUBLE)"), tree)
    names = [f.name.casefold() for f in fields]
    if len(set(names)) != len(names):
        raise planner.at(InvalidSql(f"{words} names a column twice.", hint="Name them apart."), tree)
    values = [exp.alias_(exp.cast(exp.null(), f.args["kind"].copy()), f.name, quoted=True) for f in fields]
    return tuple(planner.binder.describe(exp.select(*values).sql(dialect="duckdb")))


def _check_asked(asked: Asked, label: tuple[str, ...], tree: Any, planner: Planner) -> None:
    if len(label) > 1:
        raise planner.at(InvalidOption("A model has one label.", hint="input_label_cols=['churned']"), tree)
    if len(set(asked.classes)) != len(asked.classes) or len(asked.classes) == 1:
        raise planner.at(InvalidOption("classes are two or more, each once.", hint="classes=['no', 'yes']"), tree)
    if asked.allow_pickle and asked.format not in ("pickle", "json"):
        raise planner.at(InvalidOption("The file is no pickle.", hint="Leave allow_pickle out."), tree)


def _row(context: Context, name: str, version: int, asked: Asked) -> Result:
    return one_row(
        context.database,
        {
            "model": ("VARCHAR", name),
            "version": ("INTEGER", version),
            "path": ("VARCHAR", asked.path),
            "format": ("VARCHAR", asked.format),
        },
    )
