"""The grammar of promotion gates: ADD CONSTRAINT ... CHECK of ALTER MODEL, ASSERT MODEL, DIFF MODEL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from sqlml import nodes

if TYPE_CHECKING:
    from sqlglot.parsers.duckdb import DuckDBParser as _Base

    class _Parser(_Base):
        def _parse_model_name(self) -> nodes.ModelRef: ...
        def _parse_option(self) -> exp.Expr: ...

else:
    _Parser = object


class GateStatements(_Parser):
    """Mixed into the parser beside the statements about models."""

    def _parse_gate_statement(self) -> exp.Expr | None:
        if self._match_text_seq("ASSERT", "MODEL"):
            tree = nodes.AssertModel(this=self._parse_model_name())
            if self._match_text_seq("CONSTRAINT"):
                tree.set("constraint", self._parse_constraint_name())
            return tree
        return self._parse_diff_model() if self._match_text_seq("DIFF", "MODEL") else None

    def _parse_diff_model(self) -> exp.Expr:
        tree = nodes.DiffModel(this=self._parse_model_name())
        if not self._match_text_seq("WITH"):
            self.raise_error("Expected WITH and the name of the other model")
        self._match_text_seq("MODEL")
        tree.set("other", self._parse_model_name())
        query = self._parse_gate_query()
        if query is None:
            self.raise_error("Expected ON (query) or ON TABLE t")
        tree.set("expression", query)
        while self._curr:
            if self._match_text_seq("OPTIONS"):
                tree.set("expressions", self._parse_wrapped_csv(self._parse_option))
            elif self._match_text_seq("SHOW", "FLIPS"):
                tree.set("flips", exp.true())
            else:
                self.raise_error("Expected OPTIONS or SHOW FLIPS")
        return tree

    def _parse_added_constraint(self) -> nodes.ModelConstraint:
        """`[IF NOT EXISTS] name CHECK (condition) [ON (query)] [FOR EACH (columns)]`."""
        exists = bool(self._match_text_seq("IF", "NOT", "EXISTS"))
        tree = nodes.ModelConstraint(this=self._parse_constraint_name(), exists=exists)
        if not self._match_text_seq("CHECK"):
            self.raise_error("Expected CHECK (condition)")
        condition = self._parse_wrapped(self._parse_assignment)
        if condition is None:
            self.raise_error("Expected a condition over metrics")
        tree.set("check", condition)
        tree.set("query", self._parse_gate_query())
        if self._match_text_seq("FOR", "EACH"):
            tree.set("slices", self._parse_wrapped_csv(self._parse_slice_column))
        return tree

    def _parse_dropped_constraint(self) -> nodes.ModelConstraint:
        exists = bool(self._match_text_seq("IF", "EXISTS"))
        return nodes.ModelConstraint(this=self._parse_constraint_name(), exists=exists)

    def _parse_constraint_name(self) -> exp.Expr:
        name = None
        if self._curr and self._curr.token_type not in (TokenType.STRING, TokenType.NUMBER):
            name = self._parse_id_var(any_token=False)
        if name is None:
            self.raise_error("Expected the name of a constraint")
        assert name is not None
        return name

    def _parse_slice_column(self) -> exp.Expr:
        name = self._parse_id_var(any_token=False)
        if name is None:
            self.raise_error("Expected the name of a column")
        assert name is not None
        return name

    def _parse_gate_query(self) -> exp.Expr | None:
        """`ON (query)` or `ON TABLE t`; None where there is no ON."""
        if not self._match(TokenType.ON):
            return None
        if self._match(TokenType.TABLE):
            return exp.select("*").from_(self._parse_table_parts(schema=True) or exp.table_(""))
        query = self._parse_wrapped(self._parse_statement_inside)
        if not isinstance(query, exp.Query):
            self.raise_error("Expected a query in parentheses after ON")
        return query

    def _parse_statement_inside(self) -> exp.Expr | None:
        return super()._parse_statement()
