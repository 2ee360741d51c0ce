"""`models(engine)["churn"].predict(customers)`: the models of a database as functions of SQLAlchemy's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, FromClause, func, text, types
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.type_api import TypeEngine

from sqlml.errors import InvalidOption
from sqlml.sqlalchemy.compiler import IdentifierPreparer
from sqlml.sqlalchemy.type_names import read_type

_MODELS = text("SHOW MODELS")


@dataclass(frozen=True)
class Model:
    """A model as the catalog has it: its newest version, its label and what its features are called.

        customers = Table("customers", MetaData(), autoload_with=engine)
        churn = models(engine)["churn"]
        select(customers.c.id, churn.predict(customers))

    Becomes:

        SELECT customers.id, ml_predict('churn', customers) FROM customers
    """

    name: str
    version: int
    model_type: str
    task: str
    label: str | None
    label_type: TypeEngine[Any]
    features: dict[str, TypeEngine[Any]] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)

    def predict(self, rows: FromClause | None = None, **inputs: Any) -> ColumnElement[Any]:
        """The prediction for the rows of a table, alias or subquery, or for inputs by name."""
        return func.ml_predict(self.name, *self._inputs(rows, inputs), type_=self.label_type)

    def predict_proba(self, rows: FromClause | None = None, **inputs: Any) -> ColumnElement[Any]:
        """The probability of each class, as a dict from class to probability."""
        return func.ml_predict_proba(self.name, *self._inputs(rows, inputs))

    def _inputs(self, rows: FromClause | None, inputs: dict[str, Any]) -> list[Any]:
        if (rows is None) == (not inputs):
            raise InvalidOption(
                f"{self.name} predicts for rows or for inputs.",
                hint="Pass a table, alias or subquery, or inputs by name: predict(customers), predict(age=40).",
            )
        if rows is None:
            return [named_argument(name, value) for name, value in inputs.items()]
        if not hasattr(rows, "table_valued"):
            raise InvalidOption("These rows have no name.", hint="Pass a table or query.subquery().")
        return [rows.table_valued()]


def named_argument(name: str, value: Any) -> ColumnElement[Any]:
    """`name := value`, an argument of a function by its name."""
    from sqlalchemy import literal_column

    argument: ColumnElement[Any] = literal_column(f'"{name.replace(chr(34), chr(34) * 2)}"').op(":=")(value)
    return argument


def models(bind: Engine | Connection) -> dict[str, Model]:
    """The models of a database by name; `schema.model` outside of schema main. The newest version of each."""
    if isinstance(bind, Engine):
        with bind.connect() as connection:
            return models(connection)
    prepare = bind.dialect.identifier_preparer
    if not isinstance(prepare, IdentifierPreparer):
        raise InvalidOption("This engine is not one of sqlml's.", hint='create_engine("sqlml:///shop.duckdb")')
    current = bind.exec_driver_sql("SELECT current_database()").scalar()
    found = {}
    for row in bind.execute(_MODELS).all():
        parts = [row.schema, row.model] if row.schema != "main" or row.catalog != current else [row.model]
        if row.catalog != current:
            parts.insert(0, row.catalog)
        name = ".".join(prepare.quote(part) for part in parts)
        found[name] = _described(name, bind.exec_driver_sql(f"DESCRIBE MODEL {name}").all())
    return found


def _described(name: str, rows: Any) -> Model:
    of = {
        section: {row.name: row for row in rows if row.section == section}
        for section in ("model", "label", "feature", "metric")
    }
    label = next(iter(of["label"].values()), None)
    return Model(
        name=name,
        version=int(of["model"]["version"].value),
        model_type=of["model"]["model_type"].value,
        task=of["model"]["task"].value,
        label=None if label is None else label.name,
        label_type=types.NullType() if label is None else read_type(label.type),
        features={row.name: read_type(row.type) for row in of["feature"].values()},
        metrics={row.name: float(row.value) for row in of["metric"].values()},
    )
