"""COPY between tables and the files of volumes: options by an allow-list, what is hidden stays so."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from sqlglot import exp

from sqlml.access.expansion import Expansion
from sqlml.access.files import COPY_FROM, COPY_TO, check_values, format_of
from sqlml.access.governed import Governed
from sqlml.access.rights import unread
from sqlml.access.targets import qualified, require_write, written_entry
from sqlml.access.volumes import READ, WRITE
from sqlml.errors import InvalidOption, NotSupported, PermissionDenied, nearest_hint


def copy(tree: exp.Expr, expansion: Expansion) -> Governed:
    """COPY t FROM 'file', COPY t TO 'file', COPY (query) TO 'file'."""
    files = tree.args.get("files") or []
    credentials = tree.args.get("credentials")
    given = {key for key, value in tree.args.items() if value} - {"this", "kind", "files", "params", "credentials"}
    if len(files) != 1 or given or (credentials is not None and any(credentials.args.values())):
        raise unread()
    is_from = bool(tree.args.get("kind"))
    path = expansion.path(files[0], READ if is_from else WRITE)
    params = tree.args.get("params") or []
    if not expansion.access.is_superuser(expansion.caller.roles):
        _check_options(params, _format(params, path), COPY_FROM if is_from else COPY_TO)
    this = _into(tree, expansion) if is_from else _out_of(tree, expansion)
    return Governed(exp.Copy(this=this, kind=is_from, files=[path], params=[p.copy() for p in params]))


def _into(tree: exp.Expr, expansion: Expansion) -> exp.Expr:
    schema = tree.this
    table = schema.this if isinstance(schema, exp.Schema) else schema
    columns = [c.name for c in schema.expressions] if isinstance(schema, exp.Schema) else None
    entry = written_entry(table, expansion)
    require_write(expansion, entry, "INSERT", columns)
    qualified(table, entry)
    return schema  # type: ignore[no-any-return]


def _out_of(tree: exp.Expr, expansion: Expansion) -> exp.Expr:
    """A table is copied as the query that reads it: without what is hidden of it."""
    source = tree.this
    columns: list[exp.Expr] = [exp.Star()]
    if isinstance(source, exp.Schema):
        columns = [exp.column(c.copy()) for c in source.expressions]
        source = source.this
    if isinstance(source, exp.Table):
        query: exp.Expr = exp.select(*columns).from_(source.copy())
    elif isinstance(source, exp.Subquery):
        query = source.this
    else:
        raise unread()
    if not isinstance(query, exp.Query):
        raise unread()
    return exp.Subquery(this=expansion.expand(query.copy()))


def _format(params: list[exp.Expr], path: exp.Expr) -> str:
    for param in params:
        if param.name.casefold() == "format" and param.args.get("expression") is not None:
            return str(param.expression.name).casefold()
    # Without FORMAT DuckDB goes by the ending, and takes what it does not know for CSV.
    first = path.expressions[0] if isinstance(path, exp.Array) else path
    return format_of(PurePosixPath(first.name).name) or "csv"


def _check_options(params: list[exp.Expr], kind: str, known: Mapping[str, frozenset[str]]) -> None:
    if kind not in known:
        raise PermissionDenied(f'The format "{kind}" is closed.', hint=f"One of {', '.join(known)}.")
    for param in params:
        name = param.name.casefold()
        if name not in known[kind]:
            otherwise = f"Allowed: {', '.join(sorted(known[kind]))}."
            raise PermissionDenied(
                f'The option "{name}" of COPY is closed for {kind}.',
                hint=nearest_hint(name, known[kind], otherwise=otherwise),
            )
        value = param.args.get("expression")
        if value is not None:
            check_values(name, value)
        if name == "partition_by":
            _check_folders(value)


def _check_folders(value: exp.Expr | None) -> None:
    """The names of partition columns become names of folders."""
    if value is None:
        raise InvalidOption("PARTITION_BY names no column.", hint="PARTITION_BY (a, b)")
    for column in value.find_all(exp.Column, exp.Identifier, exp.Literal):
        if "/" in column.name or ".." in column.name:
            raise NotSupported(f'The column "{column.name}" cannot name a folder.', hint="Give it another name.")
