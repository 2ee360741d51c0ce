"""DuckDB's SQL plus the shapes of machine learning: `CREATE MODEL`, `ML.PREDICT(MODEL m, TABLE t, STRUCT(...))`.

The dialect knows shapes, never names of functions: each call stays an Anonymous node under the name the
user wrote, so what is generated again is what was read. The generator is `dialect_sql`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from sqlglot import ErrorLevel, exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ParseError, TokenError
from sqlglot.generators.duckdb import DuckDBGenerator
from sqlglot.parsers.duckdb import DuckDBParser
from sqlglot.tokenizer_core import Token, TokenType

from sqlml import nodes
from sqlml.dialect_access_sql import ACCESS_TRANSFORMS
from sqlml.dialect_lineage import LINEAGE_TRANSFORMS
from sqlml.dialect_policies import POLICY_TRANSFORMS
from sqlml.dialect_protection import PROTECTION_TRANSFORMS
from sqlml.dialect_sql import TRANSFORMS
from sqlml.dialect_statements import ModelStatements
from sqlml.errors import InvalidSql

# Calls with a grammar of their own inside the parentheses; all others are read as plain argument lists.
_SPECIAL_CALLS = ("CAST", "TRY_CAST", "EXTRACT", "OVERLAY", "POSITION", "SUBSTRING", "TRIM")
_NAMES = DuckDBParser.ID_VAR_TOKENS | {TokenType.IDENTIFIER, TokenType.STRING}
_HELD = "sqlml_held"
_NAME_END = {TokenType.COMMA, TokenType.R_PAREN, TokenType.DOT}


class _Parser(ModelStatements, DuckDBParser):
    FUNCTIONS: ClassVar[dict[str, Callable[..., exp.Expr]]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Callable[..., exp.Expr]]] = {
        name: DuckDBParser.FUNCTION_PARSERS[name] for name in _SPECIAL_CALLS
    }
    NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Callable[..., exp.Expr]]] = {
        name: parse for name, parse in DuckDBParser.NO_PAREN_FUNCTION_PARSERS.items() if name in ("ANY", "CASE", "MAP")
    }

    LAMBDAS: ClassVar[dict[TokenType, Callable[..., exp.Expr]]] = {
        **DuckDBParser.LAMBDAS,
        # The value of a named argument may be MODEL m or TABLE t too.
        TokenType.FARROW: lambda self, names: self.expression(
            exp.Kwarg(this=exp.var(names[0].name), expression=self._parse_lambda())
        ),
    }

    def _parse_lambda(self, alias: bool = False) -> exp.Expr | None:  # noqa: FBT001, FBT002 - sqlglot's signature
        return self._parse_model_argument() or self._parse_table_argument() or super()._parse_lambda(alias=alias)

    def _parse_model_argument(self) -> exp.Expr | None:
        if self._curr.text.upper() != "MODEL" or self._curr.token_type == TokenType.IDENTIFIER:
            return None
        after = self._next.token_type
        if after in _NAME_END or after not in _NAMES:
            return None
        start = self._curr
        self._advance()
        return self._spanned(self._parse_model_name(), start)

    def _parse_table_argument(self) -> exp.Expr | None:
        if self._curr.token_type != TokenType.TABLE or self._next.token_type == TokenType.L_PAREN:
            return None
        start = self._curr
        self._advance()
        return self._spanned(self.expression(nodes.TableRef(this=self._parse_name("table"))), start)

    def _parse_projections(self) -> tuple[list[exp.Expr], list[exp.Expr] | None]:
        return self._parse_csv(self._parse_projection), None

    def _parse_projection(self) -> exp.Expr | None:
        start = self._curr
        node = self._parse_expression()
        named = isinstance(node, exp.Alias | exp.Column | exp.Star)
        return node if node is None or named else self._spanned(node, start)

    def _parse_column_ops(self, this: exp.Expr | None) -> exp.Expr | None:
        operators = self.COLUMN_OPERATORS.keys() | self.BRACKETS
        if not isinstance(this, exp.Func | exp.Paren) or self._curr.token_type not in operators:
            return super()._parse_column_ops(this)
        # For `f(c).g()` sqlglot would make bare names of the columns inside f: it is not shown them.
        result = super()._parse_column_ops(exp.Var(this=_HELD))
        held = next(node for node in result.find_all(exp.Var) if node.name == _HELD) if result else None
        if held is None or held is result:
            return this
        held.replace(this)
        return result

    def _parse_function_parameter(self) -> exp.Expr | None:
        parameter = super()._parse_function_parameter()
        if parameter and self._match(TokenType.COLON_EQ):
            return self.expression(exp.PropertyEQ(this=parameter, expression=self._parse_assignment()))
        return parameter

    def _warn_unsupported(self) -> None:
        """A statement that sqlglot does not know is DuckDB's; nothing is written to a log about it."""

    def _parse_returning(self) -> exp.Returning | None:
        if not self._match(TokenType.RETURNING):
            return None
        return self.expression(exp.Returning(expressions=self._parse_csv(self._parse_projection)))

    def _parse_ddl_select(self) -> Any:
        """`CREATE TABLE t AS PIVOT ...`, which sqlglot reads as a statement only: as a query like all others."""
        if self._curr and self._curr.token_type in (TokenType.PIVOT, TokenType.UNPIVOT):
            found = self._parse_statement()
            return exp.select("*").from_(exp.Subquery(this=found)) if isinstance(found, exp.Pivot) else found
        return super()._parse_ddl_select()

    def _parse_simplified_pivot(self, is_unpivot: bool | None = None) -> Any:  # noqa: FBT001 - sqlglot's signature
        pivot = super()._parse_simplified_pivot(is_unpivot)
        order, limit = self._parse_order(), self._parse_limit()
        if not order and not limit:
            return pivot
        query = exp.select("*").from_(exp.Subquery(this=pivot))
        query.set("order", order)
        query.set("limit", limit)
        return query

    def _parse_placeholder(self) -> exp.Expr | None:
        start = self._curr
        mark = super()._parse_placeholder()
        return self._spanned(mark, start) if mark else None

    def _parse_function_call(self, *args: Any, **kwargs: Any) -> exp.Expr | None:
        start, open_paren = self._curr, self._index + 1
        if start.text.upper() == "STRUCT" and self._next.token_type == TokenType.L_PAREN:
            return self._parse_struct_call()
        result = super()._parse_function_call(*args, **kwargs)
        call = result.this if isinstance(result, exp.Window) else result
        if isinstance(call, exp.Anonymous) and nodes.span_of(call) is None:
            nodes.set_span(call, start.start, self._closing(open_paren).end + 1)
        return result

    def _parse_window(self, this: exp.Expr | None, *args: Any, **kwargs: Any) -> exp.Expr | None:
        result = super()._parse_window(this, *args, **kwargs)
        start = nodes.offset_of(this) if this is not None else None
        if isinstance(result, exp.Window) and start is not None:
            nodes.set_span(result, start, self._prev.end + 1)
        return result

    def _parse_types(self, *args: Any, **kwargs: Any) -> exp.Expr | None:
        # STRUCT(...) is a type only where a type is asked for; BigQuery's value form is read as a call.
        if kwargs.get("check_func") and self._curr.token_type == TokenType.STRUCT:
            return None
        return super()._parse_types(*args, **kwargs)

    def _parse_struct_call(self) -> exp.Expr:
        start = self._curr
        self._advance(2)
        values = self._parse_csv(lambda: self._parse_lambda(alias=True))
        fields = [self._struct_field(value, position) for position, value in enumerate(values)]
        self._match_r_paren()
        return self._spanned(self.expression(exp.Struct(expressions=fields)), start)

    def _struct_field(self, field: exp.Expr, position: int) -> exp.Expr:
        if isinstance(field, exp.Alias):
            return exp.PropertyEQ(this=field.args["alias"].copy(), expression=field.this)
        if isinstance(field, exp.Kwarg | exp.PropertyEQ):
            return exp.PropertyEQ(this=exp.to_identifier(field.this.name), expression=field.expression)
        if isinstance(field, exp.Column):
            return exp.PropertyEQ(this=field.this.copy(), expression=field)
        if isinstance(field, exp.Star):
            return field
        # BigQuery calls an unnamed field by its position.
        return exp.PropertyEQ(this=exp.to_identifier(f"_{position}"), expression=field)

    def _closing(self, open_paren: int) -> Token:
        depth = 0
        for token in self._tokens[open_paren:]:
            if token.token_type == TokenType.L_PAREN:
                depth += 1
            elif token.token_type == TokenType.R_PAREN:
                depth -= 1
                if depth == 0:
                    return token
        return self._prev


