"""`EXPORT MODEL m [VERSION n] TO 'file' [(DIALECT 'postgres', OVERWRITE)]`."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlglot import exp

import sqlml.catalog.models as catalog
from sqlml import artifacts, nodes
from sqlml.catalog.training_record import read_training
from sqlml.dialect import read_name
from sqlml.errors import InvalidOption, NotSupported, SqlmlError, nearest_hint
from sqlml.importing.document import described
from sqlml.importing.estimator_file import with_member
from sqlml.importing.lightgbm_text import with_line
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.sql_form.export import DIALECTS, exported
from sqlml.statements.base import Context, Statement, one_row
from sqlml.statements.files import check_access, check_local, write_file, write_folder
from sqlml.types import FeatureStatistics, ModelVersion, ObjectName, Plan, Privilege, Relation

_FORMATS = {
    ".sql": "sql",
    ".txt": "lightgbm",
    ".skops": "skops",
    ".json": "json",
    ".onnx": "onnx",
    ".pkl": "pickle",
    "/": "mlflow",
}
_OPTIONS = ("dialect", "format", "overwrite", "source", "uri")


@dataclass(frozen=True)
class Export:
    """What to write, and to where."""

    model: ModelVersion
    path: str
    format: str
    dialect: str
    source: exp.Table
    overwrite: bool


class ExportModel(Statement):
    """Write a version of a model to a file: as SQL of an engine, or in the format of its own library.

        EXPORT MODEL churn TO 'churn.sql' (DIALECT 'postgres', SOURCE 'customers');
        EXPORT MODEL churn VERSION 3 TO 'churn.txt' (OVERWRITE);
        EXPORT MODEL churn OPTIONS (URI = 'churn.json');

    The SQL is a query that gives the columns of SOURCE with predicted_<label>, and the probabilities of a
    classification. .txt is LightGBM's model text, .skops scikit-learn's estimator, .json all that was learned.
    Result: one row with model, version, path, format, bytes. Source: BigQuery ML, EXPORT MODEL.
    """

    name = "export_model"
    takes = (nodes.ExportModel,)

    def plan(self, tree: nodes.ExportModel, planner: Planner) -> Plan:
        """Check the model, the options and the format; nothing is written."""
        model = planner.resolve(tree.this)
        given = _given(tree, planner)
        path = given.get("uri") or (tree.args["target"].name if tree.args.get("target") else "")
        if not path or (tree.args.get("target") and "uri" in given):
            raise planner.at(InvalidOption("EXPORT MODEL needs one file.", hint="Write TO 'churn.sql'."), tree)
        try:
            check_local(path)
            kind = _format(given.get("format"), path)
        except SqlmlError as error:
            raise planner.at(error, tree) from None
        if kind == "mlflow" and given.get("overwrite"):
            raise planner.at(InvalidOption("A folder is not replaced.", hint="Name one that is not there."), tree)
        dialect = str(given.get("dialect", "duckdb")).casefold()
        if dialect not in DIALECTS or ("dialect" in given and kind != "sql"):
            known = f"One of {', '.join(DIALECTS)}, for a file that ends in .sql."
            hint = nearest_hint(dialect, [d for d in DIALECTS if d != dialect], otherwise=known)
            raise planner.at(InvalidOption(f'The dialect "{dialect}" cannot be written.', hint=hint), tree)
        source = read_name(str(given.get("source", "source_table")))
        if source is None:
            raise planner.at(InvalidOption("SOURCE is the name of a table.", hint="SOURCE 'customers'."), tree)
        return Plan(
            statement=self.name,
            sql="",
            tree=tree,
            reads=(Relation(ObjectName("models", "sqlml", model.catalog)),),
            writes=(Relation(ObjectName(path), is_path=True),),
            privileges=(
                Privilege("EXECUTE", "MODEL", model.full_name, model.object_name),
                Privilege("MODIFY", "FILE", path),
            ),
            details=Export(model, path, kind, dialect, source, bool(given.get("overwrite", False))),
        )

    def run(self, plan: Plan, context: Context) -> Result:
        """Write the file: whole or not at all."""
        export: Export = plan.details
        check_access(context.database, "written", export.path)
        document = artifacts.document(export.model, catalog.read_body(context.database, export.model))
        training = read_training(context.database, export.model)
        if export.format == "mlflow":
            size = _write_mlflow(export, document, training)
        else:
            body = _body(export, document, training)
            size = len(body)
            write_file(Path(export.path), body, overwrite=export.overwrite)
        context.lineage.record_export(export.model, export.path)
        return one_row(
            context.database,
            {
                "model": ("VARCHAR", export.model.name),
                "version": ("INTEGER", export.model.version),
                "path": ("VARCHAR", export.path),
                "format": ("VARCHAR", export.format),
                "bytes": ("BIGINT", size),
            },
        )


def _given(tree: nodes.ExportModel, planner: Planner) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for option in tree.expressions:
        name = option.this.name.casefold()
        if name not in _OPTIONS or name in found:
            hint = nearest_hint(name, _OPTIONS, otherwise=f"Known: {', '.join(_OPTIONS)}; each once.")
            raise planner.at(InvalidOption(f'EXPORT MODEL has no option "{name}".', hint=hint), option)
        value = planner.constant(option.expression)
        if isinstance(value, bool) != (name == "overwrite") or not isinstance(value, bool | str):
            what = "TRUE or FALSE" if name == "overwrite" else "a text in quotes"
            raise planner.at(InvalidOption(f"{name} is {value!r}.", hint=f"It is {what}."), option)
        found[name] = value
    return found


def _format(given: str | None, path: str) -> str:
    known = f"Known: {', '.join(f'{name} ({ending})' for ending, name in _FORMATS.items())}."
    if given is not None:
        if given.casefold() not in _FORMATS.values():
            hint = nearest_hint(given, _FORMATS.values(), otherwise=known)
            raise InvalidOption(f'The format "{given}" cannot be written.', hint=hint)
        return given.casefold()
    ending = "/" if path.endswith("/") else Path(path).suffix.casefold()
    if ending not in _FORMATS:
        raise InvalidOption(f'The ending of "{path}" does not say a format.', hint=f"{known} Or FORMAT '...'.")
    return _FORMATS[ending]


def _write_mlflow(export: Export, document: Mapping[str, Any], training: Mapping[str, Any]) -> int:
    """Write the folder; gives the bytes of all its files."""
    from sqlml.exporting.python_export import mlflow_files

    statistics = [FeatureStatistics(*row) for row in training["statistics"]]
    files = mlflow_files(export.model, {**described(export.model, training), **document}, statistics)
    write_folder(Path(export.path), files)
    return sum(map(len, files.values()))


def _body(export: Export, document: Mapping[str, Any], training: Mapping[str, Any]) -> bytes:
    model, whole = export.model, described(export.model, training)
    if export.format == "json":
        return artifacts.to_bytes({**whole, **document})
    if export.format == "sql" and model.transform:
        raise NotSupported(
            f'The model "{model.short_name}" has TRANSFORM, or lists or structs among its columns: no SQL is written.',
            hint=f"Its macro sqlml_models.{model.macro_name} scores in any DuckDB. TO 'm.json' writes any model.",
        )
    if export.format == "sql":
        head = f"-- The model {model.short_name}, version {model.version}, for {export.dialect}.\n"
        return (head.replace("\r", " ") + exported(model, document, export.dialect, export.source)).encode()
    if export.format == "pickle":
        from sqlml.exporting.python_export import pickle_bytes

        return pickle_bytes(model, {**whole, **document})
    if export.format == "onnx" and model.format != "onnx":
        from sqlml.exporting.onnx_export import onnx_bytes

        return onnx_bytes(model, document)
    if export.format != model.format:
        raise NotSupported(
            f'The model "{model.short_name}" is not of the format {export.format}.',
            hint=f"It is {model.format}: TO 'm.json' writes any model.",
        )
    state = document["estimator"]
    if model.format == "onnx":
        return base64.b64decode(state["body"])
    kept = {**whole, **{name: part for name, part in document.items() if name != "estimator"}}
    if model.format == "lightgbm":
        return with_line(state["model"], kept).encode()
    return with_member(base64.b64decode(state["skops"]), kept)
