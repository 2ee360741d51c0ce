"""Text and tree to Plan: what a statement reads, writes, calls and needs, and the SQL that DuckDB will be sent.

Planning runs nothing and trains nothing. It sees the catalog only through the Snapshot and the data only through
`binder.describe`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from sqlglot import exp
from sqlglot.errors import OptimizeError

from sqlml import nodes
from sqlml.access.acting import NOBODY, Acting
from sqlml.access.values import Securable
from sqlml.artifacts import verify_claim
from sqlml.catalog.snapshot import Snapshot
from sqlml.dialect import read_name
from sqlml.errors import InvalidOption, NotFound, SqlmlError
from sqlml.extensions import Registry
from sqlml.functions.base import Function
from sqlml.learning import LearningRewriter
from sqlml.parameters import name_parameters, used_values
from sqlml.rewriter import ModelStore, Rewriter, constant
from sqlml.splice import splice
from sqlml.types import Binder, Column, ModelVersion, ObjectName, Params, Plan, Privilege, Relation, SourceMap

if TYPE_CHECKING:
    from sqlglot.optimizer.scope import Scope

ReadSecurables = Callable[[str], list[Securable]]
ReadSnapshot = Callable[[Iterable[str]], Snapshot]


class PlanText(Protocol):
    """Plans the text of another statement."""

    def __call__(self, text: str, params: Params = None, *, unfolded: bool = False) -> Plan: ...


class PlanInner(Protocol):
    """Plans a statement inside the one that is planned, with the same parameters."""

    def __call__(self, tree: exp.Expr, planner: Planner, *, unfolded: bool) -> Plan: ...


_FROM = "FROM "


@dataclass(frozen=True)
class Planned:
    """A part of a statement after rewriting: the SQL to send, its parameters, what it uses."""

    tree: exp.Expr
    sql: str
    params: dict[str, Any] | None
    source_map: SourceMap
    models: tuple[ModelVersion, ...]
    calls: tuple[str, ...]
    reads: tuple[Relation, ...]
    writes: tuple[Relation, ...]
    privileges: tuple[Privilege, ...]


@dataclass(frozen=True)
class Written:
    """The query of CREATE MODEL as the user wrote it, and the version that it only trains again, if it does that.

    Of constraints of models, by folded name: the queries as they were written, and as they may be read.
    """

    query: str = ""
    reproduces: ModelVersion | None = None
    constraints: Mapping[str, str] = field(default_factory=dict)
    gates: Mapping[str, str] = field(default_factory=dict)


class Planner:
    """Plans the parts of one statement; handed to the statement, which makes the Plan."""

    def __init__(
        self,
        text: str,
        tree: exp.Expr,
        params: Params,
        *,
        functions: Registry[Function],
        binder: Binder,
        read_snapshot: ReadSnapshot,
        store: ModelStore,
        plan_text: PlanText,
        plan_inner: PlanInner,
        prepared: Mapping[str, str],
        unfolded: bool = False,
        acting: Acting = NOBODY,
        read_securables: ReadSecurables = lambda _: [],
        written: Written | None = None,
    ) -> None:
        self.acting = acting
        # The query of CREATE MODEL as the user wrote it, where the text was made of his.
        self.written = written
        self.read_securables = read_securables
        self.text = text
        self.tree = tree
        self.binder = binder
        self.unfolded = unfolded
        self.plan_text = plan_text
        self.plan_inner = plan_inner
        self.prepared = prepared
        self._functions = functions
        self._store = store
        # A statement that is only kept has its values later.
        kept = isinstance(tree, nodes.Prepare)
        self.values, self._marks = ({}, []) if kept else name_parameters(tree, params)
        self.snapshot = read_snapshot(_names(tree, self.values))
        self.used_parameters: list[str] = []

    def query(self, tree: exp.Expr, *, span: tuple[int, int] | None = None) -> Planned:
        """Plan a query or any statement of DuckDB's with calls of ours in it."""
        rewriter = Rewriter(
            self.text,
            self._functions,
            self.binder,
            self.resolve,
            self._store,
            self.values,
            catalog=self._home_of(tree),
            unfolded=self.unfolded,
            is_superuser=self.acting.is_superuser,
        )
        labels, is_bare = _labels(tree, self.text), nodes.is_bare(tree)
        rewritten = rewriter.rewrite(tree)
        # Only now do the columns stand there that a whole row means.
        reads, writes = relations(rewritten)
        self.used_parameters += rewriter.used_parameters
        start, end = span or (len(self.text) - len(self.text.lstrip()), len(self.text))
        named = [
            (last, last, label)
            for first, last, label in labels
            if any(first <= begin and finish <= last for begin, finish, _ in rewriter.replaced)
        ]
        sql, source_map = splice(self.text, [*self._marks, *rewriter.replaced, *named], start, end)
        if is_bare:
            sql, source_map = _FROM + sql, source_map.after(len(_FROM))
        return Planned(
            tree=rewritten,
            sql=sql,
            params=used_values(rewritten, self.values),
            source_map=source_map,
            models=rewriter.used_models,
            calls=tuple(dict.fromkeys(rewriter.calls)),
            reads=reads,
            writes=writes,
            privileges=_privileges(reads, writes, rewriter.models),
        )

    def learning(self, columns: Sequence[Column]) -> LearningRewriter:
        """What rewrites the columns of a TRANSFORM clause over these raw columns."""
        rewriter = LearningRewriter(
            self.text,
            self._functions,
            self.binder,
            self.resolve,
            self._store,
            self.values,
            catalog=self.snapshot.catalog,
            unfolded=self.unfolded,
            is_superuser=self.acting.is_superuser,
        )
        return rewriter.over(columns)

    def _home_of(self, tree: exp.Expr) -> str:
        """The catalog in which DuckDB looks up the names of SQL that is kept: that of the view or macro itself."""
        current = self.snapshot.catalog
        if not isinstance(tree, exp.Create):
            return current
        if tree.find(exp.TemporaryProperty):
            return "temp"
        target = tree.this.this if isinstance(tree.this, exp.UserDefinedFunction | exp.Schema) else tree.this
        if not isinstance(target, exp.Table) or not target.db:
            return current
        try:
            return str(self.snapshot.place(object_name(target)).catalog)
        except NotFound:
            # DuckDB says so better.
            return current

    def resolve(self, reference: exp.Expr, rewriter: Any = None) -> ModelVersion:
        """The model that `MODEL m`, a string or a parameter names, its signature checked."""
        if isinstance(reference, nodes.ModelRef):
            named = model_name(reference)
        else:
            named = read_model_name(self._model_text(reference, rewriter))
        try:
            found = self.snapshot.resolve(named.name, named.version, named.alias)
            verify_claim(found)
        except SqlmlError as error:
            raise self.at(error, reference) from None
        return replace(found, is_pinned=named.version is not None, alias=named.alias)

    def _model_text(self, reference: exp.Expr, rewriter: Any) -> str:
        if isinstance(reference, exp.Column):
            raise self.at(
                InvalidOption(
                    f"The model is named by a string, not by the column {reference.sql()}.",
                    hint=f"Write '{reference.name}' in quotes, or MODEL {reference.name}.",
                ),
                reference,
            )
        value = constant(reference, rewriter)
        if not isinstance(value, str):
            raise self.at(InvalidOption(f"{value!r} is not the name of a model.", hint="Write 'name'."), reference)
        return value

    def constant(self, node: exp.Expr) -> Any:
        """The Python value of a literal, list, struct or parameter.

        Raises InvalidOption for anything else.
        """
        return constant(node, self)

    def parameter(self, node: exp.Expr) -> Any:
        """The value of a parameter that planning itself needs."""
        self.used_parameters.append(node.name)
        return self.values[node.name]

    def at(self, error: SqlmlError, node: exp.Expr) -> SqlmlError:
        """The error, pointing at a node."""
        offset = nodes.offset_of(node)
        return error.locate(self.text, offset) if offset is not None else error


