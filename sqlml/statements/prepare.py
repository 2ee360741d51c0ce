"""`PREPARE p AS SELECT ml_predict('m', a := $1)`, `EXECUTE p(3)`, `DEALLOCATE p`."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes, nodes_access
from sqlml.errors import AlreadyExists, InvalidOption, SqlmlError
from sqlml.functions.base import named_value
from sqlml.planner import Planner
from sqlml.result import Result, no_rows
from sqlml.statements.base import Context, Statement
from sqlml.types import Plan


class Prepare(Statement):
    """Keep a statement under a name; it is planned anew at each EXECUTE and so always uses the model's newest version.

    PREPARE risk AS SELECT ml_predict('churn', age := $1, plan := $2);
    EXECUTE risk(31, 'pro');
    """

    name = "prepare"
    takes = (nodes.Prepare,)

    def plan(self, tree: nodes.Prepare, planner: Planner) -> Plan:
        """Check the statement as far as that goes without its values."""
        span = nodes.span_of(tree.expression)
        assert span is not None
        text = planner.text[slice(*span)]
        name = tree.this.name
        try:
            refuse_kept_password(tree)
        except InvalidOption as error:
            raise planner.at(error, tree.expression) from None
        unknown = {mark.name for mark in tree.expression.find_all(exp.Placeholder)}
        if not unknown:
            planner.plan_text(text)
        return Plan(statement=self.name, sql="", tree=tree, details=(name, text))

    def run(self, plan: Plan, context: Context) -> Result:
        """Keep it."""
        name, text = plan.details
        if name.casefold() in context.prepared:
            raise AlreadyExists(f'There is a prepared statement "{name}" already.', hint=f"DEALLOCATE {name}.")
        context.prepared[name.casefold()] = text
        return no_rows()


def refuse_kept_password(tree: exp.Expr) -> None:
    """Raise InvalidOption where PREPARE would keep the text of a password."""
    for clause in tree.expression.find_all(nodes_access.PrincipalClause):
        if clause.name == "PASSWORD" and clause.find(exp.Literal):
            raise InvalidOption("A password is not kept in a prepared statement.", hint="PASSWORD $1, with EXECUTE.")


class Deallocate(Statement):
    """Forget a prepared statement.

    DEALLOCATE risk;
    """

    name = "deallocate"
    takes = (nodes.Deallocate,)

    def plan(self, tree: nodes.Deallocate, planner: Planner) -> Plan:
        """Note its name."""
        return Plan(statement=self.name, sql="", tree=tree, details=tree.this.name)

    def run(self, plan: Plan, context: Context) -> Result:
        """Forget it."""
        del context.prepared[plan.details.casefold()]
        return no_rows()


class ExecutePrepared(Statement):
    """Run a prepared statement with values.

    EXECUTE risk(31, 'pro');
    EXECUTE risk(age := 31, plan := 'pro');
    """

    name = "execute"
    takes = (nodes.ExecutePrepared,)

    def plan(self, tree: nodes.ExecutePrepared, planner: Planner) -> Plan:
        """Plan the kept statement with the values."""
        text = planner.prepared[tree.this.name.casefold()]
        named: dict[str, object] = {}
        positional: list[object] = []
        for argument in tree.expressions:
            key, value = named_value(argument)
            if key is None:
                positional.append(planner.constant(value))
            else:
                named[key] = planner.constant(value)
        if named and positional:
            raise InvalidOption("EXECUTE takes values in order or by name, not both.", hint="Name all of them.")
        try:
            return planner.plan_text(text, named or positional or None, unfolded=planner.unfolded)
        except SqlmlError as error:
            raise planner.at(error, tree) from None

    def run(self, plan: Plan, context: Context) -> Result:
        """The plan is the kept statement's own and is run by it."""
        raise AssertionError
