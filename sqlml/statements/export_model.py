"""`EXPORT MODEL m [VERSION n] TO 'file' [(DIALECT 'postgres', OVERWRITE)]`."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlglot import exp

import sqlml.catalog.models as catalog
from sqlml import artifacts, nodes
from sqlml.dialect import read_name
from sqlml.errors import AlreadyExists, InvalidOption, NotFound, NotSupported, PermissionDenied, nearest_hint
from sqlml.planner import Planner
from sqlml.result import Result
from sqlml.sql_form.export import DIALECTS, exported
from sqlml.statements.base import Context, Statement, one_row
from sqlml.types import ModelVersion, ObjectName, Plan, Privilege, Relation

_FORMATS = {".sql": "sql", ".txt": "lightgbm", ".skops": "skops", ".json": "json"}
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
        kind = _format(given.get("format"), path)
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
            privileges=(Privilege("EXECUTE", "MODEL", model.full_name), Privilege("MODIFY", "FILE", path)),
            details=Export(model, path, kind, dialect, source, bool(given.get("overwrite", False))),
        )

    def run(self, plan: Plan, context: Context) -> Result:
        """Write the file: whole or not at all."""
        export: Export = plan.details
        [(is_allowed,)] = context.database.rows("SELECT current_setting('enable_external_access')")
        if not is_allowed:
            raise PermissionDenied(
                "Files cannot be written here: enable_external_access is off.", hint="Connect with it on."
            )
        document = artifacts.document(export.model, catalog.read_body(context.database, export.model))
        body = _body(export, document)
        _write(Path(export.path), body, overwrite=export.overwrite)
        return one_row(
            context.database,
            {
                "model": ("VARCHAR", export.model.name),
                "version": ("INTEGER", export.model.version),
                "path": ("VARCHAR", export.path),
                "format": ("VARCHAR", export.format),
                "bytes": ("BIGINT", len(body)),
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
    ending = Path(path).suffix.casefold()
    if ending not in _FORMATS:
        raise InvalidOption(f'The ending of "{path}" does not say a format.', hint=f"{known} Or FORMAT '...'.")
    return _FORMATS[ending]


def _body(export: Export, document: Mapping[str, Any]) -> bytes:
    model = export.model
    if export.format == "json":
        return artifacts.to_bytes(document)
    if export.format == "sql" and model.transform:
        raise NotSupported(
            f'The model "{model.short_name}" has TRANSFORM, or lists or structs among its columns: no SQL is written.',
            hint=f"Its macro sqlml_models.{model.macro_name} scores in any DuckDB. TO 'm.json' writes any model.",
        )
    if export.format == "sql":
        head = f"-- The model {model.short_name}, version {model.version}, for {export.dialect}.\n"
        return (head.replace("\r", " ") + exported(model, document, export.dialect, export.source)).encode()
    if export.format != model.format:
        raise NotSupported(
            f'The model "{model.short_name}" is not of the format {export.format}.',
            hint=f"It is {model.format}: TO 'm.json' writes any model.",
        )
    state = document["estimator"]
    return state["model"].encode() if model.format == "lightgbm" else base64.b64decode(state["skops"])


def _write(path: Path, body: bytes, *, overwrite: bool) -> None:
    """Put the file there at once: under another name first, then renamed, or linked where nothing may be replaced.

    Raises AlreadyExists, and NotFound where there is no such folder.
    """
    if not path.parent.is_dir():
        raise NotFound(f"There is no folder {path.parent}.", hint="Create it first.")
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".sqlml-", delete=False) as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise PermissionDenied(f"{path} cannot be written: {error.strerror}.", hint="Choose another folder.") from None
    made = Path(file.name)
    try:
        made.chmod(0o644)
        if overwrite:
            made.replace(path)
        else:
            os.link(made, path)
    except FileExistsError:
        raise AlreadyExists(f"There is a file {path} already.", hint="Add (OVERWRITE) to replace it.") from None
    except OSError as error:
        raise PermissionDenied(f"{path} cannot be written: {error.strerror}.", hint="Choose another name.") from None
    finally:
        made.unlink(missing_ok=True)
