"""`DROP FUNCTION [IF EXISTS] f`."""

from __future__ import annotations

from contextlib import suppress

from sqlml import nodes
from sqlml.access.governed import Change
from sqlml.catalog.functions import delete_function, drop_function_macro, find_called
from sqlml.catalog.schema import has_schema
from sqlml.errors import NotFound
from sqlml.planner import Planner, object_name
from sqlml.result import Result
from sqlml.statements.base import Context, Statement
from sqlml.statements.owning import function_securable, record
from sqlml.types import ObjectName, Plan, Privilege, Relation


class DropFunction(Statement):
    """Remove a function in Python; any other function or macro is DuckDB's, which is then sent the statement.

        DROP FUNCTION IF EXISTS shout;

    A temporary function of that name is dropped first, as DuckDB would call it first.
    """

    name = "drop_function"
    takes = (nodes.DropFunction,)

    def plan(self, tree: nodes.DropFunction, planner: Planner) -> Plan:
        """Find out where the function would be."""
        written = object_name(tree.this)
        places = [] if written.schema not in (None, "main") else [ObjectName(written.name, "main", "temp")]
        # Where there is no such schema, DuckDB says so better.
        with suppress(NotFound):
            places.append(planner.snapshot.place(written))
        place = places[-1] if places else None
        return Plan(
            statement=self.name,
            sql=planner.text,
            tree=tree,
            writes=(Relation(written),),
            privileges=(Privilege("MANAGE", "FUNCTION", str(place or written), place),),
            details=tuple(places),
        )

    def run(self, plan: Plan, context: Context) -> Result:
        """Drop macro and row in one transaction."""
        database = context.database
        for place in plan.details:
            if find_called(database, place) is None:
                continue
            with database.transaction():
                if place.catalog != "temp" and has_schema(database, place.catalog):
                    delete_function(database, place)
                drop_function_macro(database, place)
                record(context, str(place.catalog), [Change("dropped", function_securable(place))])
            return database.execute('SELECT true AS "Success" WHERE false')
        return database.execute(plan.sql, plan.params, plan.source_map)
