"""The origins of an expression: of the columns it names, of the queries and macros in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp

from sqlml.access.calls import call_parts, is_inside_dot
from sqlml.data_lineage.values import NONE, Macro, Names, Origin, Origins, Output, Scope, Source, Unfollowed, union
from sqlml.dialect import parse
from sqlml.types import ObjectName

_SCORERS = frozenset({"sqlml_predict", "sqlml_predict_unfolded", "sqlml_explain", "sqlml_explain_unfolded"})
_ROW_IDS = frozenset({"rowid", "filename", "file_row_number"})
# Written without parentheses they look like columns.
_CONSTANTS = frozenset({"current_date", "current_time", "current_timestamp", "current_user", "user", "localtime"})
_NESTED = 40


class Expressions(ABC):
    """Follows expressions; what they have in them of queries follows the reader of queries, which is one of these."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self._depth = 0

    @abstractmethod
    def query(self, query: exp.Expr, scope: Scope) -> list[Output]:
        """The columns of a query."""

    @abstractmethod
    def note(self, origin: Origin) -> None:
        """Something was read."""

    def of(self, node: exp.Expr, scope: Scope) -> Origins:
        """What an expression is computed from."""
        special = _special(node)
        if special is not None:
            return special(self, node, scope)
        parts = call_parts(node) if not is_inside_dot(node) else None
        if parts is not None:
            return self._call(parts[0], parts[1], scope)
        return self._children(node, scope)

    def _children(self, node: exp.Expr, scope: Scope) -> Origins:
        return union([self.of(child, scope) for child in node.iter_expressions()])

    def _named(self, node: exp.Expr, scope: Scope) -> Origins:
        """`name := value`: the name is no column."""
        return self.of(node.expression, scope)

    def _subquery(self, node: exp.Expr, scope: Scope) -> Origins:
        return union([o.origins for o in self.query(node, inside(scope))])

    def _exists(self, node: exp.Expr, scope: Scope) -> Origins:
        """That there are rows says nothing of the values in them; what is read is noted."""
        self.query(node.this, inside(scope))
        return NONE

    def _lambda(self, node: exp.Expr, scope: Scope) -> Origins:
        return self.of(node.this, with_values(scope, {p.name: NONE for p in node.expressions}))

    def _comprehension(self, node: exp.Expr, scope: Scope) -> Origins:
        """`[x + b FOR x IN l IF x > 0]`."""
        inner = with_values(scope, {node.expression.name: NONE})
        condition = node.args.get("condition")
        found = self.of(node.args["iterator"], scope) | self.of(node.this, inner)
        return found | self.of(condition, inner) if condition is not None else found

    def _window(self, node: exp.Expr, scope: Scope) -> Origins:
        found = self._children(node, scope)
        name = node.args.get("alias")
        named = scope.windows.get(name.name.casefold()) if name is not None else None
        return found | self._children(named, scope) if named is not None else found

    def _star(self, node: exp.Expr, scope: Scope) -> Origins:
        """`count(*)` reads no column."""
        return NONE

    def _columns(self, node: exp.Expr, scope: Scope) -> Origins:
        if scope.every is None:
            raise Unfollowed
        return scope.every

    def _position(self, node: exp.Expr, scope: Scope) -> Origins:
        """`#1`."""
        shown = [o for source in scope.sources for o in source.shown()]
        place = int(node.name)
        if not 1 <= place <= len(shown):
            raise Unfollowed
        return shown[place - 1].origins

    def _call(self, name: ObjectName, call: exp.Expr, scope: Scope) -> Origins:
        folded = name.name.casefold()
        if folded in _SCORERS and not name.schema:
            origin = self.names.scored_by(call.expressions[0].name)
            return self._with_model(origin, self._children(call, scope))
        if folded == "columns" and not name.schema:
            return self._columns(call, scope)
        kept = self.names.kept_model(name, scope.home)
        if kept is not None:
            return self._with_model(kept[0], self._row_of(call, kept[1], scope))
        macro = self.names.macro(name, scope.home, is_table=False)
        return self._children(call, scope) if macro is None else self._expanded(macro, call, scope)

    def _with_model(self, origin: Origin | None, inputs: Origins) -> Origins:
        if origin is None:
            return inputs
        self.note(origin)
        return inputs | {origin}

    def _row_of(self, call: exp.Expr, features: object, scope: Scope) -> Origins:
        """The arguments of a model's macro: of a whole row only what the model reads."""
        assert isinstance(features, list | tuple)
        found: Origins = NONE
        for argument in call.expressions:
            source = None
            if isinstance(argument, exp.Column) and not argument.table:
                source = next((s for s in scope.sources if s.alias.casefold() == argument.name.casefold()), None)
            if source is None:
                found |= self.of(argument, scope)
            else:
                found |= union([source.find(str(feature)) or NONE for feature in features])
        return found

    def _expanded(self, macro: Macro, call: exp.Expr, scope: Scope) -> Origins:
        """The body of a macro with the origins of its arguments."""
        inner = self.in_macro(macro, call, scope)
        self._depth += 1
        try:
            if self._depth > _NESTED:
                raise Unfollowed
            body = parse(macro.definition)
            found = self.of(body, inner) if not isinstance(body, exp.Query) else self._subquery(body, inner)
        finally:
            self._depth -= 1
        return found

    def in_macro(self, macro: Macro, call: exp.Expr, scope: Scope) -> Scope:
        """Where the body of a macro stands: it sees its arguments, and what it names itself."""
        values: dict[str, Origins] = dict.fromkeys(macro.parameters, NONE)
        given: list[Origins] = []
        for argument in call.expressions:
            if isinstance(argument, exp.PropertyEQ | exp.Kwarg):
                values[argument.this.name] = self.of(argument.expression, scope)
            else:
                given.append(self.of(argument, scope))
        values.update(zip(macro.parameters, given, strict=False))
        return with_values(Scope(home=macro.schema), values)

    def column(self, node: exp.Expr, scope: Scope) -> Origins:
        """What a name means: a column, the field of one, a whole row, a parameter."""
        assert isinstance(node, exp.Column)
        if isinstance(node.this, exp.Star):
            source = _named_source(scope, node.parts[-2].name if len(node.parts) > 1 else "")
            return source.all() if source is not None else NONE
        names = [part.name for part in node.parts]
        at: Scope | None = scope
        while at is not None:
            found = _column_in(at, names)
            if found is not None:
                return found
            at = at.outer
        if names[-1].casefold() in _ROW_IDS | _CONSTANTS:
            return NONE
        raise Unfollowed


