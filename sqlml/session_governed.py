"""The statements of a governed database: each is read, checked and written anew before DuckDB sees any of it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, Protocol

from sqlglot import exp

from sqlml import nodes
from sqlml.access.expansion import Expansion, Places
from sqlml.access.governed import Governed
from sqlml.access.metadata import metadata_of
from sqlml.access.objects import Entry, Objects
from sqlml.access.principal_functions import FUNCTIONS as ABOUT_SESSION
from sqlml.access.principal_functions import principal_value
from sqlml.access.rights import Who, unread
from sqlml.access.statements import govern
from sqlml.access.values import Access
from sqlml.access.verification import Allowed, check_bound, check_parsed, without_ours
from sqlml.catalog.access import bump_version
from sqlml.catalog.access_objects import apply_changes
from sqlml.dialect import parse, to_sql, too_deep
from sqlml.engine import Engine
from sqlml.engine_private import unpark
from sqlml.errors import AlreadyExists, InvalidSql, NotFound, PermissionDenied, SqlmlError
from sqlml.functions import FUNCTIONS
from sqlml.functions.base import named_value
from sqlml.functions.later import LATER
from sqlml.parameters import name_parameters
from sqlml.result import Result, no_rows
from sqlml.rewriter import constant
from sqlml.session_access import SessionAccess
from sqlml.types import ObjectName, Params

# What DuckDB takes as well for BEGIN, COMMIT and ROLLBACK.
_TRANSACTIONS: dict[str, Callable[[], exp.Expr]] = {
    "start transaction": exp.Transaction,
    "begin transaction": exp.Transaction,
    "end": exp.Commit,
    "end transaction": exp.Commit,
    "commit transaction": exp.Commit,
    "abort": exp.Rollback,
}


# Statements that DuckDB binds without running them.
_BOUND = (exp.Insert, exp.Update, exp.Delete, exp.Merge)


class RunOurs(Protocol):
    """Plans and runs a statement with something of ours in it, whose relations are checked."""

    def __call__(
        self, text: str, params: Params, *, relations: frozenset[ObjectName], written: str | None
    ) -> Result: ...


class _Weakly:
    """Calls a session that it does not keep: one that is dropped gives its file up at once."""

    def __init__(self, run: RunOurs) -> None:
        self._run = weakref.WeakMethod(run)

    def __call__(self, text: str, params: Params, *, relations: frozenset[ObjectName], written: str | None) -> Result:
        run = self._run()
        assert run is not None
        return run(text, params, relations=relations, written=written)


class Governor:
    """Decides on each statement for whoever the session acts as, and runs it."""

    def __init__(
        self,
        engine: Engine,
        access: SessionAccess,
        prepared: dict[str, str],
        is_ours: Callable[[str], bool],
        run_ours: RunOurs,
    ) -> None:
        self._engine = engine
        self._prepared = prepared
        self._access = access
        self._is_ours = is_ours
        self._run_ours = _Weakly(run_ours)

    def run(self, text: str, params: Params) -> Result:
        """Run one statement.

        Raises PermissionDenied, and NotFound for what the user may not know of.
        """
        acting = self._access.acting
        try:
            tree = _read(text)
        except SqlmlError as error:
            return self._unread(text, params, error)
        if isinstance(tree, exp.Command) and acting.is_superuser:
            return self._engine.execute(text, params)
        if isinstance(tree, nodes.Prepare | nodes.ExecutePrepared | nodes.Deallocate):
            return self._kept(tree, text, params)
        written = _written(tree, text)
        values = name_parameters(tree, params)[0]
        objects = Objects(self._engine, self._access.catalog)
        expansion = self._expansion(acting.access, Who(acting.roles, acting.current), objects)
        try:
            governed = govern(tree, expansion)
        except InvalidSql as error:
            return self._unread(text, params, error)
        except RecursionError:
            raise too_deep() from None
        if governed.keeps_text:
            return self._run_ours(text, params, relations=frozenset(), written=None)
        sent = to_sql(governed.tree)
        if self._is_ours(sent):
            check_parsed(
                self._engine, without_ours(governed.tree, expansion.is_ours), self._allowed(governed, expansion)
            )
            relations = frozenset(_folded(entry) for entry in expansion.tables)
            return self._run_ours(sent, values or None, relations=relations, written=written)
        self._verify(governed, expansion, sent, values or None)
        return self._execute(governed, sent, values or None)

    def _kept(self, tree: exp.Expr, text: str, params: Params) -> Result:
        """PREPARE keeps the text, EXECUTE decides on it anew: what was granted then may be taken away by now."""
        name = tree.this.name.casefold()
        if isinstance(tree, nodes.Prepare):
            if name in self._prepared:
                raise AlreadyExists(f'There is a prepared statement "{name}" already.', hint=f"DEALLOCATE {name}.")
            span = nodes.span_of(tree.expression)
            assert span is not None
            self._prepared[name] = text[slice(*span)]
            return no_rows()
        if name not in self._prepared:
            raise NotFound(f'There is no prepared statement "{name}".', hint="PREPARE it first.")
        if isinstance(tree, nodes.Deallocate):
            del self._prepared[name]
            return no_rows()
        values, _ = name_parameters(tree, params)
        named: dict[str, Any] = {}
        positional: list[Any] = []
        for argument in tree.expressions:
            key, value = named_value(argument)
            given = values[value.name] if isinstance(value, exp.Placeholder) else constant(value, None)
            if key is None:
                positional.append(given)
            else:
                named[key] = given
        return self.run(self._prepared[name], named or positional or None)

    def _unread(self, text: str, params: Params, error: SqlmlError) -> Result:
        """What we cannot read only a superuser may send."""
        if not self._access.acting.is_superuser or self._is_ours(text):
            raise error
        return self._engine.execute(text, params)

    def _verify(self, governed: Governed, expansion: Expansion, sent: str, params: Params) -> None:
        check_parsed(self._engine, governed.tree, self._allowed(governed, expansion))
        if governed.is_query or isinstance(governed.tree, _BOUND):
            check_bound(self._engine, lambda sql: self._engine.execute(sql, params).fetchall(), sent, expansion.tables)

    def _allowed(self, governed: Governed, expansion: Expansion) -> Allowed:
        return Allowed(
            tuple(dict.fromkeys(expansion.tables + expansion.kept)),
            functions=expansion.macros | ABOUT_SESSION if governed.is_kept else expansion.macros,
            table_functions=expansion.table_functions,
            is_kept=governed.is_kept,
        )

    def _execute(self, governed: Governed, sent: str, params: Params) -> Result:
        if not governed.changes:
            return self._engine.execute(sent, params)
        acting, catalog = self._access.acting, self._access.catalog
        with self._engine.transaction():
            result = self._engine.execute(sent, params)
            result.park(unpark)
            self._access.will_change()
            apply_changes(self._engine, catalog, governed.changes, acting.current.casefold())
            bump_version(self._engine, catalog)
        return result

    def _expansion(self, access: Access, who: Who, objects: Objects) -> Expansion:
        places = Places(
            file=self._file,
            metadata=lambda node, asking: metadata_of(node, access, asking.roles, objects),
            is_ours=lambda name: FUNCTIONS.get(name) is not None or name in LATER or name == "ml_train",
            session=self._session,
        )
        return Expansion(access, who, objects, places)

    def _file(self, node: exp.Table, privilege: str, who: Who) -> exp.Expr:
        if self._access.acting.access.is_superuser(who.roles):
            return node
        name = node.name or str(node.this.this)
        raise PermissionDenied(
            f"{name} is not open to you.", hint=f"Files are read and written in volumes, with {privilege}."
        )

    def _session(self, node: exp.Expr) -> exp.Expr:
        """Functions about the session's user, as values."""
        made = principal_value(node, self._access.acting)
        return node if made is None else made


def _folded(entry: Entry) -> ObjectName:
    return ObjectName(entry.name.casefold(), entry.schema.casefold(), entry.catalog.casefold())


def _read(text: str) -> exp.Expr:
    words = " ".join(text.rstrip("; \n").casefold().split())
    if words in _TRANSACTIONS:
        return _TRANSACTIONS[words]()
    try:
        tree = parse(text)
    except RecursionError:
        raise too_deep() from None
    if isinstance(tree, exp.Condition | exp.Alias | exp.Column) and not isinstance(tree, exp.Query):
        raise unread()
    return tree


def _written(tree: exp.Expr, text: str) -> str | None:
    """The query of CREATE MODEL as the user wrote it."""
    query = tree.args.get("expression")
    span = nodes.span_of(query) if isinstance(tree, nodes.CreateModel) and query is not None else None
    return text[slice(*span)] if span else None