class Sqlml(DuckDB):
    """DuckDB's dialect with the shapes of machine learning."""

    NORMALIZE_FUNCTIONS = False

    class Tokenizer(DuckDB.Tokenizer):
        """DuckDB's tokens; backticks quote, and no statement is swallowed as one opaque command."""

        IDENTIFIERS: ClassVar[list[str | tuple[str, str]]] = ['"', "`"]
        KEYWORDS: ClassVar[dict[str, TokenType]] = {
            word: kind
            for word, kind in DuckDB.Tokenizer.KEYWORDS.items()
            # "?::" is a cast of a parameter here, not Databricks' operator.
            if word not in ("CALL", "EXPLAIN", "PREPARE", "EXECUTE", "EXPORT", "VACUUM", "?::")
        }
        HEX_STRINGS: ClassVar[list[str | tuple[str, str]]] = [("x'", "'"), ("X'", "'")]

    Parser = _Parser

    class Generator(DuckDBGenerator):
        """DuckDB's SQL; names of functions stay as they were written."""

        MULTI_ARG_DISTINCT = True
        TRANSFORMS: ClassVar[dict[type[exp.Expr], Any]] = {
            **DuckDBGenerator.TRANSFORMS,
            **TRANSFORMS,
            **ACCESS_TRANSFORMS,
            **PROTECTION_TRANSFORMS,
            **POLICY_TRANSFORMS,
            **LINEAGE_TRANSFORMS,
        }