def _column_in(scope: Scope, names: list[str]) -> Origins | None:
    """A name `a`, `t.a`, `s.t.a`, `a.field`, `t.a.field` at one level."""
    for count in (3, 2):
        if len(names) >= count:
            schema, table, name = [None, *names[:2]] if count == 2 else names[:3]
            source = _named_source(scope, str(table), schema)
            found = source.find(str(name)) if source is not None else None
            if found is not None:
                return found
    found = _unqualified(scope, names[0])
    if found is not None:
        return found
    whole = _named_source(scope, names[0])
    return whole.all() if whole is not None and len(names) == 1 else None


def _named_source(scope: Scope, alias: str, schema: str | None = None) -> Source | None:
    at: Scope | None = scope
    for source in scope.sources:
        if source.alias.casefold() == alias.casefold() and (
            schema is None or (source.schema or "").casefold() == schema.casefold()
        ):
            return source
    return None if at is None or at.outer is None else _named_source(at.outer, alias, schema)


def _unqualified(scope: Scope, name: str) -> Origins | None:
    folded = name.casefold()
    if folded in scope.values:
        return scope.values[folded]
    for source in scope.sources:
        if folded in source.merged:
            return source.merged[folded]
    for source in scope.sources:
        found = source.find(name) if folded not in source.hidden else None
        if found is not None:
            return found
    return scope.aliases.get(folded)


def inside(scope: Scope) -> Scope:
    """Where a subquery stands: it sees the columns around it."""
    return Scope(ctes=scope.ctes, outer=scope, home=scope.home, every=scope.every)


def with_values(scope: Scope, values: dict[str, Origins]) -> Scope:
    """The scope with names that stand for values: parameters of a lambda or macro."""
    return replace(scope, values={**scope.values, **{name.casefold(): v for name, v in values.items()}})


_Follow = Callable[[Expressions, exp.Expr, Scope], Origins]
_SPECIAL: tuple[tuple[type[exp.Expr] | tuple[type[exp.Expr], ...], _Follow], ...] = (
    (exp.Column, Expressions.column),
    ((exp.PropertyEQ, exp.Kwarg), Expressions._named),
    (exp.Exists, Expressions._exists),
    (exp.Query, Expressions._subquery),
    (exp.Lambda, Expressions._lambda),
    (exp.Comprehension, Expressions._comprehension),
    (exp.Window, Expressions._window),
    (exp.Star, Expressions._star),
    (exp.Columns, Expressions._columns),
    (exp.PositionalColumn, Expressions._position),
)


def _special(node: exp.Expr) -> _Follow | None:
    return next((follow for kind, follow in _SPECIAL if isinstance(node, kind)), None)
