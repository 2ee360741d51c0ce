"""A statement's tree with every relation resolved, allowed and qualified; views, macros, filters and masks written out.

Each part has its principal: below a view its owner, else the caller. What is not allowed by name is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from sqlml import nodes
from sqlml.access.functions import TABLE_FUNCTIONS
from sqlml.access.objects import TEMPORARY, Entry, Macro, Objects
from sqlml.access.protection import Protection, protection_of
from sqlml.access.values import Access, Securable
from sqlml.dialect import parse, to_sql
from sqlml.errors import InvalidSql, NotFound, NotSupported, PermissionDenied, nearest_hint
from sqlml.types import ObjectName

# As many rows as there can be: predicates of the caller's are not evaluated below it, whatever they raise.
_BARRIER = 9223372036854775807
_DEPTH = 40
_SCHEMAS_OF_OURS = frozenset({"sqlml", "sqlml_models"})
_SYSTEM_SCHEMAS = frozenset({"information_schema", "pg_catalog"})
# What a name in FROM may have besides its parts; anything else changes what is read.
_TABLE_PARTS = frozenset({"this", "db", "catalog", "alias", "joins", "pivots", "sample", "laterals"})
_MOVED = ("joins", "pivots", "sample", "laterals")
_ROW = "rowid"


@dataclass(frozen=True)
class Who:
    """On whose behalf a part of the tree reads: their roles, and the schema of the view it stands in."""

    roles: frozenset[str]
    name: str
    home: str | None = None
    depth: int = 0
    is_caller: bool = True


@dataclass(frozen=True)
class Places:
    """What the expansion is given besides the catalog: how files and metadata are read, what is ours."""

    file: Callable[[exp.Table, str, Who], exp.Expr]
    metadata: Callable[[exp.Table, Who], exp.Expr | None]
    is_ours: Callable[[str], bool]
    session: Callable[[exp.Expr], exp.Expr]


class Expansion:
    """Expands the trees of one statement; remembers what they read."""

    def __init__(self, access: Access, caller: Who, objects: Objects, places: Places) -> None:
        self.access = access
        self.caller = caller
        self.objects = objects
        # Whether something was hidden from the caller: then DuckDB's own plan says too much.
        self.is_protected = False
        self.tables: list[Entry] = []
        self.macros: set[str] = set()
        self.table_functions: set[str] = set()
        self._places = places
        self._calls = 0

    def expand(self, tree: exp.Expr, who: Who | None = None, ctes: frozenset[str] = frozenset()) -> exp.Expr:
        """The tree with everything below it expanded, in place where that is possible."""
        who = who or self.caller
        self.objects.load(_names(tree))
        # A root stands alone: what replaces it needs a place to stand in.
        holder = exp.Paren(this=tree)
        self._visit(tree, who, ctes)
        expanded: exp.Expr = holder.this
        expanded.pop()
        return expanded

    def is_ours(self, name: ObjectName) -> bool:
        """Whether a call is of a function of sqlml's, `ml_predict` or `ML.PREDICT`."""
        return self._places.is_ours(f"{name.schema}_{name.name}".casefold() if name.schema else name.name.casefold())

    def expand_ctes(self, with_: exp.Expr) -> frozenset[str]:
        """Expand the common table expressions of a statement that writes; gives their names."""
        self.objects.load(_names(with_))
        return self._ctes(with_, self.caller, frozenset())

    def expand_below(self, node: exp.Expr) -> None:
        """Expand what is below a part of a statement of sqlml's own."""
        self.objects.load(_names(node))
        self._visit(node, self.caller, frozenset())

    def _visit(self, node: exp.Expr, who: Who, ctes: frozenset[str]) -> None:
        if isinstance(node, nodes.ModelRef):
            return
        if isinstance(node, exp.Table):
            self._table(node, who, ctes)
            return
        if isinstance(node, exp.Command):
            raise unread()
        if isinstance(node, nodes.TableRef):
            self._visit(node.this, who, ctes)
            found = node.this
            if isinstance(found, exp.Table):
                found = exp.select("*").from_(found.copy()).subquery()
            found.set("alias", None)
            node.replace(found)
            return
        with_ = node.args.get("with_")
        if with_ is not None:
            ctes = self._ctes(with_, who, ctes)
        for child in list(node.iter_expressions()):
            if child is not with_:
                self._visit(child, who, ctes)
        if isinstance(node, exp.Dot | exp.Anonymous):
            self._call(node, who)
        else:
            given = self._places.session(node)
            if given is not node:
                node.replace(given)

    def _ctes(self, with_: exp.Expr, who: Who, ctes: frozenset[str]) -> frozenset[str]:
        for cte in with_.expressions:
            if not isinstance(cte.this, exp.Query):
                raise NotSupported(
                    f'The common table expression "{cte.alias}" is no query.', hint="Write it as a statement."
                )
            name = cte.alias.casefold()
            self._cte(cte.this, name, who, ctes, is_recursive=bool(with_.args.get("recursive")))
            ctes = ctes | {name}
        return ctes

    def _cte(self, query: exp.Expr, name: str, who: Who, ctes: frozenset[str], *, is_recursive: bool) -> None:
        """Only the right side of a recursive UNION means the rows so far; everywhere else its name is another's."""
        if not (is_recursive and isinstance(query, exp.Union) and query.args.get("with_") is None):
            self._visit(query, who, ctes)
            return
        for key, child in (("this", query.this), ("expression", query.expression)):
            self._visit(child, who, ctes | {name} if key == "expression" else ctes)
        for child in list(query.iter_expressions()):
            if child is not query.this and child is not query.expression:
                self._visit(child, who, ctes)

    # Calls

    def _call(self, node: exp.Expr, who: Who) -> None:
        """A function: the user's macros are written out, ours are known by the planner, DuckDB's are checked later."""
        parts = call_parts(node)
        if parts is None or _is_inside_dot(node):
            return
        name, call = parts
        given = self._places.session(node)
        if given is not node:
            node.replace(given)
            return
        if name.name.casefold().startswith("sqlml_") or (name.schema or "").casefold() in _SCHEMAS_OF_OURS:
            raise PermissionDenied(
                f"{name} is a function of sqlml's own.", hint="Call ml_predict, which asks what you may use."
            )
        macro = self.objects.macro(name, is_table=False, home=who.home)
        if self.is_ours(name):
            self._trains(call, who)
            return
        if macro is None:
            return
        self._check_macro(macro, who)
        if self._is_model(macro):
            self.macros.add(macro.name.casefold())
            return
        body = self._body(macro, call, who)
        node.replace(exp.Paren(this=body))

    def _trains(self, call: exp.Expr, who: Who) -> None:
        """A query in a text, as ml_train takes it, is expanded like any other."""
        if str(call.this).casefold() != "ml_train":
            return
        for argument in call.expressions:
            value = argument.expression if isinstance(argument, exp.PropertyEQ | exp.Kwarg | exp.EQ) else argument
            named = argument.this.name.casefold() if value is not argument else ""
            if named not in ("", "query") or (argument is call.expressions[0] and not named):
                continue
            if not (isinstance(value, exp.Literal) and value.is_string):
                raise NotSupported("The query of ml_train is no literal.", hint="Write it out: query => 'SELECT ...'.")
            tree = parse(value.name)
            if isinstance(tree, exp.Column):
                # The name of a table is the query of all of it.
                parts = [exp.to_identifier(p.name, quoted=True) for p in tree.parts]
                source = exp.Table(**dict(zip(("this", "db", "catalog"), reversed(parts), strict=False)))
                tree = exp.select("*").from_(source)
            if not isinstance(tree, exp.Query):
                raise unread()
            value.replace(exp.Literal.string(to_sql(self.expand(tree, who))))

    def _is_model(self, macro: Macro) -> bool:
        """Whether a macro is the short form of a model, which brings its own privilege."""
        return macro.catalog != TEMPORARY and self.objects.is_model(macro.schema, macro.name)

    def _check_macro(self, macro: Macro, who: Who) -> None:
        if macro.catalog == TEMPORARY:
            return
        kind = "MODEL" if self._is_model(macro) else "FUNCTION"
        on = Securable.of(kind, macro.schema, macro.name)
        self.require(who, "EXECUTE", on, what=f"the {kind.lower()} {macro.name}")

    def _body(self, macro: Macro, call: exp.Expr, who: Who, *, is_filter: bool = False) -> exp.Expr:
        """What a macro stands for, with its arguments in place, read on behalf of its owner."""
        if who.depth >= _DEPTH:
            raise NotSupported(f'"{macro.name}" is nested too deeply.', hint=f"At most {_DEPTH} levels.")
        arguments = _arguments(macro, call)
        body = parse(macro.definition)
        owner = self._owner(macro.securable, who, macro.schema, is_temporary=macro.catalog == TEMPORARY)
        # The arguments are the caller's and expanded already: they are put in after the body was.
        body = self.expand(body, owner)
        if is_filter:
            # Its arguments are columns by their full names.
            return _substitute(body, arguments)
        self._calls += 1
        return _held_apart(body, macro, arguments, f"_governed_call_{self._calls}")

    def _owner(self, securable: Securable, who: Who, schema: str, *, is_temporary: bool) -> Who:
        if is_temporary:
            return replace(who, depth=who.depth + 1)
        name = self.access.owner_of(securable)
        return Who(
            self.access.roles_of(name), name, schema, who.depth + 1, is_caller=name in who.roles and who.is_caller
        )

    # Relations

    def _table(self, node: exp.Table, who: Who, ctes: frozenset[str]) -> None:
        for key in _MOVED:
            for child in _listed(node.args.get(key)):
                self._visit(child, who, ctes)
        given = {key for key, value in node.args.items() if value}
        if not given <= _TABLE_PARTS:
            raise NotSupported(
                f"{node.name}: {', '.join(sorted(given - _TABLE_PARTS))} is not supported here.", hint="Leave it out."
            )
        if not isinstance(node.this, exp.Identifier):
            self._table_function(node, who, ctes)
            return
        if not node.db and node.name.casefold() in ctes:
            return
        name = ObjectName(node.name, node.db or None, node.catalog or None)
        entry = self.objects.relation(name, who.home)
        if entry is None:
            self._other(node, name, who)
            return
        self._entry(node, entry, who)

    def _other(self, node: exp.Table, name: ObjectName, who: Who) -> None:
        """A name that is no relation of the database: metadata, a file, or nothing."""
        found = self._places.metadata(node, who)
        if found is not None:
            _put(node, found)
            return
        if not node.db and node.this.quoted and {".", "/"} & set(node.name):
            _put(node, self._places.file(node, "READ VOLUME", who))
            return
        raise self.no_relation(name, who)

    def no_relation(self, name: ObjectName, who: Who) -> NotFound:
        """The error for a name that means nothing, or nothing that the caller may know of."""
        known = [
            s.name for s in self.access.owners if s.kind == "TABLE" and who.is_caller and self.access.sees(who.roles, s)
        ]
        hint = nearest_hint(name.name, known, otherwise="SHOW TABLES lists those that you may read.")
        return NotFound(f"There is no table or view {name}.", hint=hint)

    def _entry(self, node: exp.Table, entry: Entry, who: Who) -> None:
        if entry.schema.casefold() in _SCHEMAS_OF_OURS and not self.access.is_superuser(who.roles):
            raise PermissionDenied(
                f"The schema {entry.schema} is closed.", hint="SHOW MODELS, SHOW GRANTS ... read it."
            )
        if entry.kind == "VIEW":
            self._view(node, entry, who)
            return
        self.tables.append(entry)
        if entry.is_temporary:
            _qualify(node, entry)
            return
        protection = self.protection(entry, who)
        if protection is None:
            _qualify(node, entry)
            return
        self.is_protected = True
        _put(node, self.visible(entry, protection))

    def protection(self, entry: Entry, who: Who) -> Protection | None:
        """What of a table is hidden from someone; None for nothing.

        Raises PermissionDenied where all of it is, NotFound where they may not know of it.
        """
        on = entry.securable
        missing = self.access.missing(who.roles, "SELECT", on)
        columns = None
        if missing is not None:
            columns = self.access.columns_held(who.roles, "SELECT", on) if missing[0] == "SELECT" else frozenset()
            if not columns:
                raise self.refused(who, missing, on, f"the table {entry.name}")
        return protection_of(self.access, on, self.objects.columns(entry), columns, self.caller.roles)

    def visible(self, entry: Entry, protection: Protection, *, with_row: bool = False) -> exp.Subquery:
        """The rows and columns of a table that may be read, as a subquery without a name."""
        source = exp.Table(this=exp.to_identifier(entry.name, quoted=True), alias=_alias("_governed"))
        _qualify(source, entry, alias=False)
        projections: list[exp.Expr] = [exp.column(_ROW, "_governed")] if with_row else []
        for column in self.objects.columns(entry):
            if protection.columns is not None and column.name.casefold() not in protection.columns:
                continue
            plain = exp.column(exp.to_identifier(column.name, quoted=True), "_governed")
            mask = protection.masks.get(column.name.casefold())
            if mask is None:
                projections.append(plain)
                continue
            kind = exp.DataType.build(column.type, dialect="duckdb")
            masked = exp.cast(self._applied(mask.function_schema, mask.function, mask.arguments), kind)
            projections.append(exp.alias_(masked, column.name, quoted=True))
        query = exp.select(*projections).from_(source)
        for applied in protection.filters:
            query = query.where(self._applied(applied.function_schema, applied.function, applied.arguments))
        if protection.filters:
            query = query.limit(_BARRIER)
        return query.subquery()

    def _applied(self, schema: str, function: str, arguments: tuple[str, ...]) -> exp.Expr:
        """A filter or mask: its function over the columns of the table, written out."""
        macro = self.objects.macro(ObjectName(function, schema, self.objects.catalog), is_table=False)
        if macro is None:
            # Without what hides it, nothing of the table may be read.
            raise PermissionDenied(
                f"The function {schema}.{function}, which filters or masks the table, is gone.",
                hint="Its owner has to make it again, or to drop the filter or mask.",
            )
        values = [_argument(a) for a in arguments]
        call = exp.Anonymous(this=macro.name, expressions=values)
        return exp.Paren(this=self._body(macro, call, self.caller, is_filter=True))

    def _view(self, node: exp.Table, entry: Entry, who: Who) -> None:
        if who.depth >= _DEPTH:
            raise NotSupported(f'The view "{entry.name}" is nested too deeply.', hint=f"At most {_DEPTH} levels.")
        columns: frozenset[str] | None = None
        if not entry.is_temporary:
            missing = self.access.missing(who.roles, "SELECT", entry.securable)
            if missing is not None:
                held = self.access.columns_held(who.roles, "SELECT", entry.securable)
                columns = held if missing[0] == "SELECT" else frozenset()
                if not columns:
                    raise self.refused(who, missing, entry.securable, f"the view {entry.name}")
        made = parse(entry.sql or "")
        query = made.args.get("expression") if isinstance(made, exp.Create) else None
        if not isinstance(query, exp.Query):
            raise unread()
        owner = self._owner(entry.securable, who, entry.schema, is_temporary=entry.is_temporary)
        hides = owner.roles != who.roles
        query = self.expand(query, owner)
        if hides:
            self.is_protected = True
            query = _behind_barrier(query)
        names = [c.name for c in made.this.expressions] if isinstance(made.this, exp.Schema) else []
        subquery = exp.Subquery(this=query, alias=_alias(node.alias or entry.name, names))
        protection = protection_of(
            self.access, entry.securable, self.objects.columns(entry), columns, self.caller.roles
        )
        if protection is not None:
            self.is_protected = True
            subquery = self._limited(subquery, entry, protection)
        _put(node, subquery)

    def _limited(self, subquery: exp.Subquery, entry: Entry, protection: Protection) -> exp.Subquery:
        """A view of which only some columns may be read."""
        if protection.filters or protection.masks:
            raise NotSupported(
                f'The view "{entry.name}" matches a policy.', hint="Filters and masks are set on tables."
            )
        shown = [c for c in self.objects.columns(entry) if c.name.casefold() in (protection.columns or ())]
        alias = subquery.alias
        query = exp.select(*(exp.column(exp.to_identifier(c.name, quoted=True)) for c in shown)).from_(subquery)
        return exp.Subquery(this=query, alias=_alias(alias))

    def _table_function(self, node: exp.Table, who: Who, ctes: frozenset[str]) -> None:
        call = node.this
        parts = call_parts(call)
        if parts is None:
            for child in list(node.iter_expressions()):
                self._visit(child, who, ctes)
            return
        name, function = parts
        if node.db:
            # ML.PREDICT(...) in FROM.
            name = ObjectName(name.name, node.db, node.catalog or None)
        for argument in list(function.expressions):
            self._visit(argument, who, ctes)
        folded = name.name.casefold()
        if self.is_ours(name):
            return
        macro = self.objects.macro(name, is_table=True, home=who.home)
        if macro is not None:
            self._check_macro(macro, who)
            self.is_protected = True
            body = self._body(macro, function, who)
            _put(node, exp.Subquery(this=_behind_barrier(body)), fallback=macro.name)
            return
        if folded in TABLE_FUNCTIONS and not name.schema:
            return
        found = self._places.metadata(node, who)
        if found is not None:
            self.table_functions.add(folded)
        else:
            found = self._places.file(node, "READ VOLUME", who)
        _put(node, found, fallback=folded)

    # Privileges

    def require(self, who: Who, privilege: str, on: Securable, *, what: str) -> None:
        """Raise PermissionDenied, or NotFound of what may not be known, unless someone holds a privilege."""
        missing = self.access.missing(who.roles, privilege, on)
        if missing is not None:
            raise self.refused(who, missing, on, what)

    def refused(self, who: Who, missing: tuple[str, Securable], on: Securable, what: str) -> Exception:
        """The error for a privilege that is lacking: of what the caller may not know, that it is not there."""
        if not who.is_caller:
            return PermissionDenied(
                "The owner of a view or function does not have the privileges that it needs.",
                hint="Its owner has to be granted them.",
            )
        if not self.access.sees(who.roles, on):
            if on.kind == "TABLE":
                return self.no_relation(ObjectName(on.name), who)
            return NotFound(f"There is no {what.removeprefix('the ')}.", hint="Ask for what you were granted.")
        privilege, place = missing
        return PermissionDenied(
            f'"{who.name}" does not have {privilege} on {place.kind.lower()} {place}.',
            hint=f"Its owner can GRANT {privilege} ON {place.kind} {place} TO {who.name}.",
        )


