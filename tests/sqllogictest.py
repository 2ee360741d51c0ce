"""Reads and runs DuckDB's sqllogictest files, through every door that sqlml has.

    # name: tests/sql/functions/ml_predict.test
    # description: predictions of a model
    # group: [functions]

    statement ok [con1]             a statement that works
    statement error [con1]          one that does not; each line after ---- must stand in its error
    query TIR [sort] [con1]         one that answers; a column each: T any, I whole number or boolean, R other number
    ----                            and its rows: values joined by tabs, or one value a line
    restart                         close all connections and open the file again
    load FILE [readonly]            go on with another file
    skipif DOOR | onlyif DOOR       leave the next record out

`sort` is nosort, rowsort or valuesort. A value may be NULL, (empty), <REGEX>:pattern or <!REGEX>:pattern. Connections
are named con1, con2, ...; all of them share the file. `__TEST_DIR__` is a folder of the test's own. The error that is
compared is `[SQLSTATE] message` with its hint.

    python -m tests.sqllogictest FILE...    runs files and shows what each query answers
"""

from __future__ import annotations

import datetime
import decimal
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

_SORTS = ("nosort", "rowsort", "valuesort")
_WHOLE = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|BOOLEAN|BIGNUM|\"?NULL\"?)$")
_QUOTED = re.compile(r"[,:=(){}\[\]'\"\\]")
_NUMBER = re.compile(r"(FLOAT|DOUBLE|DECIMAL\(.*\)|\"?NULL\"?)$")


@dataclass(frozen=True)
class Answer:
    """What a statement gave: columns, their DuckDB types, and rows of texts as DuckDB writes them."""

    columns: list[str]
    types: list[str]
    rows: list[list[str]]


class DoorError(Exception):
    """A statement failed: the text is `[SQLSTATE] message` and the hint."""


class Client(Protocol):
    """A connection through some door."""

    def run(self, sql: str) -> Answer:
        """Run one statement or script. Raises DoorError."""

    def close(self) -> None: ...


@dataclass(frozen=True)
class Door:
    """A way to reach sqlml: `open(path, read_only)` connects to a database file."""

    name: str
    open: Callable[[Path, bool], Client]


