"""Finds the calls of our functions in a tree and replaces them by plain DuckDB SQL, deepest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from sqlglot import exp

from sqlml import nodes
from sqlml.dialect import to_sql
from sqlml.errors import InvalidOption, NotFound, NotSupported, SqlmlError, nearest_hint
from sqlml.extensions import Registry
from sqlml.functions.analytic import over_all_rows
from sqlml.functions.base import Call, Function, Source, read_arguments
from sqlml.functions.later import LATER
from sqlml.parameters import used_values
from sqlml.scope import relations_at, with_clauses
from sqlml.sql_form import SqlForm
from sqlml.system_relations import system_query
from sqlml.types import Binder, Column, ModelVersion

_SCHEMAS = ("ml", "ai")
# A call in FROM must find its input already rewritten, and a CTE is read before what follows it.
_ORDER = {"with_": 0, "from_": 1, "joins": 2, "laterals": 3, "using": 1}


def function_name(schema: str, name: str) -> str:
    """The registry's name of `ML.PREDICT` and `ml_predict` alike."""
    return f"{schema}_{name}".casefold() if schema else name.casefold()


class ModelStore(Protocol):
    """What is stored of a model besides what the snapshot has."""

    def metrics(self, model: ModelVersion) -> Mapping[str, float | None]:
        """The metrics of its held-out rows."""

    def document(self, model: ModelVersion) -> Mapping[str, Any]:
        """Its verified artifact as a document."""

    def sql_form(self, model: ModelVersion) -> SqlForm | None:
        """It as plain SQL, from the verified artifact; None where it has no such form."""

    def lineage_hash(self, model: ModelVersion) -> str | None:
        """The hash of what it was trained on and how; None where it was not trained here."""


