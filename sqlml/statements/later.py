"""Statements that parse and are not there yet: CREATE VECTOR INDEX."""

from __future__ import annotations

from sqlglot import exp

from sqlml import nodes
from sqlml.errors import NotSupported
from sqlml.planner import Planner
from sqlml.statements.base import Statement
from sqlml.types import Plan

_WORDS: dict[type[exp.Expr], str] = {
    nodes.CreateVectorIndex: "CREATE VECTOR INDEX",
}


class Later(Statement):
    """Answers NotSupported by the name of the statement.

    CREATE VECTOR INDEX i ON documents(embedding);
    """

    name = "later"
    takes = tuple(_WORDS)

    def plan(self, tree: exp.Expr, planner: Planner) -> Plan:
        """Refuse."""
        words = next(words for kind, words in _WORDS.items() if isinstance(tree, kind))
        raise planner.at(
            NotSupported(f"{words} is not supported in this version.", hint="docs/reference.md lists what is."),
            tree,
        )
