"""Which statements a text has and which are ours to plan, remembered for texts that come again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlml.engine import COMMENT, STRING, Engine
from sqlml.errors import InvalidOption, nearest_hint
from sqlml.functions import FUNCTIONS
from sqlml.functions.later import LATER
from sqlml.script import Piece, Reader
from sqlml.system_relations import RELATIONS

_REMEMBERED = 512


class Scripts:
    """Reads texts for a session; `prepared` are its prepared statements that are ours."""

    def __init__(self, engine: Engine, prepared: dict[str, str]) -> None:
        self._engine = engine
        self._prepared = prepared
        self._reader = Reader([*FUNCTIONS.names(), *LATER, "ml_train"], COMMENT, STRING, RELATIONS)
        self._known: OrderedDict[str, list[Piece] | None] = OrderedDict()

    def read(self, text: str) -> list[Piece]:
        """The statements of a text."""
        return self._reader.read(text, self._engine.tokenize(text), self._prepared)

    def ours(self, text: str) -> list[Piece] | None:
        """The statements of a text; None where none of them is ours and DuckDB takes it whole."""
        if not self._prepared and text in self._known:
            self._known.move_to_end(text)
            return self._known[text]
        pieces: list[Piece] | None = None
        if self._prepared or not self._reader.is_foreign(text):
            pieces = self.read(text)
            if not any(piece.is_ours for piece in pieces):
                pieces = None
        if not self._prepared:
            self._known[text] = pieces
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return pieces

    def has_ours(self, text: str) -> bool:
        """Whether a statement is ours."""
        return any(piece.is_ours for piece in self.read(text))

    def is_prepared(self, text: str) -> bool:
        """Whether a statement is ours only because of what was prepared before it in the same script."""
        return bool(self._prepared) and self.has_ours(text)


def check_values(pieces: Sequence[Piece], values: Mapping[str, Any]) -> None:
    """Raise InvalidOption for a value of which no statement has the parameter."""
    known = {name for piece in pieces for name in piece.parameters}
    unused = sorted(set(values) - known)
    if unused:
        raise InvalidOption(
            f"The script has no parameter ${unused[0]}.",
            hint=nearest_hint(unused[0], known, otherwise="Leave it out."),
        )
