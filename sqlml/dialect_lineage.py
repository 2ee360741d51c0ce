"""The grammar of statements about lineage: SHOW MODELS TRAINED ON."""

from __future__ import annotations

from typing import Any

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from sqlml import nodes_lineage
from sqlml.dialect_policies import PolicyStatements


class LineageStatements(PolicyStatements):
    """Mixed into the parser."""

    def _parse_lineage_statement(self) -> exp.Expr | None:
        index = self._index
        if self._words("SHOW", "MODELS", "TRAINED", "ON"):
            return self._parse_trained_on()
        self._retreat(index)
        return None

    def _parse_trained_on(self) -> exp.Expr:
        if self._curr and self._curr.token_type == TokenType.L_PAREN:
            query = self._parse_wrapped(self._parse_statement)
            if not isinstance(query, exp.Query):
                self.raise_error("Expected a query in parentheses after TRAINED ON")
            return nodes_lineage.ShowModelsTrainedOn(this=query)
        table = self._parse_table_parts(schema=True)
        if not isinstance(table, exp.Table) or not table.name:
            self.raise_error("Expected a table or a query after TRAINED ON")
        column = None
        if self._curr and self._curr.token_type == TokenType.L_PAREN:
            column = self._parse_wrapped(lambda: self._parse_id_var(any_token=False))
        return nodes_lineage.ShowModelsTrainedOn(this=table, column=column)


def _trained_on(gen: Any, node: exp.Expr) -> str:
    of = gen.sql(node, "this")
    if isinstance(node.this, exp.Query):
        return f"SHOW MODELS TRAINED ON ({of})"
    column = f" ({gen.sql(node, 'column')})" if node.args.get("column") else ""
    return f"SHOW MODELS TRAINED ON {of}{column}"


LINEAGE_TRANSFORMS: dict[type[exp.Expr], Any] = {nodes_lineage.ShowModelsTrainedOn: _trained_on}
