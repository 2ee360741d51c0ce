"""CREATE of schemas, tables, views, macros, sequences, types and indexes: what it needs, and what it becomes."""

from __future__ import annotations

from sqlglot import exp

from sqlml.access.expansion import Expansion
from sqlml.access.files import READERS, names_file
from sqlml.access.functions import allowed_functions
from sqlml.access.governed import CLOSED, Change, Governed, place, require_owner, target
from sqlml.access.names import fold
from sqlml.access.objects import TEMPORARY
from sqlml.access.rights import unread
from sqlml.access.targets import require_whole
from sqlml.access.values import CATALOG, Securable
from sqlml.engine_private import builtin_functions
from sqlml.errors import NotSupported, PermissionDenied
from sqlml.types import ObjectName

_CREATED = {"TABLE": "CREATE TABLE", "VIEW": "CREATE VIEW", "MACRO": "CREATE FUNCTION", "FUNCTION": "CREATE FUNCTION"}
_CREATED |= {"SEQUENCE": "CREATE TABLE", "TYPE": "CREATE TABLE"}


def create(tree: exp.Expr, expansion: Expansion) -> Governed:
    """CREATE of anything but what is sqlml's own."""
    kind = str(tree.args.get("kind") or "").upper()
    if kind == "SCHEMA":
        return _create_schema(tree, expansion)
    if kind == "INDEX":
        table = tree.find(exp.Table)
        if table is None:
            raise unread()
        entry = target(table, expansion)
        require_owner(expansion, entry)
        return Governed(tree)
    if kind not in _CREATED:
        raise unread()
    if tree.find(exp.TemporaryProperty) is None:
        return _create_object(tree, kind, expansion)
    return _create_temporary(tree, kind, expansion)


def _name_of(tree: exp.Expr) -> exp.Table:
    found = tree.this.this if isinstance(tree.this, exp.Schema | exp.UserDefinedFunction) else tree.this
    if not isinstance(found, exp.Table):
        raise unread()
    return found


def _create_temporary(tree: exp.Expr, kind: str, expansion: Expansion) -> Governed:
    name = _name_of(tree)
    if name.db and fold(name.db) not in (TEMPORARY, "main"):
        raise unread()
    _check_name(kind, name)
    _expand_body(tree, kind, expansion)
    return Governed(tree, is_kept=kind in ("VIEW", "MACRO", "FUNCTION"))


def _check_name(kind: str, name: exp.Table) -> None:
    """A macro must not be called where DuckDB's own function is meant, by a filter of another's for one."""
    if kind in ("MACRO", "FUNCTION") and fold(name.name) in builtin_functions() | allowed_functions():
        raise NotSupported(
            f"{name.name} is a function of DuckDB's, which a macro of that name would replace.",
            hint="Choose another name.",
        )


def _create_object(tree: exp.Expr, kind: str, expansion: Expansion) -> Governed:
    name = _name_of(tree)
    schema = place(name, expansion)
    _check_name(kind, name)
    on = Securable.of("FUNCTION" if kind in ("MACRO", "FUNCTION") else "TABLE", schema, name.name)
    exists = _exists(kind, name, schema, expansion)
    if not exists:
        expansion.require(expansion.caller, _CREATED[kind], Securable.of("SCHEMA", schema), what=f"the schema {schema}")
    elif tree.args.get("replace") and not expansion.access.owns(expansion.caller.roles, on):
        raise expansion.refused(expansion.caller, ("MANAGE", on), on, f"the table {name.name}")
    _expand_body(tree, kind, expansion)
    name.set("this", exp.to_identifier(name.name, quoted=True))
    name.set("db", exp.to_identifier(schema, quoted=True))
    name.set("catalog", exp.to_identifier(expansion.objects.catalog, quoted=True))
    changes = [] if exists else [Change("made", on)]
    return Governed(tree, changes, is_kept=kind in ("VIEW", "MACRO", "FUNCTION"))


def _exists(kind: str, name: exp.Table, schema: str, expansion: Expansion) -> bool:
    full = ObjectName(name.name, schema, expansion.objects.catalog)
    if kind in ("MACRO", "FUNCTION"):
        return any(expansion.objects.macro(full, is_table=t) is not None for t in (False, True))
    return expansion.objects.relation(full) is not None


