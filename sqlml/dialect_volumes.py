"""The grammar of volumes: CREATE, DROP and DESCRIBE VOLUME."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from sqlml import nodes, nodes_access
from sqlml.dialect_access import AccessStatements


class VolumeStatements(AccessStatements):
    """Mixed into the parser."""

    def _parse_volume_statement(self) -> exp.Expr | None:
        index = self._index
        if self._words("CREATE", "VOLUME"):
            return self._parse_create_volume()
        if self._words("DROP", "VOLUME"):
            exists = self._words("IF", "EXISTS")
            return nodes_access.DropVolume(this=self._parse_volume_name(), exists=exists)
        # DESCRIBE may mean a table of that name.
        if self._one_of(("DESCRIBE", "DESC")) and self._words("VOLUME") and self._is_name_next():
            return nodes_access.DescribeVolume(this=self._parse_volume_name())
        self._retreat(index)
        return None

    def _is_name_next(self) -> bool:
        return bool(self._curr) and self._curr.token_type not in (TokenType.DOT, TokenType.STRING)

    def _parse_create_volume(self) -> exp.Expr:
        exists = self._words("IF", "NOT", "EXISTS")
        name = self._parse_volume_name()
        self._expect("LOCATION")
        location = self._parse_string() or self._parse_placeholder()
        if location is None:
            self.raise_error("Expected the path of a folder in quotes after LOCATION")
        comment = self._parse_string() or self._parse_placeholder() if self._words("COMMENT") else None
        return nodes_access.CreateVolume(this=name, location=location, comment=comment, exists=exists)

    def _parse_volume_name(self) -> exp.Identifier:
        start = self._curr
        name = None
        if start and start.token_type not in (TokenType.STRING, TokenType.NUMBER):
            name = self._parse_id_var(any_token=False)
        if not isinstance(name, exp.Identifier):
            self.raise_error("Expected the name of a volume", start)
        assert isinstance(name, exp.Identifier)
        nodes.set_span(name, start.start, self._prev.end + 1)
        return name
