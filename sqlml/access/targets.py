"""INSERT, UPDATE, DELETE and MERGE: what they write needs its own privilege, what they read of it as well.

A table of which something is hidden is changed through what may be seen of it: the rows are found in a subquery
that hides the rest, and written by their number.
"""

from __future__ import annotations

from sqlglot import exp

from sqlml.access.expansion import Expansion
from sqlml.access.names import fold
from sqlml.access.objects import Entry
from sqlml.access.protection import Protection
from sqlml.errors import InvalidSql, NotSupported, PermissionDenied
from sqlml.types import ObjectName

_CLOSED = frozenset({"sqlml", "sqlml_models"})
_ROW, _FOUND = "_governed_row", "_governed_found"


def insert(tree: exp.Expr, expansion: Expansion) -> exp.Expr:
    """INSERT INTO t [(columns)] query [ON CONFLICT ...] [RETURNING ...]."""
    schema = tree.this
    table = schema.this if isinstance(schema, exp.Schema) else schema
    columns = [c.name for c in schema.expressions] if isinstance(schema, exp.Schema) else None
    entry = written_entry(table, expansion)
    require_write(expansion, entry, "INSERT", columns)
    conflict, alternative = tree.args.get("conflict"), tree.args.get("alternative")
    if alternative or (conflict is not None and conflict.expressions):
        require_write(expansion, entry, "UPDATE", None)
        require_whole(expansion, entry, "ON CONFLICT reads")
    if alternative or conflict is not None:
        # DuckDB looks for the rows that are there already.
        expansion.tables.append(entry)
    if tree.args.get("returning") is not None:
        require_whole(expansion, entry, "RETURNING reads")
    qualified(table, entry)
    ctes = _ctes(tree, expansion)
    for key in ("expression", "conflict", "returning"):
        part = tree.args.get(key)
        if part is not None:
            tree.set(key, expansion.expand(part, ctes=ctes))
    return tree


def update(tree: exp.Expr, expansion: Expansion) -> exp.Expr:
    """UPDATE t SET c = value [FROM ...] [WHERE ...] [RETURNING ...]."""
    entry = written_entry(tree.this, expansion)
    columns = [_assigned(e) for e in tree.expressions]
    require_write(expansion, entry, "UPDATE", columns)
    protection = _protection(tree, entry, expansion)
    if tree.args.get("returning") is not None:
        require_whole(expansion, entry, "RETURNING reads")
    ctes = _ctes(tree, expansion)
    if protection is not None:
        return _update_visible(tree, entry, protection, expansion, ctes)
    # DuckDB scans the table that it changes.
    expansion.tables.append(entry)
    qualified(tree.this, entry)
    for key in ("from_", "where", "returning"):
        part = tree.args.get(key)
        if part is not None:
            tree.set(key, expansion.expand(part, ctes=ctes))
    tree.set("expressions", [expansion.expand(e, ctes=ctes) for e in tree.expressions])
    return tree


def _update_visible(
    tree: exp.Expr, entry: Entry, protection: Protection, expansion: Expansion, ctes: frozenset[str]
) -> exp.Expr:
    """The same over the rows that may be seen: their numbers and new values are found first."""
    alias = tree.this.alias or tree.this.name
    source = _visible(entry, protection, expansion, alias)
    found = exp.select(exp.alias_(exp.column("rowid", alias), _ROW)).from_(source)
    assigned = []
    for number, assignment in enumerate(tree.expressions):
        value = expansion.expand(assignment.expression, ctes=ctes)
        found = found.select(exp.alias_(value, f"_governed_{number}"))
        name = exp.to_identifier(_assigned(assignment), quoted=True)
        assigned.append(
            exp.EQ(this=exp.Column(this=name), expression=exp.column(f"_governed_{number}", "_governed_new"))
        )
    if tree.args.get("from_") is not None:
        joined = expansion.expand(tree.args["from_"], ctes=ctes)
        found.append("joins", exp.Join(this=joined.this))
    if tree.args.get("where") is not None:
        found = found.where(expansion.expand(tree.args["where"].this, ctes=ctes))
    expansion.tables.append(entry)
    target = exp.Table(this=tree.this.this.copy(), alias=exp.TableAlias(this=exp.to_identifier("_governed_old")))
    qualified(target, entry)
    same = exp.column("rowid", "_governed_old").eq(exp.column(_ROW, "_governed_new"))
    return exp.Update(
        this=target,
        expressions=assigned,
        from_=exp.From(this=found.subquery("_governed_new")),
        where=exp.Where(this=same),
        with_=tree.args.get("with_"),
    )


