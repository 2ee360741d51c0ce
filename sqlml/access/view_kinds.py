"""Views that are not simply written out: those of which only some columns may be read, and registered dataframes."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from sqlml.access.objects import Entry
from sqlml.access.protection import Protection
from sqlml.access.sources import named
from sqlml.errors import NotSupported
from sqlml.types import Column


def limited(subquery: exp.Subquery, entry: Entry, columns: Iterable[Column], protection: Protection) -> exp.Subquery:
    """A view of which only some columns may be read."""
    if protection.filters or protection.masks:
        raise NotSupported(f'The view "{entry.name}" matches a policy.', hint="Filters and masks are set on tables.")
    shown = [c for c in columns if c.name.casefold() in (protection.columns or ())]
    query = exp.select(*(exp.column(exp.to_identifier(c.name, quoted=True)) for c in shown)).from_(subquery)
    return exp.Subquery(this=query, alias=named(subquery.alias))


def is_registered(made: exp.Expr) -> bool:
    """Whether the text of a temporary view is that of a registered dataframe: no user can write such a view."""
    query = made.args.get("expression")
    source = query.args["from_"].this if isinstance(query, exp.Select) and query.args.get("from_") else None
    call = source.this if isinstance(source, exp.Table) else None
    return (
        isinstance(call, exp.Anonymous)
        and call.name in ("python_arrow_scan", "pandas_scan")
        and not call.expressions
        and isinstance(query, exp.Select)
        and not {key for key, value in query.args.items() if value} - {"expressions", "from_"}
    )
