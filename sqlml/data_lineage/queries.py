"""The columns of a query and their origins, through subqueries, CTEs, set operations and joins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sqlglot import exp

from sqlml.data_lineage.expressions import Expressions, inside
from sqlml.data_lineage.relations import read_relation
from sqlml.data_lineage.stars import expanded, is_star
from sqlml.data_lineage.values import NONE, Names, Origin, Origins, Output, Scope, Source, Unfollowed, union

# How often a recursive CTE is read again until its origins do not grow any more.
_ROUNDS = 20


class Reader(Expressions):
    """Reads the queries of one statement; what they read is noted in `reads`, in order."""

    def __init__(self, names: Names) -> None:
        super().__init__(names)
        self.reads: dict[Origin, None] = {}

    def note(self, origin: Origin) -> None:
        """Something was read."""
        self.reads[origin.whole] = None

    def query(self, query: exp.Expr, scope: Scope) -> list[Output]:
        """The columns of a query.

        Raises Unfollowed.
        """
        scope = self.with_ctes(query, scope)
        if isinstance(query, exp.Select):
            return self._select(query, scope)
        if isinstance(query, exp.SetOperation):
            return self._set_operation(query, scope)
        if isinstance(query, exp.Subquery | exp.Paren) and not query.args.get("pivots"):
            return self.query(query.this, scope)
        if isinstance(query, exp.Table | exp.Values | exp.Pivot | exp.Subquery):
            return self._shown(query, scope)
        raise Unfollowed

    def _shown(self, relation: exp.Expr, scope: Scope) -> list[Output]:
        return [o for source in self.sources(relation, scope) for o in source.shown()]

    def with_ctes(self, query: exp.Expr, scope: Scope) -> Scope:
        """The scope with the CTEs that stand before a query."""
        with_ = query.args.get("with_")
        if with_ is None:
            return scope
        for cte in with_.expressions:
            outputs = self._cte(cte, scope, is_recursive=bool(with_.args.get("recursive")))
            scope = replace(scope, ctes={**scope.ctes, cte.alias.casefold(): tuple(outputs)})
        return scope

    def _cte(self, cte: exp.CTE, scope: Scope, *, is_recursive: bool) -> list[Output]:
        """A CTE's columns; only the right side of a recursive UNION sees it itself."""
        body = cte.this
        if not (is_recursive and isinstance(body, exp.SetOperation)):
            return renamed(self.query(body, scope), cte.args.get("alias"))
        inner = self.with_ctes(body, scope)
        found = renamed(self.query(body.this, inner), cte.args.get("alias"))
        for _ in range(_ROUNDS):
            seen = replace(inner, ctes={**inner.ctes, cte.alias.casefold(): tuple(found)})
            grown = _side_by_side(found, self.query(body.expression, seen))
            if grown == found:
                break
            found = grown
        return found

    def _set_operation(self, query: exp.SetOperation, scope: Scope) -> list[Output]:
        left, right = self.query(query.this, scope), self.query(query.expression, scope)
        if isinstance(query, exp.Except):
            return left
        if not query.args.get("by_name"):
            return _side_by_side(left, right)
        other = {o.name.casefold(): o.origins for o in right}
        both = [replace(o, origins=o.origins | other.pop(o.name.casefold(), NONE)) for o in left]
        return both + [o for o in right if o.name.casefold() in other]

    def _select(self, select: exp.Select, scope: Scope) -> list[Output]:
        if select.args.get("into") or select.args.get("kind"):
            raise Unfollowed
        sources = self._from(select, scope)
        windows = {w.name.casefold(): w for w in select.args.get("windows") or []}
        here = replace(scope, sources=tuple(sources), windows=windows, aliases={})
        outputs: list[Output] = []
        for projection in select.expressions:
            made = self._projection(projection, here)
            outputs += made
            if isinstance(projection, exp.Alias) and len(made) == 1:
                here = replace(here, aliases={**here.aliases, made[0].name.casefold(): made[0].origins})
        for clause in ("where", "group", "having", "qualify", "order", "distinct", "windows", "limit"):
            self.look_into(select.args.get(clause), here)
        return outputs

    def _projection(self, projection: exp.Expr, scope: Scope) -> list[Output]:
        if is_star(projection):
            return expanded(projection, scope, self.names, self)
        value = projection.this if isinstance(projection, exp.Alias) else projection
        name = projection.alias if isinstance(projection, exp.Alias) else _name_of(value)
        is_open = isinstance(value, exp.Anonymous | exp.Unnest) and value.name.casefold() == "unnest"
        return [Output(name, self.of(value, scope), is_open)]

    def look_into(self, clause: object, scope: Scope) -> None:
        """Note what the queries in a clause read: rows are chosen by it, values do not come from it."""
        for node in clause if isinstance(clause, list) else [clause]:
            for query in _outermost_queries(node):
                self.query(query, inside(scope))

    def _from(self, select: exp.Select, scope: Scope) -> list[Source]:
        clause = select.args.get("from_")
        found: list[Source] = []
        if clause is not None:
            found = self.sources(clause.this, scope)
        for join in [*(select.args.get("joins") or []), *(select.args.get("laterals") or [])]:
            found = self.joined(found, join, scope)
        return found

    def sources(self, relation: exp.Expr, scope: Scope, before: Iterable[Source] = ()) -> list[Source]:
        """A relation in FROM with the joins that are written inside of it."""
        beside = replace(scope, sources=tuple(before))
        made = read_relation(self, relation, beside)
        for join in relation.args.get("joins") or []:
            made = self.joined(made, join, scope)
        return made

    def joined(self, left: list[Source], join: exp.Expr, scope: Scope) -> list[Source]:
        """What FROM shows after one more join; its right side sees what stands before it."""
        relation = join.this if isinstance(join, exp.Join) else join
        right = self.sources(relation, scope, left)
        if not isinstance(join, exp.Join):
            return left + right
        self.look_into(join.args.get("on"), replace(scope, sources=tuple(left + right)))
        if str(join.args.get("kind") or "").upper() in ("SEMI", "ANTI"):
            return left
        using = [identifier.name for identifier in join.args.get("using") or []]
        if str(join.args.get("method") or "").upper() == "NATURAL":
            names = {o.name.casefold() for source in left for o in source.shown()}
            using = [o.name for source in right for o in source.shown() if o.name.casefold() in names]
        return _merged(left, right, using, str(join.args.get("side") or "").upper()) if using else left + right