def unread() -> InvalidSql:
    """The error for a statement that cannot be read, and so not be allowed."""
    return InvalidSql("This statement is not supported in a governed database.", hint="docs/access.md lists what is.")


def call_parts(node: exp.Expr) -> tuple[ObjectName, exp.Expr] | None:
    """The name of a call and the call itself: `f(x)`, `s.f(x)`, `c.s.f(x)`; None for anything else."""
    if isinstance(node, exp.Anonymous):
        return ObjectName(str(node.this)), node
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Anonymous):
        outer: list[str] = []
        left: exp.Expr = node.this
        while isinstance(left, exp.Dot):
            outer.insert(0, left.expression.name)
            left = left.this
        if isinstance(left, exp.Column) and not outer:
            outer = [p.name for p in left.parts]
        elif isinstance(left, exp.Identifier):
            outer.insert(0, left.name)
        else:
            # A method: 'x'.upper().
            return None
        if len(outer) > 2:
            return None
        schema = outer[-1]
        return ObjectName(str(node.expression.this), schema, outer[0] if len(outer) == 2 else None), node.expression
    return None


def _is_inside_dot(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and isinstance(node.parent, exp.Dot) and node.arg_key == "expression"


def _names(tree: exp.Expr) -> set[str]:
    found = {t.name for t in tree.find_all(exp.Table) if isinstance(t.this, exp.Identifier)}
    return found | {str(call.this) for call in tree.find_all(exp.Anonymous)}


def _listed(value: Any) -> list[exp.Expr]:
    if value is None:
        return []
    return [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, exp.Expression)]


