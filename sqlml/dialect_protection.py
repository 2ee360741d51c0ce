"""The grammar of filters and masks: ALTER TABLE ... SET ROW FILTER, SET MASK, DROP ROW FILTER, DROP MASK."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from sqlml import nodes_protection
from sqlml.dialect_volumes import VolumeStatements


class ProtectionStatements(VolumeStatements):
    """Mixed into the parser: what of ALTER TABLE hides rows and columns."""

    def _parse_protection_statement(self) -> exp.Expr | None:
        index = self._index
        tree = self._parse_alter_protection() if self._words("ALTER", "TABLE") else None
        if tree is None:
            self._retreat(index)
        return tree

    def _parse_alter_protection(self) -> exp.Expr | None:
        self._words("IF", "EXISTS")
        if not self._curr or self._curr.token_type in (TokenType.STRING, TokenType.NUMBER):
            return None
        table = self._parse_securable_name("table")
        if self._words("SET", "ROW", "FILTER"):
            function = self._parse_securable_name("function")
            self._expect("ON")
            return nodes_protection.SetRowFilter(this=table, function=function, expressions=self._parse_hidden_by())
        if self._words("DROP", "ROW", "FILTER"):
            return nodes_protection.DropRowFilter(this=table)
        if not self._words("ALTER"):
            return None
        self._words("COLUMN")
        column = self._parse_id_var()
        if column is not None and self._words("SET", "MASK"):
            function = self._parse_securable_name("function")
            using = self._parse_hidden_by() if self._words("USING", "COLUMNS") else []
            return nodes_protection.SetMask(this=table, column=column, function=function, expressions=using)
        if column is not None and self._words("DROP", "MASK"):
            return nodes_protection.DropMask(this=table, column=column)
        return None

    def _parse_hidden_by(self) -> list[exp.Expr]:
        """`(a, "b c", 'constant', 3)`: columns and constants."""
        return list(
            self._parse_wrapped_csv(
                lambda: self._parse_string() or self._parse_number() or self._parse_id_var(), optional=False
            )
        )


Write = Callable[[Any, Any], str]


def _alter(gen: Any, node: exp.Expr) -> str:
    return f"ALTER TABLE {gen.sql(node, 'this')}"


def _by(gen: Any, node: exp.Expr) -> str:
    return f"({gen.expressions(node, flat=True)})"


def _set_mask(gen: Any, node: exp.Expr) -> str:
    using = f" USING COLUMNS {_by(gen, node)}" if node.expressions else ""
    return f"{_alter(gen, node)} ALTER COLUMN {gen.sql(node, 'column')} SET MASK {gen.sql(node, 'function')}{using}"


PROTECTION_TRANSFORMS: dict[type[exp.Expr], Write] = {
    nodes_protection.SetRowFilter: lambda gen, node: (
        f"{_alter(gen, node)} SET ROW FILTER {gen.sql(node, 'function')} ON {_by(gen, node)}"
    ),
    nodes_protection.DropRowFilter: lambda gen, node: f"{_alter(gen, node)} DROP ROW FILTER",
    nodes_protection.SetMask: _set_mask,
    nodes_protection.DropMask: lambda gen, node: (
        f"{_alter(gen, node)} ALTER COLUMN {gen.sql(node, 'column')} DROP MASK"
    ),
}