def _merged(left: list[Source], right: list[Source], using: list[str], side: str) -> list[Source]:
    """Columns of USING stand once, on the left: those of the side whose rows are all kept, of both in a FULL join."""
    for name in using:
        folded = name.casefold()
        holder = next((i for i, s in enumerate(left) if s.find(name) is not None and folded not in s.hidden), None)
        if holder is None:
            raise Unfollowed
        ours = left[holder].merged.get(folded, left[holder].find(name) or NONE)
        theirs = union([source.find(name) or NONE for source in right])
        origins: Origins = {"RIGHT": theirs, "FULL": ours | theirs}.get(side, ours)
        left[holder] = replace(left[holder], merged={**left[holder].merged, folded: origins})
        right = [replace(source, hidden=source.hidden | {folded}) for source in right]
    return left + right


def _side_by_side(left: list[Output], right: list[Output]) -> list[Output]:
    if len(left) != len(right):
        raise Unfollowed
    return [replace(a, origins=a.origins | b.origins) for a, b in zip(left, right, strict=True)]


def renamed(outputs: list[Output], alias: exp.Expr | None) -> list[Output]:
    """The columns under the names of `AS t(a, b)`, which may be fewer."""
    names = [column.name for column in (alias.args.get("columns") or [] if alias is not None else [])]
    if len(names) > len(outputs):
        raise Unfollowed
    return [replace(o, name=names[i] if i < len(names) else o.name) for i, o in enumerate(outputs)]


def _name_of(value: exp.Expr) -> str:
    """The name DuckDB gives a column without one; of what it would spell out, nobody will ask."""
    if isinstance(value, exp.Column | exp.Dot):
        return str(value.parts[-1].name)
    if isinstance(value, exp.Bracket):
        return _name_of(value.this)
    return value.name if isinstance(value, exp.Anonymous) and value.name.casefold() == "unnest" else ""


def _outermost_queries(node: object) -> Iterator[exp.Expr]:
    if not isinstance(node, exp.Expr):
        return
    if isinstance(node, exp.Query):
        yield node
        return
    for child in node.iter_expressions():
        yield from _outermost_queries(child)
