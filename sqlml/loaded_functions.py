"""What the functions of `sqlml.load(con)` do: `SELECT ml_train('churn', 'FROM customers', {'model_type': '...'})`.

They run inside a statement of the user's, on a connection that is not ours. What they read and write, they do on one of
their own: they see what is committed, and what they write is committed when they return.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlglot import exp

from sqlml.dialect import parse_query, to_sql
from sqlml.engine import Database, Engine
from sqlml.engine_udfs import UdfSources
from sqlml.errors import InvalidOption, InvalidSql, SqlmlError
from sqlml.features import unused_name
from sqlml.session import Session
from sqlml.statements.train import written

_ROWS = "sqlml_rows"
_PLANS = 64
_TRANSACTION = "its own: it read what was committed, and is committed"


class LoadedFunctions:
    """The functions of one database."""

    def __init__(self, shared: Database) -> None:
        self._shared = shared
        self._plans: OrderedDict[tuple[Any, ...], str] = OrderedDict()

    def sources(self) -> UdfSources:
        """What the UDFs are handed."""
        return {"training": self.train, "answers": self.answers, "rewritten": self.rewritten}

    @contextmanager
    def _session(self, search_path: str) -> Iterator[Session]:
        session = Session(self._shared.join())
        try:
            session.database.use(search_path)
            yield session
        except SqlmlError as error:
            # The place is one in a text of ours.
            error.line = error.column = error.excerpt = None
            raise
        finally:
            session.close()

    def train(self, model: Any, query: Any, options: Any, search_path: str) -> dict[str, Any]:
        """CREATE MODEL; the fields of its result, and in which transaction that was."""
        call = exp.Anonymous(
            this="ml_train", expressions=[written(model), written(query), *_named("ml_train", options)]
        )
        with self._session(search_path) as session:
            result = session.execute(to_sql(exp.select(call)))
            [row] = result.fetchall()
            found = dict(zip((column[0] for column in result.description or ()), row, strict=True))
        return {**found, "metrics": list(found["metrics"].items()), "transaction": _TRANSACTION}

    def rewritten(self, function: str, model: Any, data: Any, options: Any, search_path: str) -> str:
        """The SQL of a table function."""
        arguments = [] if model is None else [written(model)]
        if data is not None:
            arguments.append(exp.Subquery(this=_rows_of(function, data)))
        call = exp.Anonymous(this=function, expressions=[*arguments, *_named(function, options)])
        with self._session(search_path) as session:
            plan = session.plan(to_sql(exp.select("*").from_(exp.Table(this=call))))
            session.load_artifacts(plan.models)
            return plan.sql

    def answers(self, function: str, model: Any, rows: Any, options: Any, search_path: str, query: int) -> Any:
        """An Arrow array of what a model says of each row; which version that is, is decided once a query."""
        import pyarrow as pa

        if not pa.types.is_struct(rows.type):
            hint = f"Write {function}('model', t) FROM t, or {function}('model', {{'age': 31}})."
            raise InvalidOption(f"{function} takes a row or a struct of features.", hint=hint)
        names = [field.name for field in rows.type]
        table = pa.Table.from_arrays(rows.flatten(), names=names)
        name = unused_name(_ROWS, names)
        key = (query, search_path, function, model, repr(options), rows.type)
        planned = self._plans.get(key)
        if planned is None:
            planned = self._plan(exp.Anonymous(this=function), model, options, search_path, name, table)
            self._plans[key] = planned
            while len(self._plans) > _PLANS:
                self._plans.popitem(last=False)
        batches: list[Any] = []
        engine = Engine(self._shared.join())
        try:
            engine.register(name, table)
            engine.stream(batches.append, planned)
        finally:
            engine.close()
        return pa.Table.from_batches(batches).column(0).combine_chunks()

    def _plan(self, call: exp.Anonymous, model: Any, options: Any, search_path: str, name: str, table: Any) -> str:
        call.set("expressions", [written(model), exp.column(name), *_named(call.name, options)])
        with self._session(search_path) as session:
            session.register(name, table.slice(0, 0))
            plan = session.plan(to_sql(exp.select(exp.alias_(call, "answer")).from_(name)))
            session.load_artifacts(plan.models)
            return plan.sql


def _named(function: str, options: Any) -> list[exp.Expr]:
    """Settings out of a struct as named arguments."""
    if options is None:
        return []
    if not isinstance(options, Mapping):
        raise InvalidOption(
            f"The options of {function} are {options!r}.",
            hint=f"They are a struct: {function}(..., {{'name': value}}).",
        )
    return [exp.Kwarg(this=exp.to_identifier(k), expression=written(v)) for k, v in options.items() if v is not None]


def _rows_of(function: str, data: Any) -> exp.Query:
    """The rows that a text names: a query, or a table."""
    if not isinstance(data, str) or not data.strip():
        raise InvalidOption(f"{function} takes its rows as text.", hint="Pass the name of a table, or a query.")
    try:
        return parse_query(data.strip().rstrip(";"))
    except InvalidSql as error:
        try:
            return parse_query("FROM " + data)
        except InvalidSql:
            raise error from None
