"""`autocommit=False`: the transaction that a statement begins unasked, and what commit and rollback do with it."""

from __future__ import annotations

from sqlml.engine import Engine
from sqlml.errors import TransactionAborted

# Only a statement with one of these words can begin or end a transaction.
_WORDS = frozenset(["abort", "begin", "commit", "end", "rollback", "start"])
_BEGINNINGS = ("begin", "start")


class Transaction:
    """The transaction of a session. DuckDB itself commits every statement; without autocommit they wait for commit."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.autocommit = True
        # What is known without asking DuckDB, which takes longer than a short statement.
        self._known: bool | None = None

    def before(self, sql: str) -> None:
        """A text is about to run: without autocommit it runs in a transaction, which it may also begin itself."""
        if self.autocommit:
            return
        words = self._words(sql)
        if not self.is_open_or_aborted() and (not words or words[0] not in _BEGINNINGS):
            self._engine.rows("BEGIN TRANSACTION")
            self._known = True
        if not _WORDS.isdisjoint(words):
            self._known = None

    def failed(self) -> None:
        """A statement failed: DuckDB may have ended the transaction, as after a failed COMMIT."""
        self._known = None

    def is_open(self) -> bool:
        """Whether a transaction is open.

        Raises TransactionAborted after an error in it.
        """
        return self._engine.in_transaction()

    def is_open_or_aborted(self) -> bool:
        """Whether a transaction is open, one that had an error included."""
        if self._known is None or self.autocommit:
            try:
                self._known = self._engine.in_transaction()
            except TransactionAborted:
                return True
        return self._known

    def end(self, *, commit: bool) -> None:
        """Commit or roll back the transaction; does nothing where none is open.

        Raises TransactionAborted when it is to be committed after an error in it.
        """
        known = self._known and not self.autocommit
        if known or (self.is_open() if commit else self.is_open_or_aborted()):
            self._known = None
            self._engine.rows("COMMIT" if commit else "ROLLBACK")

    def _words(self, sql: str) -> list[str]:
        """The words of a text in lower case; those in quotes and comments are none."""
        data = sql.encode(errors="surrogatepass")
        found: list[str] = []
        for offset, _ in self._engine.tokenize(sql):
            end = offset
            while end < len(data) and chr(data[end]).isalpha():
                end += 1
            if end > offset:
                found.append(data[offset:end].decode("ascii", "replace").lower())
        return found
