"""The grammar of `VACUUM MODELS [m] [RETAIN n VERSIONS] [RETAIN n DAYS] [DRY RUN]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from sqlml import nodes

if TYPE_CHECKING:
    from sqlglot.parsers.duckdb import DuckDBParser as _Base
else:
    _Base = object

_UNITS = {"VERSIONS": "versions", "VERSION": "versions", "DAYS": "days", "DAY": "days"}


class VacuumStatements(_Base):
    """Mixed into the parser."""

    def _parse_vacuum(self) -> exp.Expr | None:
        begins = self._index == 1
        if self._match_text_seq("MODELS"):
            return self._parse_vacuum_models()
        if not begins:
            self._retreat(self._index - 1)
            return None
        # DuckDB's own, which nobody reads.
        while self._curr:
            self._advance()
        return exp.Command(this="VACUUM")

    def _parse_vacuum_models(self) -> nodes.VacuumModels:
        tree = nodes.VacuumModels()
        if self._curr and not self._is_rule():
            tree.set("this", self._parse_table_parts())
        while self._match_text_seq("RETAIN"):
            number = self._parse_number()
            if number is None or not number.name.isdigit():
                self.raise_error("Expected a whole number after RETAIN")
            if not self._match_texts(_UNITS):
                self.raise_error("Expected VERSIONS or DAYS")
            unit = _UNITS[self._prev.text.upper()]
            if tree.args.get(unit):
                self.raise_error(f"RETAIN ... {unit.upper()} is given twice")
            tree.set(unit, number)
        if self._match_text_seq("DRY", "RUN"):
            tree.set("dry", exp.true())
        return tree

    def _is_rule(self) -> bool:
        """Whether RETAIN or DRY begins the rule here: a model may be called so."""
        word, after = self._curr.text.upper(), self._next
        if self._curr.token_type == TokenType.IDENTIFIER:
            return False
        if word == "RETAIN":
            return after is None or after.token_type == TokenType.NUMBER
        return word == "DRY" and after is not None and after.text.upper() == "RUN"