def object_name(table: exp.Expr) -> ObjectName:
    """The name a Table node holds."""
    assert isinstance(table, exp.Table)
    return ObjectName(table.name, table.db or None, table.catalog or None)


@dataclass(frozen=True)
class ModelName:
    """The name of a model as it was written, with the version or alias it asks for."""

    name: ObjectName
    version: int | None = None
    alias: str | None = None


def model_name(reference: nodes.ModelRef) -> ModelName:
    """What `MODEL m`, `MODEL m VERSION 3` and `MODEL m@champion` name."""
    version, alias = reference.args.get("version"), reference.args.get("alias")
    return ModelName(
        object_name(reference.this), int(version.name) if version else None, str(alias.name) if alias else None
    )


def read_model_name(text: str) -> ModelName:
    """`catalog.schema."My Model"@3` or `...@champion` from a string; what is no SQL name is taken as it stands."""
    base, mark, suffix = text.rpartition("@")
    table = read_name(base) if mark else None
    if table is not None and (suffix.isdigit() or suffix.isidentifier()):
        name = object_name(table)
        return ModelName(name, int(suffix)) if suffix.isdigit() else ModelName(name, alias=suffix)
    table = read_name(text)
    return ModelName(object_name(table) if table is not None else ObjectName(text))


def _names(tree: exp.Expr, values: Mapping[str, Any]) -> set[str]:
    """Every name that might be a model's: the snapshot reads these."""
    found = {ref.this.name for ref in tree.find_all(nodes.ModelRef)}
    for kind in (
        nodes.CreateModel,
        nodes.CopyModel,
        nodes.DropModel,
        nodes.AlterModel,
        nodes.CommentOnModel,
        nodes.VacuumModels,
    ):
        found |= {node.this.name for node in tree.find_all(kind) if isinstance(node.this, exp.Table)}
    for action in tree.find_all(nodes.AlterAction):
        found |= {value.name for value in action.expressions if isinstance(value, exp.Table)}
    for call in tree.find_all(exp.Anonymous):
        arguments = [a.expression if isinstance(a, exp.Kwarg | exp.PropertyEQ) else a for a in call.expressions]
        for argument in arguments:
            value = values.get(argument.name) if isinstance(argument, exp.Placeholder) else None
            value = argument.name if isinstance(argument, exp.Literal) and argument.is_string else value
            if isinstance(value, str) and len(value) < 512:
                found.add(read_model_name(value).name.name)
    return found