def _alias(name: str, columns: list[str] | None = None) -> exp.TableAlias:
    found = exp.TableAlias(this=exp.to_identifier(name, quoted=True))
    if columns:
        found.set("columns", [exp.to_identifier(c, quoted=True) for c in columns])
    return found


def _qualify(node: exp.Table, entry: Entry, *, alias: bool = True) -> None:
    """Name the very table, so that DuckDB looks nowhere else; the statement goes on to call it as before."""
    if alias and not node.alias:
        node.set("alias", _alias(node.name))
    node.set("this", exp.to_identifier(entry.name, quoted=True))
    node.set("db", exp.to_identifier(entry.schema, quoted=True))
    node.set("catalog", exp.to_identifier(entry.catalog, quoted=True))


def _put(node: exp.Table, found: exp.Expr, fallback: str | None = None) -> None:
    """Put what a name stands for in its place, under the name it had."""
    if found is node:
        return
    written = node.args.get("alias")
    if isinstance(found, exp.Subquery | exp.Table):
        own = found.args.get("alias")
        if written is not None:
            if own is not None and own.columns and not written.columns:
                written.set("columns", own.columns)
            found.set("alias", written)
        elif own is None:
            found.set("alias", _alias(fallback or node.name))
        for key in _MOVED:
            if node.args.get(key):
                found.set(key, node.args[key])
    node.replace(found)


