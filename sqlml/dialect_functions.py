"""The grammar of functions in Python: CREATE FUNCTION ... LANGUAGE PYTHON, DROP FUNCTION."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from sqlml import nodes

if TYPE_CHECKING:
    from sqlglot.parsers.duckdb import DuckDBParser as _Base
else:
    _Base = object

_BODIES = (TokenType.HEREDOC_STRING, TokenType.STRING)


class FunctionStatements(_Base):
    """Mixed into the parser beside the statements about models."""

    def _parse_create_function(self, replace: bool | None) -> exp.Expr | None:  # noqa: FBT001 - what was matched
        index = self._index
        temporary = bool(self._match_texts(("TEMP", "TEMPORARY")))
        if not self._match_text_seq("FUNCTION") or not self._says_python():
            self._retreat(index)
            return None
        exists = bool(self._match_text_seq("IF", "NOT", "EXISTS"))
        tree = nodes.CreateFunction(replace=bool(replace), temporary=temporary, exists=exists)
        tree.set("this", self._parse_function_name())
        self._match_l_paren()
        tree.set("parameters", self._parse_csv(self._parse_typed_parameter) if not self._at(TokenType.R_PAREN) else [])
        self._match_r_paren()
        while self._curr:
            self._parse_clause(tree)
        return tree

    def _says_python(self) -> bool:
        words = [token.text.upper() for token in self._tokens[self._index :] if token.token_type != TokenType.STRING]
        return ("LANGUAGE", "PYTHON") in pairwise(words)

    def _at(self, kind: TokenType) -> bool:
        return bool(self._curr and self._curr.token_type == kind)

    def _parse_function_name(self) -> exp.Table:
        start = self._curr
        if not start or start.token_type == TokenType.STRING:
            self.raise_error("Expected the name of a function")
        name = self._parse_table_parts(schema=True)
        if not isinstance(name, exp.Table) or not isinstance(name.this, exp.Identifier):
            self.raise_error("Expected the name of a function", start)
        assert isinstance(name, exp.Table)
        nodes.set_span(name, start.start, self._prev.end + 1)
        return name

    def _parse_typed_parameter(self) -> exp.Expr:
        start = self._curr
        name = self._parse_id_var(any_token=False)
        kind = self._parse_types() if name is not None else None
        if name is None or kind is None:
            self.raise_error("Expected a parameter with its type, as in x DOUBLE", start)
        parameter = exp.ColumnDef(this=name, kind=kind)
        nodes.set_span(parameter, start.start, self._prev.end + 1)
        return parameter

    def _parse_clause(self, tree: nodes.CreateFunction) -> None:
        start = self._curr
        key = ""
        if self._match_text_seq("RETURNS"):
            key = "returns"
            value = self._parse_types()
        elif self._match_text_seq("LANGUAGE", "PYTHON"):
            key, value = "language", exp.var("PYTHON")
        elif self._match_text_seq("NOT", "DETERMINISTIC") or self._match_text_seq("VOLATILE"):
            key, value = "deterministic", exp.false()
        elif self._match_text_seq("DETERMINISTIC") or self._match_text_seq("IMMUTABLE"):
            key, value = "deterministic", exp.true()
        elif self._match_text_seq("PARAMETER", "STYLE", "ARROW"):
            key, value = "style", exp.var("ARROW")
        elif self._match_text_seq("COMMENT"):
            key, value = "comment", self._parse_string()
        elif self._match_text_seq("OPTIONS"):
            tree.set("expressions", self._parse_wrapped_csv(self._parse_option))
            return
        elif self._match(TokenType.ALIAS):
            key = "body"
            token = self._curr
            value = None
            if token and token.token_type in _BODIES:
                value = exp.Literal.string(token.text)
                self._advance()
                nodes.set_span(value, token.start, token.end + 1)
        else:
            self.raise_error(
                "Expected RETURNS, LANGUAGE PYTHON, DETERMINISTIC, PARAMETER STYLE ARROW, COMMENT, OPTIONS or AS", start
            )
        if value is None:
            what = {"returns": "a type after RETURNS", "body": "$$ ... $$ after AS", "comment": "a text after COMMENT"}
            self.raise_error(f"Expected {what[key]}", self._curr or self._prev)
        if tree.args.get(key):
            self.raise_error(f"{start.text.upper()} is given twice", start)
        tree.set(key, value)

    def _parse_option(self) -> exp.Expr:
        start = self._curr
        name = self._parse_id_var(any_token=True) or self._parse_string()
        if name is None:
            self.raise_error("Expected the name of an option")
        if not (self._match(TokenType.EQ) or self._match(TokenType.FARROW) or self._match(TokenType.COLON_EQ)):
            self.raise_error("Expected = after the name of an option")
        value = self._parse_lambda()
        if value is None:
            self.raise_error("Expected a value after =")
        option = nodes.Option(this=name, expression=value)
        nodes.set_span(option, start.start, self._prev.end + 1)
        return option

    def _parse_drop_function(self) -> exp.Expr:
        exists = bool(self._match_text_seq("IF", "EXISTS"))
        name = self._parse_function_name()
        behaviour = self._match_texts(("CASCADE", "RESTRICT"))
        return nodes.DropFunction(this=name, exists=exists, behaviour=exp.var(self._prev.text) if behaviour else None)
