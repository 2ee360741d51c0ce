"""What each kind of statement needs, and what it becomes: default deny, one function a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from sqlml import nodes, nodes_access, nodes_policies, nodes_protection
from sqlml.access.alteration import alter, comment, drop
from sqlml.access.calls import call_parts
from sqlml.access.copying import copy
from sqlml.access.creation import create
from sqlml.access.expansion import Expansion
from sqlml.access.governed import CLOSED, Governed, place, target
from sqlml.access.names import fold
from sqlml.access.objects import TEMPORARY
from sqlml.access.rights import unread
from sqlml.access.targets import delete, insert, merge, require_whole, update
from sqlml.access.values import Securable
from sqlml.access.volumes import READ, WRITE
from sqlml.dialect import parse
from sqlml.errors import InvalidOption, NotFound, NotSupported, PermissionDenied, nearest_hint
from sqlml.types import ObjectName

# Settings of a session that change how values are shown or ordered, and nothing else.
SETTINGS = ("Calendar", "TimeZone", "default_null_order", "default_order")
_PATH_SETTINGS = ("schema", "search_path")


def govern(tree: exp.Expr, expansion: Expansion) -> Governed:
    """Check a statement and expand it.

    Raises PermissionDenied, NotFound for what the caller may not know of, InvalidSql for what cannot be read.
    """
    for kinds, rule in _RULES.items():
        if isinstance(tree, kinds):
            return rule(tree, expansion)
    raise unread()


def _query(tree: exp.Expr, expansion: Expansion) -> Governed:
    return Governed(expansion.expand(tree), is_query=True)


def _pivot(tree: exp.Expr, expansion: Expansion) -> Governed:
    if not tree.args.get("unpivot") and not all(isinstance(e, exp.In) for e in tree.expressions):
        raise NotSupported(
            "PIVOT without an IN list reads the values before it is allowed to.",
            hint="PIVOT t ON c IN (1, 2) USING ...",
        )
    return Governed(expansion.expand(tree), is_query=True)


def _insert(tree: exp.Expr, expansion: Expansion) -> Governed:
    return Governed(insert(tree, expansion))


def _update(tree: exp.Expr, expansion: Expansion) -> Governed:
    return Governed(update(tree, expansion))


def _delete(tree: exp.Expr, expansion: Expansion) -> Governed:
    return Governed(delete(tree, expansion))


def _merge(tree: exp.Expr, expansion: Expansion) -> Governed:
    return Governed(merge(tree, expansion))


def _truncate(tree: exp.Expr, expansion: Expansion) -> Governed:
    for table in tree.expressions:
        require_whole(expansion, target(table, expansion, "DELETE"), "TRUNCATE empties")
    return Governed(tree)


# CREATE, DROP, ALTER


# Session


def _use(tree: exp.Expr, expansion: Expansion) -> Governed:
    table = tree.this
    if not isinstance(table, exp.Table):
        raise unread()
    schema = place(exp.Table(this=exp.to_identifier("x"), db=table.this, catalog=table.args.get("db")), expansion)
    on = Securable.of("SCHEMA", schema)
    if schema != "main" and not expansion.access.sees(expansion.caller.roles, on):
        raise NotFound(f"There is no schema {schema}.", hint="SHOW SCHEMAS lists those there are.")
    return Governed(tree)


def _set(tree: exp.Expr, expansion: Expansion) -> Governed:
    for item in tree.expressions:
        if item.args.get("kind") == "VARIABLE":
            continue
        name = item.this.this.name if isinstance(item.this, exp.EQ) else ""
        if fold(name) in _PATH_SETTINGS:
            value = item.this.expression
            for part in (value.name if isinstance(value, exp.Literal) else "").split(","):
                if not part.strip() or fold(part.strip()) in CLOSED or "." in part:
                    raise PermissionDenied(
                        f"The search path {part!r} is closed.", hint="Name schemas of this database."
                    )
            continue
        if fold(name) not in {fold(s) for s in SETTINGS}:
            raise PermissionDenied(
                f'The setting "{name}" is closed.',
                hint=nearest_hint(name, SETTINGS, otherwise=f"Open are: {', '.join(SETTINGS)}."),
            )
        if not isinstance(item.this.expression, exp.Literal | exp.Column | exp.Var):
            raise InvalidOption(f"The value of {name} is no constant.", hint="Write it out.")
    return Governed(expansion.expand(tree))


def _plain(tree: exp.Expr, _: Expansion) -> Governed:
    return Governed(tree)


def _as_written(tree: exp.Expr, _: Expansion) -> Governed:
    return Governed(tree, keeps_text=True)


def _describe(tree: exp.Expr, expansion: Expansion) -> Governed:
    """DESCRIBE and SUMMARIZE of a table are those of a query that reads it."""
    if isinstance(tree.this, exp.Table):
        tree.set("this", exp.select("*").from_(tree.this.copy()))
    if not isinstance(tree.this, exp.Query):
        raise unread()
    tree.set("this", expansion.expand(tree.this))
    return Governed(tree)


def _explain(tree: exp.Expr, expansion: Expansion) -> Governed:
    inner = govern(tree.this, expansion)
    if expansion.is_protected:
        raise PermissionDenied(
            "The plan of this statement shows what is hidden from you.",
            hint="EXPLAIN works where you may read every table as it is.",
        )
    tree.set("this", inner.tree)
    runs = bool(tree.args.get("analyze")) or any("ANALY" in option.name.upper() for option in tree.expressions)
    return Governed(tree, inner.changes if runs else [], is_kept=inner.is_kept)


def _call(tree: exp.Expr, expansion: Expansion) -> Governed:
    """CALL f(x) is SELECT * FROM f(x), unless f is ours."""
    parts = call_parts(tree.this)
    if parts is not None and expansion.is_ours(parts[0]):
        return _ours(tree, expansion)
    return _query(exp.select("*").from_(exp.Table(this=tree.this.copy())), expansion)


_SHOWN = {
    "TABLES": """SELECT table_name AS name FROM information_schema.tables
                 WHERE table_schema = current_schema() ORDER BY 1""",
    "ALL TABLES": """SELECT table_catalog AS database, table_schema AS schema, table_name AS name
                     FROM information_schema.tables ORDER BY ALL""",
    "SCHEMAS": "SELECT schema_name FROM information_schema.schemata ORDER BY 1",
}


def _show(tree: exp.Expr, expansion: Expansion) -> Governed:
    text = _SHOWN.get(" ".join(str(tree.this).upper().split()))
    if text is None:
        raise unread()
    return _query(parse(text), expansion)


def _ours(tree: exp.Expr, expansion: Expansion) -> Governed:
    """A statement of sqlml's own: its queries are expanded, its other privileges are those of its plan."""
    _make_paths_real(tree, expansion)
    for key, value in list(tree.args.items()):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, exp.Expression) and not isinstance(child, exp.Table | nodes.AlterAction):
                if isinstance(child, exp.Query):
                    tree.set(key, expansion.expand(child))
                else:
                    expansion.expand_below(child)
    for constraint in tree.find_all(nodes.ModelConstraint):
        if constraint.args.get("query"):
            constraint.set("query", expansion.expand(constraint.args["query"]))
    if isinstance(tree.args.get("expression"), exp.Table):
        # A bare table is the query of all of it.
        tree.set("expression", expansion.expand(exp.select("*").from_(tree.args["expression"].copy())))
    return Governed(tree)