def _expand_body(tree: exp.Expr, kind: str, expansion: Expansion) -> None:
    """Expand what a new object is made of; a view or macro is kept as it was written, with its names qualified."""
    body = tree.args.get("expression")
    if kind in ("VIEW", "MACRO", "FUNCTION"):
        if body is not None:
            # What its maker may not read, it cannot either; it is expanded for whoever uses it.
            parameters = _parameters(tree)
            expansion.expand(_without(body.copy(), parameters))
            _qualify_all(body, expansion)
            # It is kept with the calls of macros that were written out to be checked.
            for call in body.find_all(exp.Anonymous):
                if expansion.objects.has_macro(call.name):
                    expansion.macros.add(fold(call.name))
        return
    for key in ("this", "expression", "properties"):
        part = tree.args.get(key)
        if isinstance(part, exp.Query):
            tree.set(key, expansion.expand(part))
        elif isinstance(part, exp.Schema):
            for definition in part.expressions:
                _check_definition(definition, expansion)
    for like in tree.find_all(exp.LikeProperty):
        raise NotSupported(f"{like.sql()} is not supported here.", hint="CREATE TABLE t AS FROM u LIMIT 0")


def _check_definition(definition: exp.Expr, expansion: Expansion) -> None:
    for reference in definition.find_all(exp.Reference):
        table = reference.find(exp.Table)
        if table is not None:
            # A foreign key tells which values there are, and keeps rows from being deleted.
            require_whole(expansion, target(table, expansion, "SELECT"), "A foreign key tells the values of")
    for query in definition.find_all(exp.Query):
        raise NotSupported("A default or a check holds a query.", hint=f"Leave out {query.sql()}.")


def _parameters(tree: exp.Expr) -> frozenset[str]:
    if not isinstance(tree.this, exp.UserDefinedFunction):
        return frozenset()
    return frozenset(fold(p.name) for p in tree.this.expressions)


def _without(body: exp.Expr, parameters: frozenset[str]) -> exp.Expr:
    """The body with its parameters as NULLs, to be checked without a call."""
    holder = exp.Paren(this=body)
    for column in list(holder.find_all(exp.Column)):
        if fold(column.parts[0].name) in parameters:
            column.replace(exp.null())
    found: exp.Expr = holder.this
    found.pop()
    return found


def _qualify_all(body: exp.Expr, expansion: Expansion) -> None:
    """Give every relation its full name, so that it means the same wherever the view is read."""
    for table in list(body.find_all(exp.Table)):
        if not isinstance(table.this, exp.Identifier):
            if isinstance(table.this, exp.Anonymous) and table.this.name.casefold() in READERS and not table.db:
                expansion.keep_file(table)
            continue
        if _is_cte(table):
            continue
        entry = expansion.objects.relation(ObjectName(table.name, table.db or None, table.catalog or None))
        if entry is None:
            if names_file(table):
                expansion.keep_file(table)
            continue
        if entry.is_temporary:
            raise NotSupported(f'"{entry.name}" is temporary.', hint="Only CREATE TEMP VIEW may read it.")
        if not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
        table.set("this", exp.to_identifier(entry.name, quoted=True))
        table.set("db", exp.to_identifier(entry.schema, quoted=True))
        expansion.kept.append(entry)


def _is_cte(table: exp.Table) -> bool:
    if table.db:
        return False
    node = table.parent
    while node is not None:
        with_ = node.args.get("with_")
        if with_ is not None and any(fold(cte.alias) == fold(table.name) for cte in with_.expressions):
            return True
        node = node.parent
    return False


def _create_schema(tree: exp.Expr, expansion: Expansion) -> Governed:
    name = tree.this.name or tree.this.db
    if fold(name) in CLOSED:
        raise PermissionDenied(f"The schema {name} is closed.", hint="Choose another name.")
    on = Securable.of("SCHEMA", name)
    expansion.require(expansion.caller, "CREATE SCHEMA", CATALOG, what="the catalog")
    return Governed(tree, [Change("made", on)])