def _behind_barrier(query: exp.Expr) -> exp.Expr:
    """A query whose rows are found before anything of the caller's looks at them."""
    if isinstance(query, exp.Select) and not {k for k, v in query.args.items() if v} - {"expressions", "from_"}:
        source = query.args["from_"].this if query.args.get("from_") else None
        # Only where every row of a table comes through is there nothing to guard.
        if isinstance(source, exp.Table) and not any(source.args.get(k) for k in _MOVED):
            return query
    source = exp.Subquery(this=query, alias=_alias("_governed"))
    return exp.select("*").from_(source).limit(_BARRIER)


def _argument(text: str) -> exp.Expr:
    """A column of the table, or a constant: 'text' in quotes or a number."""
    if text.startswith("'"):
        return exp.Literal.string(text[1:-1].replace("''", "'"))
    if text.startswith("#"):
        return exp.Literal.number(text[1:])
    return exp.column(exp.to_identifier(text, quoted=True), "_governed")


def _arguments(macro: Macro, call: exp.Expr) -> dict[str, exp.Expr]:
    """The arguments of a call by parameter."""
    values: dict[str, exp.Expr] = {}
    positional = []
    for argument in call.expressions:
        if isinstance(argument, exp.PropertyEQ | exp.Kwarg) or (
            isinstance(argument, exp.EQ) and isinstance(argument.this, exp.Var)
        ):
            values[argument.this.name.casefold()] = argument.expression
        else:
            positional.append(argument)
    names = [p.casefold() for p in macro.parameters]
    if len(positional) > len(names) or not set(values) <= set(names):
        raise InvalidSql(
            f"{macro.name} takes {len(names)} arguments: {', '.join(macro.parameters)}.", hint="Give these."
        )
    values.update(zip(names, positional, strict=False))
    missing = [p for p in macro.parameters if p.casefold() not in values]
    if missing:
        raise InvalidSql(
            f"{macro.name} is called without {missing[0]}.",
            hint="In a governed database every argument of a macro is given: its defaults are not known.",
        )
    return values


