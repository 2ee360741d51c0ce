"""What SET TAG and UNSET TAG share: what is tagged, and what that asks for."""

from __future__ import annotations

from sqlglot import exp

from sqlml.access.values import Securable
from sqlml.errors import NotFound, nearest_hint
from sqlml.planner import Planner
from sqlml.statements.access_change import find_securable
from sqlml.types import Privilege


def tagged(planner: Planner, tree: exp.Expr) -> Securable:
    """The thing that a statement names.

    Raises NotFound, for what the user may not know of too.
    """
    kind, column = tree.text("kind"), tree.args.get("column")
    on = find_securable(planner, "TABLE" if kind == "COLUMN" else kind, tree.this)
    if column is None:
        return on
    known = {c.column: c for c in planner.read_securables("COLUMN") if (c.schema, c.name) == (on.schema, on.name)}
    wanted = Securable.of("COLUMN", on.schema, on.name, column.name)
    if wanted.column not in known:
        hint = nearest_hint(column.name, known, otherwise=f"It has: {', '.join(known)}.")
        raise planner.at(NotFound(f'There is no column "{column.name}" in {on}.', hint=hint), tree.this)
    return wanted


def tagging(on: Securable) -> tuple[Privilege, ...]:
    """What changing tags asks for: policies may hang on them."""
    return (Privilege("APPLY TAG", on.kind, str(on), on),)