class Rewriter:
    """Rewrites one statement; what it used is collected in `models` and `calls`.

    It is the Context that functions are given.
    """

    def __init__(
        self,
        text: str,
        functions: Registry[Function],
        binder: Binder,
        resolve: Callable[[exp.Expr, Any], ModelVersion],
        store: ModelStore,
        values: Mapping[str, Any],
        *,
        catalog: str,
        unfolded: bool,
        is_superuser: bool,
    ) -> None:
        self.text = text
        self.values = values
        self.models: list[ModelVersion] = []
        self.calls: list[str] = []
        self.used_parameters: list[str] = []
        self.replaced: list[tuple[int, int, exp.Expr]] = []
        self.unfolded = unfolded
        self.catalog = catalog
        self.is_superuser = is_superuser
        self.is_stored = False
        self._functions = functions
        self._binder = binder
        self._resolve = resolve
        self._store = store
        self._tasks: tuple[str, ...] = ()
        self._forms: dict[str, str] = {}

    def rewrite(self, tree: exp.Expr) -> exp.Expr:
        """Replace every call of ours in the tree, in place; returns the tree (a new root where that was replaced)."""
        self.is_stored = isinstance(tree, exp.Create) and tree.kind in ("VIEW", "FUNCTION", "MACRO")
        holder = exp.Paren(this=tree)
        self._visit(tree)
        root: exp.Expr = holder.this.pop()
        return root

    def _visit(self, node: exp.Expr) -> None:
        for child in sorted(node.iter_expressions(), key=lambda c: _ORDER.get(c.arg_key or "", 9)):
            self._visit(child)
        if isinstance(node, nodes.ModelRef | nodes.TableRef):
            return
        if isinstance(node, exp.Table):
            self._visit_table(node)
        elif isinstance(node, exp.Dot):
            schema, call = node.this, node.expression
            is_ours = not isinstance(schema, exp.Dot) and schema.name.casefold() in _SCHEMAS
            if is_ours and isinstance(call, exp.Anonymous):
                self._replace_scalar(node, call, schema.name)
        elif isinstance(node, exp.Anonymous) and not _is_qualified(node):
            self._replace_scalar(node, node, "")

    def _find(self, call: exp.Anonymous, schema: str) -> Function | None:
        name = function_name(schema, call.name)
        found = self._functions.get(name)
        if found is not None:
            return found
        written = f"{schema}.{call.name}" if schema else call.name
        if name == "ml_train":
            raise self._at(
                NotSupported(
                    f"{written} trains a model: it is a statement, not a part of one.",
                    hint="Send SELECT ml_train(...) with nothing else in it, or CREATE MODEL.",
                ),
                call,
            )
        if name in LATER:
            raise self._at(
                NotSupported(
                    f"{written.upper()} is not supported in this version.",
                    hint="docs/reference.md lists what is.",
                ),
                call,
            )
        if any(isinstance(a, nodes.ModelRef | nodes.TableRef) for a in call.expressions):
            known = [*self._functions.names(), *LATER]
            shown = {k.replace("_", ".", 1).upper() if schema else k: k for k in known}
            raise self._at(NotFound(f'There is no function "{written}".', hint=nearest_hint(written, shown)), call)
        return None

    def _replace_scalar(self, node: exp.Expr, call: exp.Anonymous, schema: str) -> None:
        function = self._find(call, schema)
        if function is None:
            return
        replaced = self._windowed(function, node, call)
        schema_of = node.this if isinstance(node, exp.Dot) else None
        self._replace(replaced, call, self._run(function, call, function.scalar), schema=schema_of)

    def _windowed(self, function: Function, node: exp.Expr, call: exp.Anonymous) -> exp.Expr:
        """What the call is replaced with: an analytic function together with its `OVER ()`."""
        parent = node.parent if node.arg_key == "this" else None
        is_window = isinstance(parent, exp.Window | exp.Filter | exp.IgnoreNulls | exp.RespectNulls)
        if not function.is_analytic:
            if is_window:
                raise self._at(
                    InvalidOption(f"{function.name} is not a window function.", hint="Leave OVER out."), call
                )
            return node
        hint = f"Write {function.signature}."
        if not isinstance(parent, exp.Window):
            raise self._at(InvalidOption(f"{function.name} is over all rows: it needs OVER ().", hint=hint), call)
        if any(value for key, value in parent.args.items() if key not in ("this", "over")):
            raise self._at(
                InvalidOption(
                    f"{function.name} is over all rows: OVER () takes no PARTITION BY, ORDER BY, frame or name.",
                    hint=hint,
                ),
                call,
            )
        return parent

    def _visit_table(self, table: exp.Table) -> None:
        call = table.this
        if not isinstance(call, exp.Anonymous):
            self._split_backticks(table)
            self._replace_system(table)
            return
        schema = table.db.casefold()
        if (schema and schema not in _SCHEMAS) or table.catalog:
            return
        function = self._find(call, table.db)
        if function is None:
            return
        query = exp.Subquery(this=self._run(function, call, function.table))
        for key, value in table.args.items():
            if key not in ("this", "db", "catalog") and value:
                query.set(key, value)
        self._replace(table, call, query, exp.Subquery(this=query.this.copy()), table.args.get("db"))

    def _replace_system(self, table: exp.Table) -> None:
        """`system.access.table_lineage`, which DuckDB does not have."""
        found = system_query(table, self.catalog, is_superuser=self.is_superuser) if table.catalog else None
        if found is None:
            return
        first, last = table.args["catalog"].meta["start"], table.this.meta["end"]
        if isinstance(table.parent, exp.Describe | exp.Summarize):
            self.replaced.append((first, last + 1, found))
            table.replace(found)
            return
        query = exp.Subquery(this=found)
        sent = query.copy()
        for key, value in table.args.items():
            if key not in ("this", "db", "catalog") and value:
                query.set(key, value)
        if not table.alias:
            for made in (query, sent):
                made.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
        self.replaced.append((first, last + 1, sent))
        table.replace(query)

    def _split_backticks(self, table: exp.Table) -> None:
        """BigQuery's `project.dataset.table` in one pair of backticks."""
        start, end = table.this.meta.get("start"), table.this.meta.get("end")
        if start is None or end is None or table.db or "." not in table.name or self.text[start] != "`":
            return
        *outer, last = [exp.to_identifier(part, quoted=True) for part in table.name.split(".")]
        table.set("this", last)
        for key, part in zip(("db", "catalog"), reversed(outer), strict=False):
            table.set(key, part)
        bare = exp.Table(this=table.this.copy(), db=table.args.get("db"), catalog=table.args.get("catalog"))
        self.replaced.append((start, end + 1, bare))

    def _run(self, function: Function, node: exp.Anonymous, rewrite: Callable[[Call, Rewriter], Any]) -> Any:
        self.calls.append(function.name)
        self._tasks = function.tasks
        try:
            return rewrite(read_arguments(node, function.name), self)
        except SqlmlError as error:
            raise self._at(error, node) from None

    def _replace(
        self,
        node: exp.Expr,
        call: exp.Anonymous,
        new: exp.Expr,
        sent: exp.Expr | None = None,
        schema: exp.Expr | None = None,
    ) -> None:
        span = nodes.span_of(node if isinstance(node, exp.Window) else call)
        assert span is not None
        # Not the first place in the whole node: arguments that were replaced hold places of other texts.
        first = nodes.offset_of(schema) if schema is not None else None
        begin = min(span[0], first if first is not None else span[0])
        self.replaced.append((begin, span[1], sent if sent is not None else new))
        node.replace(new)

    def _at(self, error: SqlmlError, node: exp.Expr) -> SqlmlError:
        offset = nodes.offset_of(node)
        return error.locate(self.text, offset) if offset is not None else error

    # What functions may ask: the Context.

    def statistic(self, aggregate: exp.Expr) -> exp.Expr:
        """A statistic of all rows: here the rows are those of the query around it."""
        return over_all_rows(aggregate)

    def model(self, reference: exp.Expr) -> ModelVersion:
        """The model of an argument."""
        found = self._resolve(reference, self)
        if found.task not in self._tasks:
            raise InvalidOption(
                f'Model "{found.short_name}" only transforms; {self.calls[-1]} is for models that predict.',
                hint="ML.TRANSFORM and ML.FEATURE_INFO take it.",
            )
        if found not in self.models:
            self.models.append(found)
        return found

    def metrics(self, model: ModelVersion) -> Mapping[str, float | None]:
        """The stored metrics of a model."""
        return self._store.metrics(model)

    def document(self, model: ModelVersion) -> Mapping[str, Any]:
        """The verified artifact of a model as a document."""
        return self._store.document(model)

    def sql_form(self, model: ModelVersion) -> SqlForm | None:
        """The model as plain SQL, where it has that form."""
        return self._store.sql_form(model)

    def lineage_hash(self, model: ModelVersion) -> str | None:
        """The hash of all that the training of a model depended on."""
        return self._store.lineage_hash(model)

    def scored_by(self, form: str, model: ModelVersion) -> None:
        """Record what scores with a model; of several in one statement the kernel, which must be loaded."""
        if self._forms.get(model.sha256) != "kernel":
            self._forms[model.sha256] = form

    @property
    def used_models(self) -> tuple[ModelVersion, ...]:
        """The models that were named, each with what scores it."""
        return tuple(replace(m, form=self._forms.get(m.sha256, "none")) for m in self.models)

    def columns(self, query: exp.Query, at: exp.Expr) -> list[Column]:
        """The columns of a query where `at` stands."""
        seen = query.copy()
        clauses = with_clauses(at)
        if clauses:
            own = seen.args.get("with_")
            ctes = [c.copy() for clause in clauses for c in clause.expressions] + (list(own.expressions) if own else [])
            recursive = any(c.args.get("recursive") for c in clauses)
            seen.set("with_", exp.With(expressions=ctes, recursive=recursive))
        try:
            return self._binder.describe(to_sql(seen), used_values(seen, self.values))
        except SqlmlError as error:
            # Its place is one in the SQL that was described; in the user's text it is where that query begins.
            error.line = error.column = error.excerpt = None
            places = [nodes.offset_of(n) for n in query.find_all(exp.Table, exp.Column)]
            offset = min((p for p in places if p is not None), default=nodes.offset_of(at))
            raise (error if offset is None else error.locate(self.text, offset)) from None

    def source(self, alias: str, at: exp.Expr) -> Source | None:
        """The relation of that alias visible where `at` stands."""
        for level in relations_at(at):
            for name, relation in level:
                if name.casefold() == alias.casefold():
                    return Source(name, self._columns_of(relation, at))
        return None

    def sources(self, at: exp.Expr) -> list[Source]:
        """The relations of the nearest query."""
        for level in relations_at(at):
            return [Source(name, self._columns_of(relation, at)) for name, relation in level]
        return []

    def _columns_of(self, relation: exp.Query | None, at: exp.Expr) -> tuple[Column, ...] | None:
        return None if relation is None else tuple(self.columns(relation, at))

    def value(self, argument: exp.Expr) -> Any:
        """The value of a constant or parameter."""
        return constant(argument, self)

    def parameter(self, node: exp.Expr) -> Any:
        """The value of a parameter that planning itself needs."""
        self.used_parameters.append(node.name)
        return self.values[node.name]


