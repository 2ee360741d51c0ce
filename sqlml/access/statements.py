"""What each kind of statement needs, and what it becomes: default deny, one function a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from sqlml import nodes, nodes_access, nodes_protection
from sqlml.access.expansion import Expansion, call_parts, unread
from sqlml.access.functions import allowed_functions
from sqlml.access.objects import TEMPORARY, Entry
from sqlml.access.targets import delete, insert, merge, require_whole, update
from sqlml.access.values import CATALOG, Securable
from sqlml.dialect import parse
from sqlml.engine_private import builtin_functions
from sqlml.errors import InvalidOption, NotFound, NotSupported, PermissionDenied, nearest_hint
from sqlml.types import ObjectName

# Settings of a session that change how values are shown or ordered, and nothing else.
SETTINGS = ("Calendar", "TimeZone", "default_null_order", "default_order")
_PATH_SETTINGS = ("schema", "search_path")
_CREATED = {"TABLE": "CREATE TABLE", "VIEW": "CREATE VIEW", "MACRO": "CREATE FUNCTION", "FUNCTION": "CREATE FUNCTION"}
_CREATED |= {"SEQUENCE": "CREATE TABLE", "TYPE": "CREATE TABLE"}
_CLOSED = frozenset({"sqlml", "sqlml_models", "information_schema", "pg_catalog"})


@dataclass(frozen=True)
class Change:
    """What a statement does to the objects that privileges are on."""

    action: str  # made, dropped, renamed
    on: Securable
    to: Securable | None = None


@dataclass
class Governed:
    """A statement that may run: its tree, and what it changes."""

    tree: exp.Expr
    changes: list[Change] = field(default_factory=list)
    # Whether DuckDB can say which tables it reads.
    is_query: bool = False
    # Whether its body is kept as it was written: a view or macro.
    is_kept: bool = False
    # Whether nothing in it was expanded, and the user's own text is sent.
    keeps_text: bool = False


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


def target(table: exp.Table, expansion: Expansion, *privileges: str) -> Entry:
    """The table that a statement writes, qualified."""
    who = expansion.caller
    name = ObjectName(table.name, table.db or None, table.catalog or None)
    entry = expansion.objects.relation(name)
    if entry is None:
        raise expansion.no_relation(name, who)
    if entry.schema.casefold() in _CLOSED:
        raise PermissionDenied(f"The schema {entry.schema} is closed.", hint="Statements of sqlml's own write it.")
    if not entry.is_temporary:
        for privilege in privileges:
            expansion.require(who, privilege, entry.securable, what=f"the table {entry.name}")
    table.set("this", exp.to_identifier(entry.name, quoted=True))
    table.set("db", exp.to_identifier(entry.schema, quoted=True))
    table.set("catalog", exp.to_identifier(entry.catalog, quoted=True))
    return entry


# CREATE, DROP, ALTER


def _create(tree: exp.Expr, expansion: Expansion) -> Governed:
    kind = str(tree.args.get("kind") or "").upper()
    if kind == "SCHEMA":
        return _create_schema(tree, expansion)
    if kind == "INDEX":
        table = tree.find(exp.Table)
        if table is None:
            raise unread()
        entry = target(table, expansion)
        _require_owner(expansion, entry)
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
    if name.db and name.db.casefold() not in (TEMPORARY, "main"):
        raise unread()
    _check_name(kind, name)
    _expand_body(tree, kind, expansion)
    return Governed(tree, is_kept=kind in ("VIEW", "MACRO", "FUNCTION"))


def _check_name(kind: str, name: exp.Table) -> None:
    """A macro must not be called where DuckDB's own function is meant, by a filter of another's for one."""
    if kind in ("MACRO", "FUNCTION") and name.name.casefold() in builtin_functions() | allowed_functions():
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


def place(name: exp.Table, expansion: Expansion) -> str:
    """The schema that a new object goes to.

    Raises PermissionDenied for a closed one or another database.
    """
    objects = expansion.objects
    if name.catalog and name.catalog.casefold() != objects.catalog.casefold():
        raise PermissionDenied(f"The database {name.catalog} is closed.", hint="Name one schema of this database.")
    schema = name.db or objects.path[0]
    if not name.catalog and schema.casefold() == objects.catalog.casefold():
        schema = "main"
    if schema.casefold() in _CLOSED:
        raise PermissionDenied(f"The schema {schema} is closed.", hint="Choose another one.")
    return schema


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
                if expansion.objects.has_macro(str(call.this)):
                    expansion.macros.add(str(call.this).casefold())
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
            target(table, expansion, "SELECT")
    for query in definition.find_all(exp.Query):
        raise NotSupported("A default or a check holds a query.", hint=f"Leave out {query.sql()}.")


def _parameters(tree: exp.Expr) -> frozenset[str]:
    if not isinstance(tree.this, exp.UserDefinedFunction):
        return frozenset()
    return frozenset(p.name.casefold() for p in tree.this.expressions)


def _without(body: exp.Expr, parameters: frozenset[str]) -> exp.Expr:
    """The body with its parameters as NULLs, to be checked without a call."""
    holder = exp.Paren(this=body)
    for column in list(holder.find_all(exp.Column)):
        if column.parts[0].name.casefold() in parameters:
            column.replace(exp.null())
    found: exp.Expr = holder.this
    found.pop()
    return found


def _qualify_all(body: exp.Expr, expansion: Expansion) -> None:
    """Give every relation its full name, so that it means the same wherever the view is read."""
    for table in body.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) or _is_cte(table):
            continue
        entry = expansion.objects.relation(ObjectName(table.name, table.db or None, table.catalog or None))
        if entry is None:
            continue
        if entry.is_temporary:
            raise NotSupported(f'"{entry.name}" is temporary.', hint="Only CREATE TEMP VIEW may read it.")
        if not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
        table.set("this", exp.to_identifier(entry.name, quoted=True))
        table.set("db", exp.to_identifier(entry.schema, quoted=True))


def _is_cte(table: exp.Table) -> bool:
    if table.db:
        return False
    node = table.parent
    while node is not None:
        with_ = node.args.get("with_")
        if with_ is not None and any(cte.alias.casefold() == table.name.casefold() for cte in with_.expressions):
            return True
        node = node.parent
    return False


def _create_schema(tree: exp.Expr, expansion: Expansion) -> Governed:
    name = tree.this.name or tree.this.db
    if name.casefold() in _CLOSED:
        raise PermissionDenied(f"The schema {name} is closed.", hint="Choose another name.")
    on = Securable.of("SCHEMA", name)
    expansion.require(expansion.caller, "CREATE SCHEMA", CATALOG, what="the catalog")
    return Governed(tree, [Change("made", on)])


def _drop(tree: exp.Expr, expansion: Expansion) -> Governed:
    kind = str(tree.args.get("kind") or "").upper()
    changes: list[Change] = []
    for table in tree.args.get("tables") or [tree.this]:
        if not isinstance(table, exp.Table):
            raise unread()
        if kind == "SCHEMA":
            on = Securable.of("SCHEMA", table.name or table.db)
            if on.schema in _CLOSED:
                raise PermissionDenied(f"The schema {on.schema} is closed.", hint="It belongs to sqlml.")
            _require_owner_of(expansion, on, f"the schema {on.schema}")
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
        _require_owner(expansion, entry)
        return Change("dropped", entry.securable)
    if kind in ("MACRO", "FUNCTION", "MACRO TABLE"):
        found = [m for t in (False, True) if (m := expansion.objects.macro(name, is_table=t)) is not None]
        if not found:
            raise NotFound(f"There is no function {name}.", hint="SHOW FUNCTIONS lists those there are.")
        if found[0].catalog == TEMPORARY:
            return None
        _require_owner_of(expansion, found[0].securable, f"the function {name.name}")
        return Change("dropped", found[0].securable)
    if not expansion.access.is_superuser(expansion.caller.roles):
        raise unread()
    return None


def _require_owner(expansion: Expansion, entry: Entry) -> None:
    if not entry.is_temporary:
        _require_owner_of(expansion, entry.securable, f"the table {entry.name}")


def _require_owner_of(expansion: Expansion, on: Securable, what: str) -> None:
    if not expansion.access.may_manage(expansion.caller.roles, on):
        raise expansion.refused(expansion.caller, ("MANAGE", on), on, what)


def _alter(tree: exp.Expr, expansion: Expansion) -> Governed:
    if str(tree.args.get("kind") or "").upper() not in ("TABLE", "VIEW") or not isinstance(tree.this, exp.Table):
        raise unread()
    entry = target(tree.this, expansion)
    _require_owner(expansion, entry)
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
        if table == entry.securable and on.column in {a.casefold() for a in applied.arguments}
    ]
    named += [
        applied
        for column, applied in expansion.access.column_masks.items()
        if (column.schema, column.name) == (on.schema, on.name)
        and on.column in {column.column, *(a.casefold() for a in applied.arguments)}
    ]
    if named:
        raise PermissionDenied(
            f'The column "{action.this.name}" is used by a filter or mask.', hint="DROP ROW FILTER or DROP MASK first."
        )
    if isinstance(action, exp.RenameColumn):
        return Change("renamed", on, Securable.of("COLUMN", entry.schema, entry.name, action.args["to"].name))
    return Change("dropped", on)


def _comment(tree: exp.Expr, expansion: Expansion) -> Governed:
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
    _require_owner(expansion, entry)
    return Governed(tree)


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
        if name.casefold() in _PATH_SETTINGS:
            value = item.this.expression
            for part in (value.name if isinstance(value, exp.Literal) else "").split(","):
                if not part.strip() or part.strip().casefold() in _CLOSED or "." in part:
                    raise PermissionDenied(
                        f"The search path {part!r} is closed.", hint="Name schemas of this database."
                    )
            continue
        if name.casefold() not in {s.casefold() for s in SETTINGS}:
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
    return Governed(tree)


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
    for key, value in list(tree.args.items()):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, exp.Expression) and not isinstance(child, exp.Table | nodes.AlterAction):
                if isinstance(child, exp.Query):
                    tree.set(key, expansion.expand(child))
                else:
                    expansion.expand_below(child)
    if isinstance(tree.args.get("expression"), exp.Table):
        # A bare table is the query of all of it.
        tree.set("expression", expansion.expand(exp.select("*").from_(tree.args["expression"].copy())))
    return Governed(tree)


_Rule = Callable[[exp.Expr, Expansion], Governed]
_OURS = tuple(
    kind
    for kind in vars(nodes).values()
    if isinstance(kind, type) and issubclass(kind, exp.Expression) and kind.__module__ == nodes.__name__
)
# Statements about principals and privileges read no relation: their own plans say what they need.
_ABOUT_ACCESS = tuple(
    kind
    for module in (nodes_access, nodes_protection)
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
    exp.Create: _create,
    exp.Drop: _drop,
    exp.Alter: _alter,
    exp.Comment: _comment,
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