def parse(text: str) -> exp.Expr:
    """Read one statement into a tree whose nodes know their place in `text`.

    Raises InvalidSql with line and column.
    """
    dialect = Sqlml()
    try:
        trees = dialect.parser(error_level=ErrorLevel.IMMEDIATE).parse(dialect.tokenize(text), text)
    except TokenError as error:
        raise InvalidSql(
            "A string, quoted name or comment is not closed.", hint="Look for a quote without its partner."
        ) from error
    except ParseError as error:
        raise _invalid(error, text) from None
    except IndexError:
        # sqlglot looks for a word after the last one: SHOW ALL.
        raise InvalidSql("Syntax error: something is missing at the end.", hint=_GRAMMAR) from None
    except RecursionError:
        raise too_deep() from None
    if len(trees) != 1 or trees[0] is None:
        raise InvalidSql("One statement was expected.", hint="Send statements one by one, separated by ';'.")
    return trees[0]


def too_deep() -> InvalidSql:
    """The error for a statement whose nesting is deeper than Python's stack."""
    return InvalidSql(
        "The statement is nested too deeply.", hint="Take parts of it out: WITH, a view or a temporary table."
    )


def parse_query(text: str) -> exp.Query:
    """Read a SELECT, FROM or VALUES query.

    Raises InvalidSql when the text is another statement.
    """
    tree = parse(text)
    if not isinstance(tree, exp.Query):
        raise InvalidSql("A query was expected.", hint="Write SELECT ... or FROM table.")
    return tree


def read_name(text: str) -> exp.Table | None:
    """`catalog.schema."My Name"` as a Table node; None where the text is not a name."""
    try:
        table = exp.to_table(text, dialect=Sqlml)
    except (ParseError, TokenError, ValueError):
        return None
    is_name = isinstance(table.this, exp.Identifier) and not any(
        value for key, value in table.args.items() if key not in ("this", "db", "catalog")
    )
    return table if is_name else None


def to_sql(tree: exp.Expr) -> str:
    """DuckDB SQL of a tree, on one line, names quoted where they were quoted."""
    return tree.sql(dialect=Sqlml, comments=False)


_GRAMMAR = "docs/reference.md has the grammar of the statements and functions of sqlml."


def _invalid(error: ParseError, text: str) -> InvalidSql:
    first = error.errors[0] if error.errors else {}
    said = str(first.get("description") or error).partition(" but got <Token")[0]
    if said.startswith("Required keyword"):
        said = "Something is missing here"
    raised = InvalidSql(f"Syntax error: {said}.".replace("..", "."), hint=_GRAMMAR)
    line, column, highlight = first.get("line"), first.get("col"), first.get("highlight") or ""
    if line is not None and column is not None:
        # sqlglot's column is that of the token's last character.
        start = sum(len(row) + 1 for row in text.split("\n")[: line - 1])
        raised.locate(text, start + column - max(1, len(highlight)))
    return raised