def _is_qualified(call: exp.Anonymous) -> bool:
    """Whether a call stands in FROM, or behind a dot: `schema.f(x)`, not `f(x).field`."""
    return isinstance(call.parent, exp.Table) or (isinstance(call.parent, exp.Dot) and call.arg_key == "expression")


class Parameters(Protocol):
    """Whoever knows the values of parameters."""

    def parameter(self, node: exp.Expr) -> Any:
        """The value of a parameter."""


def constant(node: exp.Expr, known: Parameters | None = None) -> Any:
    """The Python value of a literal, list, struct, cast of a literal or parameter.

    Raises InvalidOption for anything else.
    """
    if isinstance(node, exp.Placeholder) and known is not None:
        return known.parameter(node)
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    if isinstance(node, exp.Null):
        return None
    if isinstance(node, exp.Literal):
        if node.is_string:
            return node.this
        return _number(node.this.replace("_", ""))
    if isinstance(node, exp.Neg):
        value = constant(node.this, known)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return -value
    if isinstance(node, exp.Paren | exp.Cast):
        return constant(node.this, known)
    if isinstance(node, exp.Array | exp.Tuple):
        return [constant(e, known) for e in node.expressions]
    if isinstance(node, exp.Struct):
        return {str(e.this.name): constant(e.expression, known) for e in node.expressions}
    raise InvalidOption(f"A constant was expected, not {to_sql(node)}.", hint="Write a literal value.")


def _number(text: str) -> int | float:
    # Python refuses to read whole numbers of thousands of digits; no option is that large.
    return int(text) if text.isdigit() and len(text) <= 300 else float(text)
