"""What SQLAlchemy's test suite asks of a database before it starts."""

from __future__ import annotations

from sqlalchemy import event, inspect
from sqlalchemy.testing import provision

from sqlml.sqlalchemy import insert


@provision.post_configure_engine.for_db("sqlml")
def _make_schemas(url, engine, follower_ident):
    @event.listens_for(engine, "connect")
    def make(connection, record):
        connection.execute("CREATE SCHEMA IF NOT EXISTS test_schema; CREATE SCHEMA IF NOT EXISTS test_schema_2")
        connection.commit()


@provision.temp_table_keyword_args.for_db("sqlml")
def _temporary(cfg, engine):
    return {"prefixes": ["TEMPORARY"]}


@provision.set_default_schema_on_connection.for_db("sqlml")
def _set_schema(cfg, connection, schema):
    before = connection.autocommit
    connection.autocommit = True
    connection.execute(f"SET schema = '{schema}'")
    connection.autocommit = before


@provision.upsert.for_db("sqlml")
def _upsert(cfg, table, returning, *, set_lambda=None, sort_by_parameter_order=False, index_elements=None):
    statement = insert(table)
    if set_lambda:
        keys = index_elements or inspect(table).selectable.primary_key
        statement = statement.on_conflict_do_update(index_elements=keys, set_=set_lambda(statement.excluded))
    else:
        statement = statement.on_conflict_do_nothing()
    return statement.returning(*returning, sort_by_parameter_order=sort_by_parameter_order)


@provision.delete_from_all_tables.for_db("sqlml")
def _empty(connection, cfg, metadata):
    if not any(table.foreign_keys for table in metadata.tables.values()):
        for table in metadata.sorted_tables:
            connection.execute(table.delete())
        return
    # In one transaction DuckDB refuses to delete a row that a deleted row referred to.
    with cfg.db.begin() as own:
        metadata.drop_all(own)
        metadata.create_all(own)