def delete(tree: exp.Expr, expansion: Expansion) -> exp.Expr:
    """DELETE FROM t [USING ...] [WHERE ...] [RETURNING ...]."""
    entry = written_entry(tree.this, expansion)
    require_write(expansion, entry, "DELETE", None)
    protection = _protection(tree, entry, expansion)
    if tree.args.get("returning") is not None:
        require_whole(expansion, entry, "RETURNING reads")
    ctes = _ctes(tree, expansion)
    if protection is None:
        # DuckDB scans the table that it changes.
        expansion.tables.append(entry)
        qualified(tree.this, entry)
        for key in ("where", "returning"):
            part = tree.args.get(key)
            if part is not None:
                tree.set(key, expansion.expand(part, ctes=ctes))
        using = tree.args.get("using")
        if using:
            tree.set("using", [expansion.expand(u, ctes=ctes) for u in using])
        return tree
    alias = tree.this.alias or tree.this.name
    found = exp.select(exp.column("rowid", alias)).from_(_visible(entry, protection, expansion, alias))
    for joined in tree.args.get("using") or ():
        found.append("joins", exp.Join(this=expansion.expand(joined, ctes=ctes)))
    if tree.args.get("where") is not None:
        found = found.where(expansion.expand(tree.args["where"].this, ctes=ctes))
    expansion.tables.append(entry)
    target = exp.Table(this=tree.this.this.copy())
    qualified(target, entry)
    # Below the DELETE's own WHERE a column that was hidden would be found in its target.
    with_ = tree.args.get("with_") or exp.With(expressions=[])
    with_.append("expressions", exp.CTE(this=found, alias=exp.TableAlias(this=exp.to_identifier(_FOUND))))
    rows = exp.select(exp.column("rowid")).from_(exp.Table(this=exp.to_identifier(_FOUND)))
    within = exp.In(this=exp.column("rowid"), query=rows.subquery())
    return exp.Delete(this=target, where=exp.Where(this=within), with_=with_)


def merge(tree: exp.Expr, expansion: Expansion) -> exp.Expr:
    """MERGE INTO t USING ... ON ... WHEN ...: of a table that may be read as a whole."""
    entry = written_entry(tree.this, expansion)
    for when in tree.args["whens"].expressions:
        then = when.args.get("then")
        kind = {exp.Update: "UPDATE", exp.Insert: "INSERT"}.get(type(then), "DELETE")
        require_write(expansion, entry, kind, None)
    require_whole(expansion, entry, "MERGE reads")
    ctes = _ctes(tree, expansion)
    expansion.tables.append(entry)
    qualified(tree.this, entry)
    for key in ("using", "on", "whens", "returning"):
        part = tree.args.get(key)
        # USING (id) is a flag or a list of names.
        if isinstance(part, exp.Expression):
            tree.set(key, expansion.expand(part, ctes=ctes))
    return tree


def written_entry(table: exp.Expr, expansion: Expansion) -> Entry:
    """The table that a statement writes.

    Raises NotFound, and PermissionDenied for one of sqlml's own.
    """
    if not isinstance(table, exp.Table) or not isinstance(table.this, exp.Identifier):
        raise InvalidSql("The statement writes no table.", hint="Name a table.")
    name = ObjectName(table.name, table.db or None, table.catalog or None)
    entry = expansion.objects.relation(name)
    if entry is None:
        raise expansion.no_relation(name, expansion.caller)
    if fold(entry.schema) in _CLOSED:
        raise PermissionDenied(f"The schema {entry.schema} is closed.", hint="Statements of sqlml's own write it.")
    if entry.kind == "VIEW":
        raise InvalidSql(f'"{entry.name}" is a view.', hint="Write the table it reads.")
    return entry


def qualified(table: exp.Expr, entry: Entry) -> None:
    """Name the very table."""
    if not table.args.get("alias") and isinstance(table.parent, exp.Update | exp.Merge):
        table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
    table.set("this", exp.to_identifier(entry.name, quoted=True))
    table.set("db", exp.to_identifier(entry.schema, quoted=True))
    table.set("catalog", exp.to_identifier(entry.catalog, quoted=True))


def require_write(expansion: Expansion, entry: Entry, privilege: str, columns: list[str] | None) -> None:
    """Raise unless the caller has a privilege on the table, or on each of the columns."""
    if entry.is_temporary:
        return
    roles, on = expansion.caller.roles, entry.securable
    missing = expansion.access.missing(roles, privilege, on)
    if missing is None:
        return
    held = expansion.access.columns_held(roles, privilege, on) if missing[0] == privilege else frozenset()
    if columns and {fold(c) for c in columns} <= held:
        return
    raise expansion.refused(expansion.caller, missing, on, f"the table {entry.name}")


def require_whole(expansion: Expansion, entry: Entry, what: str) -> None:
    """Raise unless nothing of the table is hidden."""
    if not entry.is_temporary and expansion.protection(entry, expansion.caller) is not None:
        raise NotSupported(
            f'{what} the table "{entry.name}", of which something is hidden from you.',
            hint="Leave it out, or ask for SELECT on the whole table.",
        )


def _protection(tree: exp.Expr, entry: Entry, expansion: Expansion) -> Protection | None:
    """What is hidden of the table that is changed: nothing where the statement reads none of it."""
    if entry.is_temporary:
        return None
    reads = [tree.args.get(k) for k in ("where", "from_", "using", "returning")]
    values = [e.expression for e in tree.expressions]
    if not any(reads) and not any(v.find(exp.Column) for v in values):
        on = entry.securable
        filtered = on in expansion.access.row_filters or expansion.access.policies
        if not filtered:
            return None
    return expansion.protection(entry, expansion.caller)


def _visible(entry: Entry, protection: Protection, expansion: Expansion, alias: str) -> exp.Subquery:
    expansion.is_protected = True
    expansion.tables.append(entry)
    found = expansion.visible(entry, protection, with_row=True)
    found.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
    return found


def _assigned(assignment: exp.Expr) -> str:
    if not isinstance(assignment, exp.EQ) or not isinstance(assignment.this, exp.Column | exp.Identifier):
        raise InvalidSql("SET takes column = value.", hint="SET a = 1, b = 2")
    return str(assignment.this.name)


def _ctes(tree: exp.Expr, expansion: Expansion) -> frozenset[str]:
    with_ = tree.args.get("with_")
    return expansion.expand_ctes(with_) if with_ is not None else frozenset()