def _held_apart(body: exp.Expr, macro: Macro, arguments: Mapping[str, exp.Expr], alias: str) -> exp.Expr:
    """The body with its arguments, none of which may mean a column of the tables that the macro reads.

    Put into a query of the macro's, `f(code)` would read that query's own `code`, on behalf of its owner: it is
    found outside of it, as the only row of a table.
    """
    reads = body.find(exp.Query, exp.Table) is not None
    if not reads or all(_is_constant(value) for value in arguments.values()):
        return _substitute(body, arguments)
    if isinstance(body, exp.Query) and not isinstance(body, exp.Subquery):
        raise NotSupported(
            f'"{macro.name}" is given an argument that is no constant.', hint="Give it a literal or a parameter."
        )
    outer = [*arguments.values(), body]
    if any(found.parent_select is None for value in outer for found in value.find_all(exp.AggFunc, exp.Window)):
        raise NotSupported(
            f'"{macro.name}" reads tables and is given an aggregate.', hint="Compute it in a subquery, and pass that."
        )
    values = [exp.alias_(exp.Paren(this=value.copy()), name, quoted=True) for name, value in arguments.items()]
    named = {name: exp.column(exp.to_identifier(name, quoted=True), alias) for name in arguments}
    source = exp.select(*values).subquery(alias)
    return exp.select(_substitute(body, named)).from_(source).subquery()


