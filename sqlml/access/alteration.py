"""DROP, ALTER and COMMENT ON: who may, and what becomes of the grants."""

from __future__ import annotations

from sqlglot import exp

from sqlml.access.expansion import Expansion
from sqlml.access.governed import CLOSED, Change, Governed, require_owner, require_owner_of, target
from sqlml.access.names import fold
from sqlml.access.objects import TEMPORARY, Entry
from sqlml.access.rights import unread
from sqlml.access.values import Securable
from sqlml.errors import DependentObjects, NotFound, NotSupported, PermissionDenied
from sqlml.types import ObjectName


def drop(tree: exp.Expr, expansion: Expansion) -> Governed:
    """DROP of what the caller manages."""
    kind = str(tree.args.get("kind") or "").upper()
    changes: list[Change] = []
    for table in tree.args.get("tables") or [tree.this]:
        if not isinstance(table, exp.Table):
            raise unread()
        if kind == "SCHEMA":
            on = Securable.of("SCHEMA", table.name or table.db)
            if on.schema in CLOSED:
                raise PermissionDenied(f"The schema {on.schema} is closed.", hint="It belongs to sqlml.")
            require_owner_of(expansion, on, f"the schema {on.schema}")
            _refuse_hiding(expansion, on.schema, None)
            changes.append(Change("dropped", on))
            continue
        change = _dropped(table, kind, tree, expansion)
        if change is not None:
            changes.append(change)
    return Governed(tree, changes)


def _dropped(table: exp.Table, kind: str, tree: exp.Expr, expansion: Expansion) -> Change | None:
    name = ObjectName(table.name, table.db or None, table.catalog or None)
    if kind in ("TABLE", "VIEW"):
        entry = expansion.objects.relation(name)
        if entry is None:
            if tree.args.get("exists"):
                return None
            raise expansion.no_relation(name, expansion.caller)
        target(table, expansion)
        if entry.is_temporary:
            return None
        require_owner(expansion, entry)
        return Change("dropped", entry.securable)
    if kind in ("MACRO", "FUNCTION", "MACRO TABLE"):
        found = [m for t in (False, True) if (m := expansion.objects.macro(name, is_table=t)) is not None]
        if not found and tree.args.get("exists"):
            return None
        if not found:
            raise NotFound(f"There is no function {name}.", hint="SHOW FUNCTIONS lists those there are.")
        if found[0].catalog == TEMPORARY:
            return None
        require_owner_of(expansion, found[0].securable, f"the function {name.name}")
        _refuse_hiding(expansion, found[0].securable.schema, found[0].securable.name)
        return Change("dropped", found[0].securable)
    if not expansion.access.is_superuser(expansion.caller.roles):
        raise unread()
    return None


def _refuse_hiding(expansion: Expansion, schema: str, function: str | None) -> None:
    """Raise where a function hides something: another one of its name, of anyone's, would be called in its place."""
    access = expansion.access
    used = [(f"row filter of {on}", f) for on, f in access.row_filters.items() if on.schema != schema or function]
    used += [(f"mask of {on}", f) for on, f in access.column_masks.items() if on.schema != schema or function]
    named = [(what, applied.function_schema, applied.function) for what, applied in used]
    named += [
        (f"policy {p.name}", p.function_schema, p.function)
        for p in access.policies
        if p.on.schema != schema or p.on.kind == "CATALOG" or function
    ]
    for what, at, name in named:
        if at == schema and function in (None, name):
            raise DependentObjects(
                f"The function {at}.{name} hides something: {what}.",
                hint="Drop the filters, masks and policies that use it first.",
            )


def alter(tree: exp.Expr, expansion: Expansion) -> Governed:
    """ALTER TABLE and VIEW; what is renamed keeps its grants."""
    if str(tree.args.get("kind") or "").upper() not in ("TABLE", "VIEW") or not isinstance(tree.this, exp.Table):
        raise unread()
    entry = target(tree.this, expansion)
    require_owner(expansion, entry)
    changes = []
    for action in tree.args.get("actions") or ():
        for query in action.find_all(exp.Query):
            raise NotSupported("A default or a type change holds a query.", hint=f"Leave out {query.sql()}.")
        if isinstance(action, exp.AlterRename) and not entry.is_temporary:
            to = Securable.of("TABLE", entry.schema, action.this.name)
            changes.append(Change("renamed", entry.securable, to))
        elif isinstance(action, exp.RenameColumn | exp.Drop) and not entry.is_temporary:
            changes.append(_changed_column(action, entry, expansion))
    return Governed(tree, changes)


def _changed_column(action: exp.Expr, entry: Entry, expansion: Expansion) -> Change:
    on = Securable.of("COLUMN", entry.schema, entry.name, action.this.name)
    named = [
        applied
        for table, applied in expansion.access.row_filters.items()
        if table == entry.securable and on.column in {fold(a) for a in applied.arguments}
    ]
    named += [
        applied
        for column, applied in expansion.access.column_masks.items()
        if (column.schema, column.name) == (on.schema, on.name)
        and on.column in {column.column, *(fold(a) for a in applied.arguments)}
    ]
    if named:
        raise PermissionDenied(
            f'The column "{action.this.name}" is used by a filter or mask.', hint="DROP ROW FILTER or DROP MASK first."
        )
    if isinstance(action, exp.RenameColumn):
        return Change("renamed", on, Securable.of("COLUMN", entry.schema, entry.name, action.args["to"].name))
    return Change("dropped", on)


def comment(tree: exp.Expr, expansion: Expansion) -> Governed:
    """COMMENT ON TABLE, VIEW and COLUMN."""
    kind = str(tree.args.get("kind") or "").upper()
    table = tree.this
    if kind == "COLUMN" and isinstance(table, exp.Column):
        parts = [p.name for p in table.parts]
        entry = expansion.objects.relation(ObjectName(*reversed(parts[:-1])))
        if entry is None:
            raise expansion.no_relation(ObjectName(parts[-2] if len(parts) > 1 else ""), expansion.caller)
    elif kind in ("TABLE", "VIEW") and isinstance(table, exp.Table):
        entry = target(table, expansion)
    else:
        raise unread()
    require_owner(expansion, entry)
    return Governed(tree)