class SessionClient:
    """The Python door."""

    def __init__(self, path: Path, read_only: bool) -> None:
        import sqlml

        self._con = sqlml.connect(path, read_only=read_only)

    def run(self, sql: str) -> Answer:
        from sqlml import SqlmlError

        try:
            result = self._con.execute(sql)
            described = result.description or []
            rows = result.fetchall() if described else []
        except SqlmlError as error:
            raise DoorError(f"[{error.sqlstate}] {error}") from None
        kinds = [column[1] for column in described]
        return Answer(
            [str(column[0]) for column in described],
            [str(kind) for kind in kinds],
            [[render(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in rows],
        )

    def close(self) -> None:
        self._con.close()


DOORS = [Door("session", SessionClient)]


def render(value: Any, kind: Any = None, *, nested: bool = False) -> str:
    """A Python value as DuckDB's CAST AS VARCHAR writes it; NULL and (empty) as sqllogictest does."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, decimal.Decimal | int | float):
        return str(value)
    if isinstance(value, bytes):
        return "".join(chr(b) if 32 <= b < 127 and chr(b) not in "\\'\"" else f"\\x{b:02X}" for b in value)
    children = dict(kind.children) if kind is not None and kind.id in ("list", "array", "map", "struct") else {}
    if isinstance(value, list | tuple):
        return "[" + ", ".join(render(v, children.get("child"), nested=True) for v in value) + "]"
    if isinstance(value, dict):
        if kind is not None and kind.id == "map":
            pairs = [
                (render(k, children["key"], nested=True), render(v, children["value"], nested=True))
                for k, v in value.items()
            ]
            return "{" + ", ".join(f"{k}={v}" for k, v in pairs) + "}"
        return "{" + ", ".join(f"'{k}': {render(v, children.get(k), nested=True)}" for k, v in value.items()) + "}"
    text = str(value)
    if isinstance(value, datetime.datetime | datetime.time) and value.microsecond:
        text = re.sub(r"(\.\d+?)0+(?=$|[+-])", r"\1", text)
    if nested:
        plain = text.strip() == text and text.upper() not in ("", "NULL") and not _QUOTED.search(text)
        return text if plain else "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return text.replace("\t", "\\t").replace("\n", "\\n") if text else "(empty)"


@dataclass(frozen=True)
class Record:
    """One statement of a file and what it must do; `kind` is ok, error, query, restart or load."""

    kind: str
    line: int
    sql: str = ""
    connection: str = ""
    types: str = ""
    sort: str = "nosort"
    expected: tuple[str, ...] = ()
    skipped: frozenset[str] = field(default=frozenset())
    only: frozenset[str] = field(default=frozenset())


class BadFile(Exception):
    """A .test file that cannot be read."""


def read(text: str) -> list[Record]:
    """The records of a .test file.

    Raises BadFile, with the line, for what is not the format.
    """
    return list(_Reader(text).records())


class _Reader:
    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()
        self.at = 0

    def records(self) -> Iterator[Record]:
        skipped: set[str] = set()
        only: set[str] = set()
        while self.at < len(self.lines):
            line, number = self.lines[self.at], self.at + 1
            self.at += 1
            words = line.split()
            if not words or line.startswith("#"):
                continue
            if words[0] in ("skipif", "onlyif") and len(words) == 2:
                (skipped if words[0] == "skipif" else only).add(words[1])
                continue
            record = self._record(words, number)
            yield replace(record, skipped=frozenset(skipped), only=frozenset(only))
            skipped, only = set(), set()

    def _record(self, words: list[str], number: int) -> Record:
        head, *rest = words
        if head == "restart" and not rest:
            return Record("restart", number)
        if head == "load" and rest and rest[1:] in ([], ["readonly"]):
            return Record("load", number, sql=rest[0], types=" ".join(rest[1:]))
        if head == "statement" and rest and rest[0] in ("ok", "error") and len(rest) <= 2:
            sql, expected = self._body(number)
            if rest[0] == "ok" and expected is not None:
                raise BadFile(f"line {number}: a statement ok has no result")
            if rest[0] == "error" and not expected:
                raise BadFile(f"line {number}: a statement error says after ---- what the error is")
            return Record(rest[0], number, sql, "".join(rest[1:]), expected=tuple(expected or ()))
        if head == "query" and rest and set(rest[0]) <= set("TIR"):
            sort = "nosort"
            connection = ""
            for word in rest[1:]:
                if word in _SORTS:
                    sort = word
                elif re.fullmatch(r"con\d+", word):
                    connection = word
                else:
                    raise BadFile(f"line {number}: {word!r} is neither a sort mode nor a connection")
            sql, expected = self._body(number)
            if expected is None:
                raise BadFile(f"line {number}: a query needs ---- and its result")
            return Record("query", number, sql, connection, rest[0], sort, tuple(expected))
        raise BadFile(f"line {number}: {' '.join(words)!r} is not a record")

    def _body(self, number: int) -> tuple[str, list[str] | None]:
        sql = self._until(lambda line: not line.strip() or line == "----")
        if not sql:
            raise BadFile(f"line {number}: there is no SQL")
        expected = None
        if self.at < len(self.lines) and self.lines[self.at] == "----":
            self.at += 1
            expected = self._until(lambda line: not line.strip())
        return "\n".join(sql), expected

    def _until(self, ends: Callable[[str], bool]) -> list[str]:
        start = self.at
        while self.at < len(self.lines) and not ends(self.lines[self.at]):
            self.at += 1
        return self.lines[start : self.at]


class Run:
    """One file run through one door against a fresh database file."""

    def __init__(self, door: Door, folder: Path, show: Callable[[Record, Answer], None] | None = None) -> None:
        self._door = door
        self._folder = folder
        self._show = show
        self._path = folder / "test.db"
        self._read_only = False
        self._clients: dict[str, Client] = {}

    def file(self, path: Path) -> None:
        """Run a .test file.

        Raises AssertionError with file and line where it does not do what it says.
        """
        try:
            for record in read(path.read_text("utf-8")):
                if self._door.name in record.skipped or (record.only and self._door.name not in record.only):
                    continue
                try:
                    self._record(record)
                except AssertionError as error:
                    raise AssertionError(f"{path}:{record.line}: {error}") from None
        finally:
            self.close()

    def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            client.close()
        self._clients = {}

    def _client(self, name: str) -> Client:
        if name not in self._clients:
            self._clients[name] = self._door.open(self._path, self._read_only)
        return self._clients[name]

    def _record(self, record: Record) -> None:
        sql = record.sql.replace("__TEST_DIR__", str(self._folder))
        if record.kind in ("restart", "load"):
            self.close()
            if record.kind == "load":
                self._path, self._read_only = Path(sql), record.types == "readonly"
            return
        client = self._client(record.connection)
        if record.kind == "error":
            self._check_error(client, sql, record)
            return
        try:
            answer = client.run(sql)
        except DoorError as error:
            raise AssertionError(f"{sql}\nfailed: {error}") from None
        if record.kind == "query":
            if self._show:
                self._show(record, answer)
                return
            check_answer(record, answer)

    def _check_error(self, client: Client, sql: str, record: Record) -> None:
        try:
            answer = client.run(sql)
        except DoorError as error:
            text = str(error).replace(str(self._folder), "__TEST_DIR__")
            if self._show:
                self._show(record, Answer([], [], [[line] for line in text.splitlines()]))
                return
            missing = [line for line in record.expected if not _stands_in(line, text)]
            if missing:
                raise AssertionError(f"{sql}\nthe error is\n{text}\nand lacks\n" + "\n".join(missing)) from None
            return
        raise AssertionError(f"{sql}\nshould fail and answers {answer.rows[:5]}")


def _stands_in(expected: str, text: str) -> bool:
    if expected.startswith("<REGEX>:"):
        return re.search(expected.removeprefix("<REGEX>:"), text, re.DOTALL) is not None
    return expected in text


def check_answer(record: Record, answer: Answer) -> None:
    """Compare an answer with what a query record expects.

    Raises AssertionError.
    """
    width = len(record.types)
    if len(answer.columns) != width:
        raise AssertionError(f"{record.sql}\nhas {len(answer.columns)} columns, not {width}: {answer.columns}")
    for letter, kind, name in zip(record.types, answer.types, answer.columns, strict=True):
        wanted = {"I": _WHOLE, "R": _NUMBER}.get(letter)
        if wanted is not None and not wanted.match(kind):
            raise AssertionError(f"{record.sql}\nthe column {name} is {kind}, which is not {letter}")
    expected = _expected_rows(record.expected, width)
    found = answer.rows
    if record.sort == "rowsort":
        expected, found = sorted(expected), sorted(found)
    elif record.sort == "valuesort":
        expected = [[v] for v in sorted(v for row in expected for v in row)]
        found = [[v] for v in sorted(v for row in found for v in row)]
    same = len(expected) == len(found) and all(
        len(want) == len(have) and all(map(_matches, want, have)) for want, have in zip(expected, found, strict=False)
    )
    if not same:
        raise AssertionError(f"{record.sql}\nexpected\n{_table(expected)}\nfound\n{_table(found)}")


def _expected_rows(lines: Sequence[str], width: int) -> list[list[str]]:
    rows = [line.split("\t") for line in lines]
    if width > 1 and rows and all(len(row) == 1 for row in rows):
        if len(rows) % width:
            raise AssertionError(f"{len(rows)} values are no rows of {width} columns")
        values = [row[0] for row in rows]
        return [values[i : i + width] for i in range(0, len(values), width)]
    return rows


def _matches(expected: str, found: str) -> bool:
    if expected.startswith("<REGEX>:"):
        return re.fullmatch(expected.removeprefix("<REGEX>:"), found, re.DOTALL) is not None
    if expected.startswith("<!REGEX>:"):
        return re.fullmatch(expected.removeprefix("<!REGEX>:"), found, re.DOTALL) is None
    return expected == found


def _table(rows: list[list[str]]) -> str:
    return "\n".join("\t".join(row) for row in rows) or "(no rows)"


def main(arguments: Sequence[str], doors: Mapping[str, Door]) -> int:
    """Run files and print what each query and error says."""

    def show(record: Record, answer: Answer) -> None:
        rows = [list(row) for row in answer.rows]
        print(f"-- line {record.line}: {record.sql}")
        if record.kind == "query":
            print(f"-- {list(zip(answer.columns, answer.types, strict=True))}")
        print(_table(rows), end="\n\n")

    for path in arguments:
        with tempfile.TemporaryDirectory() as folder:
            Run(doors["session"], Path(folder), show).file(Path(path))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], {door.name: door for door in DOORS}))