def relations(tree: exp.Expr) -> tuple[tuple[Relation, ...], tuple[Relation, ...]]:
    """The relations a statement reads and writes, with the columns where the text names them."""
    target = _target(tree)
    ctes = {cte.alias.casefold() for cte in tree.find_all(exp.CTE)}
    scopes = _scopes(tree)
    reads: dict[ObjectName, Relation] = {}
    for table in tree.find_all(exp.Table):
        if table is target or not isinstance(table.this, exp.Identifier) or table.find_ancestor(nodes.ModelRef):
            continue
        if not table.db and table.name.casefold() in ctes:
            continue
        name = object_name(table)
        reads.setdefault(name, Relation(name, _columns_read(table, scopes), is_path=_is_path(table)))
    writes = (Relation(object_name(target)),) if isinstance(target, exp.Table) else ()
    return tuple(reads.values()), writes


def _scopes(tree: exp.Expr) -> dict[int, Scope]:
    from sqlglot.optimizer.scope import traverse_scope

    query = tree if isinstance(tree, exp.Query) else tree.args.get("expression")
    if not isinstance(query, exp.Query):
        return {}
    try:
        return {id(s.expression): s for s in traverse_scope(query)}
    except OptimizeError:
        # DuckDB allows names that the scope walker does not; then the columns are not known by name.
        return {}


def _target(tree: exp.Expr) -> exp.Expr | None:
    if not isinstance(tree, exp.Insert | exp.Update | exp.Delete | exp.Merge | exp.Create):
        return None
    target: exp.Expr | None = tree.this
    return target.this if isinstance(target, exp.Schema) else target


def _is_path(table: exp.Table) -> bool:
    return not table.db and table.this.quoted and ("." in table.name or "/" in table.name)


def _columns_read(table: exp.Table, scopes: Mapping[int, Scope]) -> tuple[str, ...] | None:
    """The columns of a table that its own query names; None for a star or where that cannot be told."""
    query = table.find_ancestor(exp.Select)
    scope = scopes.get(id(query))
    if query is None or scope is None or any(p.is_star for p in query.selects):
        return None
    alias = table.alias_or_name.casefold()
    single = len(scope.sources) == 1
    names = [c.name for c in scope.columns if c.table.casefold() == alias or (single and not c.table)]
    return tuple(dict.fromkeys(names))


def _privileges(
    reads: tuple[Relation, ...], writes: tuple[Relation, ...], models: list[ModelVersion]
) -> tuple[Privilege, ...]:
    needed = [Privilege("SELECT", "FILE" if r.is_path else "TABLE", str(r.name), r.name) for r in reads]
    needed += [Privilege("MODIFY", "TABLE", str(w.name), w.name) for w in writes]
    needed += [Privilege("EXECUTE", "MODEL", m.full_name, m.object_name) for m in models]
    return tuple(dict.fromkeys(needed))


def _labels(tree: exp.Expr, text: str) -> list[tuple[int, int, exp.Expr]]:
    """Names for the calls that the user projects without one: what was written, not what it becomes."""
    labels: list[tuple[int, int, exp.Expr]] = []
    for select in tree.find_all(exp.Select, exp.Returning):
        for projection in select.expressions:
            span = nodes.span_of(projection)
            if span and not isinstance(projection, exp.Alias):
                written = text[slice(*span)]
                name = " ".join(written.split()) if "\n" in written else written
                labels.append((*span, nodes.Label(this=exp.to_identifier(name, quoted=True))))
    return labels
