"""A statement's tree with every relation resolved, allowed and qualified; views, macros, filters and masks written out.

Each part has its principal: below a view its owner, else the caller. What is not allowed by name is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlglot import exp

from sqlml import nodes
from sqlml.access.calls import arguments_of, call_parts, held_apart, is_inside_dot, names_in, qualified, substitute
from sqlml.access.files import Files, names_file
from sqlml.access.functions import TABLE_FUNCTIONS
from sqlml.access.kept_models import SCHEMAS_OF_OURS, is_internal, kept_scorer, reads_audit
from sqlml.access.names import fold
from sqlml.access.objects import TEMPORARY, Entry, Macro, Objects
from sqlml.access.pg_catalog import called
from sqlml.access.protection import Protection, protection_of
from sqlml.access.queries import expand_training, query_within
from sqlml.access.rights import Rights, Who, unread
from sqlml.access.sources import BARRIER, MOVED, argument_of, behind_barrier, listed, named, put, qualify
from sqlml.access.values import Access, Securable
from sqlml.access.view_kinds import is_registered, limited
from sqlml.errors import NotSupported, PermissionDenied
from sqlml.types import ObjectName

_DEPTH = 40
# What a name in FROM may have besides its parts; anything else changes what is read.
_TABLE_PARTS = frozenset({"this", "db", "catalog", "alias", "joins", "pivots", "sample", "laterals"})
_ROW = "rowid"


@dataclass(frozen=True)
class Places:
    """What the expansion is given besides the catalog: how files and metadata are read, what is ours."""

    files: Files
    metadata: Callable[[exp.Table, Who], exp.Expr | None]
    is_ours: Callable[[str], bool]
    session: Callable[[exp.Expr], exp.Expr]
    system: Callable[[exp.Table, Who], exp.Expr | None]


class Expansion(Rights):
    """Expands the trees of one statement; remembers what they read."""

    def __init__(self, access: Access, caller: Who, objects: Objects, places: Places) -> None:
        super().__init__(access, caller)
        self.objects = objects
        # Whether something was hidden from the caller: then DuckDB's own plan says too much.
        self.is_protected = False
        self.tables: list[Entry] = []
        # What a view or macro that is kept names itself: views too.
        self.kept: list[Entry] = []
        self.macros: set[str] = set()
        self.table_functions: set[str] = set()
        self._places = places
        self._calls = 0

    def expand(self, tree: exp.Expr, who: Who | None = None, ctes: frozenset[str] = frozenset()) -> exp.Expr:
        """The tree with everything below it expanded, in place where that is possible."""
        who = who or self.caller
        self.objects.load(names_in(tree))
        # A root stands alone: what replaces it needs a place to stand in.
        holder = exp.Paren(this=tree)
        self._visit(tree, who, ctes)
        expanded: exp.Expr = holder.this
        expanded.pop()
        return expanded

    def is_ours(self, name: ObjectName) -> bool:
        """Whether a call is of a function of sqlml's, `ml_predict` or `ML.PREDICT`."""
        return self._places.is_ours(fold(f"{name.schema}_{name.name}") if name.schema else fold(name.name))

    def path(self, node: exp.Expr, privilege: str) -> exp.Expr:
        """The path of a file that the statement reads or writes, made real."""
        self.objects.is_closed = False
        return self._places.files.path(node, privilege, self.caller)

    def keep_file(self, node: exp.Table) -> None:
        """Write a file in the body of a view or macro so that it means the same wherever that is read."""
        put(node, self._places.files.read(node, self.caller, is_kept=True), fallback=node.this.name)

    def _file(self, node: exp.Table, who: Who) -> exp.Table:
        # Which files there are may change at any time.
        self.objects.is_closed = False
        if (found := self._places.files.read(node, who)) is not node:
            self.table_functions.add(found.this.name.casefold())
        return found

    def expand_ctes(self, with_: exp.Expr) -> frozenset[str]:
        """Expand the common table expressions of a statement that writes; gives their names."""
        self.objects.load(names_in(with_))
        return self._ctes(with_, self.caller, frozenset())

    def expand_below(self, node: exp.Expr) -> None:
        """Expand what is below a part of a statement of sqlml's own."""
        self.objects.load(names_in(node))
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
                found = exp.select("*").from_(found.copy(), copy=False).subquery(copy=False)
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
            name = fold(cte.alias)
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
        if parts is None or is_inside_dot(node):
            return
        name, call = parts
        given = self._places.session(node)
        if given is not node:
            node.replace(given)
            return
        if is_internal(name) and not reads_audit(name, self.access, who, self.macros):
            scorer = kept_scorer(name, self, self.objects, who)
            self.macros.add(fold(scorer.name))
            node.replace(qualified(scorer, call))
            return
        macro = self.objects.macro(name, is_table=False, home=who.home)
        if self.is_ours(name):
            expand_training(call, lambda query: self.expand(query, who))
            return
        if macro is None:
            return
        self._check_macro(macro, who)
        if self._is_model(macro) or self.objects.is_python(macro):
            self.macros.add(fold(macro.name))
            node.replace(qualified(macro, call))
            return
        body = self._body(macro, call, who)
        node.replace(exp.Paren(this=body))

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
        arguments = arguments_of(macro, call)
        body = self.objects.tree(macro.definition)
        owner = self._owner(macro.securable, who, macro.schema, is_temporary=macro.catalog == TEMPORARY)
        # The arguments are the caller's and expanded already: they are put in after the body was.
        body = self.expand(body, owner)
        if is_filter:
            # Its arguments are columns by their full names.
            return substitute(body, arguments)
        self._calls += 1
        return held_apart(body, macro, arguments, f"_governed_call_{self._calls}")

    def _owner(self, securable: Securable, who: Who, schema: str, *, is_temporary: bool) -> Who:
        if is_temporary:
            return replace(who, depth=who.depth + 1)
        name = self.access.owner_of(securable)
        return Who(
            self.access.roles_of(name), name, schema, who.depth + 1, is_caller=name in who.roles and who.is_caller
        )

    # Relations

    def _table(self, node: exp.Table, who: Who, ctes: frozenset[str]) -> None:
        for key in MOVED:
            for child in listed(node.args.get(key)):
                self._visit(child, who, ctes)
        given = {key for key, value in node.args.items() if value}
        if not given <= _TABLE_PARTS:
            raise NotSupported(
                f"{node.name}: {', '.join(sorted(given - _TABLE_PARTS))} is not supported here.", hint="Leave it out."
            )
        if not isinstance(node.this, exp.Identifier):
            self._table_function(node, who, ctes)
            return
        if not node.db and fold(node.name) in ctes:
            return
        name = ObjectName(node.name, node.db or None, node.catalog or None)
        entry = self.objects.relation(name, who.home)
        if entry is None:
            self._other(node, name, who)
            return
        self._entry(node, entry, who)

    def _other(self, node: exp.Table, name: ObjectName, who: Who) -> None:
        """A name that is no relation of the database: metadata, a file, or nothing."""
        found = self._places.system(node, who)
        if found is not None:
            put(node, exp.Subquery(this=self.expand(found, who)))
            return
        found = self._places.metadata(node, who)
        if found is not None:
            self.table_functions |= called(found)
            put(node, found)
            return
        if names_file(node):
            put(node, self._file(node, who))
            return
        raise self.no_relation(name, who)

    def _entry(self, node: exp.Table, entry: Entry, who: Who) -> None:
        if fold(entry.schema) in SCHEMAS_OF_OURS and not self.access.is_superuser(who.roles):
            raise PermissionDenied(
                f"The schema {entry.schema} is closed.", hint="SHOW MODELS, SHOW GRANTS ... read it."
            )
        if entry.kind == "VIEW":
            self._view(node, entry, who)
            return
        self.tables.append(entry)
        if entry.is_temporary:
            qualify(node, entry)
            return
        protection = self.protection(entry, who)
        if protection is None:
            qualify(node, entry)
            return
        self.is_protected = True
        put(node, self.visible(entry, protection))

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
        if columns is None and not self.access.protects(on):
            return None
        return protection_of(self.access, on, self.objects.columns(entry), columns, self.caller.roles)

    def visible(self, entry: Entry, protection: Protection, *, with_row: bool = False) -> exp.Subquery:
        """The rows and columns of a table that may be read, as a subquery without a name."""
        source = exp.Table(this=exp.to_identifier(entry.name, quoted=True), alias=named("_governed"))
        qualify(source, entry, alias=False)
        projections: list[exp.Expr] = [exp.column(_ROW, "_governed")] if with_row else []
        for column in self.objects.columns(entry):
            if protection.columns is not None and fold(column.name) not in protection.columns:
                continue
            plain = exp.column(exp.to_identifier(column.name, quoted=True), "_governed")
            mask = protection.masks.get(fold(column.name))
            if mask is None:
                projections.append(plain)
                continue
            kind = exp.DataType.build(column.type, dialect="duckdb")
            masked = exp.Cast(this=self._applied(mask.function_schema, mask.function, mask.arguments), to=kind)
            projections.append(exp.Alias(this=masked, alias=exp.to_identifier(column.name, quoted=True)))
        query = exp.Select(expressions=projections).from_(source, copy=False)
        for applied in protection.filters:
            query.where(self._applied(applied.function_schema, applied.function, applied.arguments), copy=False)
        if protection.filters:
            query.limit(BARRIER, copy=False)
        return query.subquery(copy=False)

    def _applied(self, schema: str, function: str, arguments: tuple[str, ...]) -> exp.Expr:
        """A filter or mask: its function over the columns of the table, written out."""
        macro = self.objects.macro(ObjectName(function, schema, self.objects.catalog), is_table=False)
        if macro is None:
            # Without what hides it, nothing of the table may be read.
            raise PermissionDenied(
                f"The function {schema}.{function}, which filters or masks the table, is gone.",
                hint="Its owner has to make it again, or to drop the filter or mask.",
            )
        values = [argument_of(a) for a in arguments]
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
        made = self.objects.tree(entry.sql or "")
        if entry.is_temporary and is_registered(made):
            self.tables.append(entry)
            qualify(node, entry)
            return
        query = made.args.get("expression") if isinstance(made, exp.Create) else None
        if not isinstance(query, exp.Query):
            raise unread()
        owner = self._owner(entry.securable, who, entry.schema, is_temporary=entry.is_temporary)
        hides = owner.roles != who.roles
        query = self.expand(query, owner)
        if hides:
            self.is_protected = True
            query = behind_barrier(query)
        names = [c.name for c in made.this.expressions] if isinstance(made.this, exp.Schema) else []
        subquery = exp.Subquery(this=query, alias=named(node.alias or entry.name, names))
        if columns is not None or self.access.protects(entry.securable):
            protection = protection_of(
                self.access, entry.securable, self.objects.columns(entry), columns, self.caller.roles, is_view=True
            )
            if protection is not None:
                self.is_protected = True
                subquery = limited(subquery, entry, self.objects.columns(entry), protection)
        put(node, subquery)

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
        folded = fold(name.name)
        if self.is_ours(name):
            return
        macro = self.objects.macro(name, is_table=True, home=who.home)
        if macro is not None:
            self._check_macro(macro, who)
            self.is_protected = True
            body = self._body(macro, function, who)
            put(node, exp.Subquery(this=behind_barrier(body)), fallback=macro.name)
            return
        if folded in TABLE_FUNCTIONS and not name.schema:
            return
        query = None if name.schema else query_within(function)
        if query is not None:
            put(node, exp.Subquery(this=self.expand(query, replace(who, depth=who.depth + 1), ctes)), fallback=folded)
            return
        found = self._places.metadata(node, who)
        if found is not None:
            self.table_functions.add(folded)
        put(node, self._file(node, who) if found is None else found, fallback=folded)