def _drop_function(tree: exp.Expr, expansion: Expansion) -> Governed:
    """A function in Python is dropped by a statement of ours, after the same questions as any macro."""
    name = tree.this
    found = expansion.objects.macro(ObjectName(name.name, name.db or None, name.catalog or None), is_table=False)
    if found is not None and found.catalog == TEMPORARY and expansion.objects.is_python(found):
        return _ours(tree, expansion)
    is_python = found is not None and expansion.objects.is_python(found)
    macro = exp.Drop(tables=[name.copy()], kind="MACRO", exists=tree.args.get("exists"))
    governed = drop(macro, expansion)
    return _ours(tree, expansion) if is_python else governed


def _make_paths_real(tree: exp.Expr, expansion: Expansion) -> None:
    """The file of EXPORT MODEL and IMPORT MODEL, wherever it is named."""
    privilege = WRITE if isinstance(tree, nodes.ExportModel) else READ
    if not isinstance(tree, nodes.ExportModel | nodes.ImportModel | nodes.CreateModel):
        return
    found = [tree.args[key] for key in ("target", "source") if isinstance(tree.args.get(key), exp.Literal)]
    options = tree.expressions + [o for o in tree.args.get("options") or () if isinstance(o, nodes.Option)]
    found += [o.expression for o in options if o.this.name.casefold() in ("uri", "model_path")]
    for path in found:
        if isinstance(path, exp.Literal | exp.Placeholder):
            path.replace(expansion.path(path, privilege))


_Rule = Callable[[exp.Expr, Expansion], Governed]
_OURS = tuple(
    kind
    for kind in vars(nodes).values()
    if isinstance(kind, type) and issubclass(kind, exp.Expression) and kind.__module__ == nodes.__name__
)
# Statements about principals and privileges read no relation: their own plans say what they need.
_ABOUT_ACCESS = tuple(
    kind
    for module in (nodes_access, nodes_policies, nodes_protection)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, exp.Expression) and kind.__module__ == module.__name__
)
_RULES: Mapping[type[exp.Expr] | tuple[type[exp.Expr], ...], _Rule] = {
    (exp.Query, exp.Values): _query,
    exp.Pivot: _pivot,
    exp.Insert: _insert,
    exp.Update: _update,
    exp.Delete: _delete,
    exp.Merge: _merge,
    exp.TruncateTable: _truncate,
    exp.Copy: copy,
    exp.Create: create,
    nodes.DropFunction: _drop_function,
    exp.Drop: drop,
    exp.Alter: alter,
    exp.Comment: comment,
    exp.Use: _use,
    exp.Set: _set,
    (exp.Transaction, exp.Commit, exp.Rollback): _plain,
    (exp.Describe, exp.Summarize): _describe,
    exp.Show: _show,
    nodes.Explain: _explain,
    nodes.Call: _call,
    _OURS: _ours,
    (*_ABOUT_ACCESS, exp.Grant, exp.Revoke): _as_written,
}