_CONSTANT = (
    *(exp.Literal, exp.Null, exp.Boolean, exp.Placeholder, exp.Parameter, exp.Neg, exp.Paren, exp.Cast, exp.DataType),
    *(exp.DataTypeParam, exp.Array, exp.Struct, exp.PropertyEQ, exp.Identifier, exp.Interval, exp.Var),
)


def _is_constant(value: exp.Expr) -> bool:
    return all(isinstance(node, _CONSTANT) for node in value.walk())


def _substitute(body: exp.Expr, arguments: Mapping[str, exp.Expr]) -> exp.Expr:
    """The body with its parameters replaced by the arguments."""
    holder = exp.Paren(this=body)
    for column in list(holder.find_all(exp.Column)):
        parts = column.parts
        first = parts[0].name.casefold()
        if first not in arguments or _is_bound_by_lambda(column, first):
            continue
        value: exp.Expr = arguments[first].copy()
        value = exp.Paren(this=value)
        for part in parts[1:]:
            value = exp.Dot(this=value, expression=part.copy())
        column.replace(value)
    found: exp.Expr = holder.this
    found.pop()
    return found


def _is_bound_by_lambda(column: exp.Expr, name: str) -> bool:
    node = column.parent
    while node is not None:
        if isinstance(node, exp.Lambda) and any(name == p.name.casefold() for p in node.expressions):
            return True
        node = node.parent
    return False
