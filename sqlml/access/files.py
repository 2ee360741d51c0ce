"""Files in FROM and COPY: the functions that read them, the options they may have, their paths made real.

What a path names is found before DuckDB sees it: patterns are listed, links followed, and each file checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from sqlglot import exp

from sqlml.access.rights import Who
from sqlml.access.values import Access
from sqlml.access.volumes import READ, SCHEME, check_writable, files_of, located, reached
from sqlml.errors import InvalidOption, NotSupported, PermissionDenied, nearest_hint


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ALL = _words("filename hive_partitioning hive_types hive_types_autocast union_by_name")
_CSV = _words("""all_varchar allow_quoted_nulls auto_detect auto_type_candidates column_names column_types columns
    comment compression dateformat date_format decimal_separator delim delimiter dtypes encoding escape force_not_null
    header ignore_errors max_line_size maximum_line_size names new_line normalize_names null null_padding nullstr
    parallel quote sample_size sep skip strict_mode thousands timestampformat timestamp_format types""")
_PARQUET = _words("binary_as_string file_row_number")
_JSON = _words("""array auto_detect columns compression convert_strings_to_integers dateformat date_format
    field_appearance_threshold format ignore_errors map_inference_threshold maximum_depth maximum_object_size
    maximum_sample_files records sample_size timestampformat timestamp_format""")
# What each function may be told besides its files: no names of other files or tables, nothing to run.
OPTIONS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(_words("read_csv read_csv_auto"), _CSV | _ALL),
    "sniff_csv": _CSV,
    **dict.fromkeys(_words("read_parquet parquet_scan"), _PARQUET | _ALL),
    **dict.fromkeys(
        _words("""read_json read_json_auto read_json_objects read_json_objects_auto
            read_ndjson read_ndjson_auto read_ndjson_objects"""),
        _JSON | _ALL,
    ),
    **dict.fromkeys(
        _words("read_text read_blob glob parquet_schema parquet_metadata parquet_file_metadata"), _words("")
    ),
}
COPY_FROM = {
    "csv": _CSV | _words("format hive_partitioning"),
    "parquet": _PARQUET | _words("format hive_partitioning"),
    "json": _JSON | _words("hive_partitioning"),
}
_WRITTEN = _words(
    "format overwrite overwrite_or_ignore append partition_by per_thread_output write_partition_columns compression"
)
_DATES = _words("dateformat date_format timestampformat timestamp_format")
COPY_TO = {
    "csv": _WRITTEN | _DATES | _words("header delimiter delim sep quote escape null nullstr force_quote encoding"),
    "parquet": _WRITTEN | _words("codec compression_level row_group_size row_group_size_bytes parquet_version"),
    "json": _WRITTEN | _DATES | _words("array"),
}
_ENDINGS = {".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".json": "json", ".jsonl": "json", ".ndjson": "json"}
_COMPRESSED = (".gz", ".zst")
_READERS = {"csv": "read_csv", "parquet": "read_parquet", "json": "read_json"}
_VALUES = (
    *(exp.Literal, exp.Boolean, exp.Null, exp.Struct, exp.Array, exp.PropertyEQ, exp.Identifier, exp.Neg, exp.Paren),
    *(exp.Column, exp.Var, exp.Tuple, exp.Star),
)


# A file in FROM means one of these; a macro of such a name is refused when it is made.
READERS = frozenset(OPTIONS)


def names_file(node: exp.Table) -> bool:
    """Whether a name that is no relation's may be a path: DuckDB would read it."""
    return not node.db and bool(node.this.quoted) and bool({".", "/"} & set(node.name))


class Files:
    """The files of one statement."""

    def __init__(
        self,
        access: Access,
        values: Mapping[str, Any],
        listed: Callable[[str], list[str]],
        closed: Callable[[], tuple[str, ...]],
        opened: tuple[str, ...] | None,
    ) -> None:
        self._access = access
        self._values = values
        self._listed = listed
        self._closed = closed
        # The folders that DuckDB reaches, None for all.
        self._opened = opened

    def read(self, node: exp.Table, who: Who, *, is_kept: bool = False) -> exp.Table:
        """What stands in FROM for a file or a function that reads files; one that `is_kept` keeps its pattern."""
        call = self._call_of(node) if isinstance(node.this, exp.Identifier) else node.this
        name = call.name.casefold()
        is_free = self._access.is_superuser(who.roles)
        if name not in OPTIONS or node.db:
            if is_free:
                return node
            raise PermissionDenied(
                f"{name}() is not allowed in a governed database.",
                hint=f"Files are read and written in volumes, with {READ}, by {', '.join(sorted(_READERS.values()))}.",
            )
        if not call.expressions:
            raise InvalidOption(f"{name} is given no file.", hint=f"{name}('volume://v/file')")
        paths, options = call.expressions[0], call.expressions[1:]
        if not is_free:
            for option in options:
                _check_option(name, option, OPTIONS[name])
        found = self._paths(paths, who, is_kept=is_kept or name == "glob")
        made = exp.Anonymous(this=name, expressions=[found, *(option.copy() for option in options)])
        return exp.Table(this=made, alias=_alias_of(node))

    def _call_of(self, node: exp.Table) -> exp.Anonymous:
        ending = format_of(node.name)
        if ending is None:
            raise NotSupported(
                f"The ending of {node.name} does not say how to read it.",
                hint="Call read_csv, read_parquet, read_json, read_text or read_blob.",
            )
        return exp.Anonymous(this=_READERS[ending], expressions=[exp.Literal.string(node.name)])

    def _paths(self, node: exp.Expr, who: Who, *, is_kept: bool) -> exp.Expr:
        texts = self._texts(node)
        if self._access.is_superuser(who.roles):
            if texts is None and not who.is_caller:
                # The caller of a macro may not say what its owner reads.
                raise _no_literal()
            if texts is None or not any(text.startswith(SCHEME) for text in texts):
                return node.copy()
            return _literals([located(self._access, text) for text in texts])
        if texts is None:
            raise _no_literal()
        closed = self._closed()
        found = [self._reached(who, text, READ, closed) for text in texts]
        if is_kept:
            return _literals(found)
        return _literals([f for text in texts for f in files_of(self._access, who, text, self._listed, closed)])

    def _reached(self, who: Who, text: str, privilege: str, closed: Iterable[str] = ()) -> str:
        path = reached(self._access, who, text, privilege, closed)
        if self._opened is not None and not any(Path(path).is_relative_to(folder) for folder in self._opened):
            raise PermissionDenied(
                f"{text} is in a volume that was made while the database was open.",
                hint="Close all connections of the process to it, and connect again: DuckDB takes no folders later.",
            )
        return path

    def _texts(self, node: exp.Expr) -> list[str] | None:
        if isinstance(node, exp.Literal) and node.is_string:
            return [node.name]
        if isinstance(node, exp.Placeholder):
            value = self._values.get(node.name)
            values: list[Any] = list(value) if isinstance(value, list | tuple) else [value]
            return values if values and all(isinstance(v, str) for v in values) else None
        if isinstance(node, exp.Array) and node.expressions:
            parts = [self._texts(part) for part in node.expressions]
            return [p[0] for p in parts if p and len(p) == 1] if all(p and len(p) == 1 for p in parts) else None
        return None

    def path(self, node: exp.Expr, privilege: str, who: Who) -> exp.Expr:
        """The one path that a statement reads or writes, made real."""
        texts = self._texts(node)
        if self._access.is_superuser(who.roles):
            return exp.Literal.string(located(self._access, texts[0])) if texts and len(texts) == 1 else node
        if texts is None or len(texts) != 1:
            raise _no_literal()
        closed = self._closed()
        path = self._reached(who, texts[0], privilege, closed)
        if privilege == READ:
            return _literals(files_of(self._access, who, texts[0], self._listed, closed))
        check_writable(path, texts[0])
        # EXPORT MODEL takes a slash at the end for a folder.
        return exp.Literal.string(f"{path}/" if texts[0].endswith("/") else path)


def format_of(name: str) -> str | None:
    """What a file has in it, by its ending."""
    path = PurePosixPath(name.casefold())
    if path.suffix in _COMPRESSED:
        path = path.with_suffix("")
    return _ENDINGS.get(path.suffix)


def check_values(name: str, value: exp.Expr) -> None:
    """Options are constants: nothing is computed for them."""
    for node in value.walk():
        if not isinstance(node, _VALUES):
            raise NotSupported(f"The option {name} is no constant.", hint="Write it out.")


def _check_option(function: str, option: exp.Expr, known: frozenset[str]) -> None:
    if not isinstance(option, exp.EQ | exp.PropertyEQ | exp.Kwarg):
        raise InvalidOption(f"{function} takes its files as one argument.", hint=f"{function}(['a', 'b'])")
    name = option.this.name.casefold()
    if name not in known:
        otherwise = f"Allowed: {', '.join(sorted(known))}." if known else f"{function} has none here."
        raise PermissionDenied(
            f'The option "{name}" of {function} is closed.', hint=nearest_hint(name, known, otherwise=otherwise)
        )
    check_values(name, option.expression)


def _alias_of(node: exp.Table) -> exp.TableAlias | None:
    """A file in FROM is called what it is named without its ending, as in DuckDB."""
    if node.args.get("alias") or not isinstance(node.this, exp.Identifier):
        return None
    stem = PurePosixPath(node.name).name.split(".")[0]
    return exp.TableAlias(this=exp.to_identifier(stem, quoted=True))


def _literals(paths: list[str]) -> exp.Expr:
    literals = [exp.Literal.string(path) for path in paths]
    return literals[0] if len(literals) == 1 else exp.Array(expressions=literals)


def _no_literal() -> PermissionDenied:
    return PermissionDenied(
        "The path of a file is no literal.", hint="Write it out, or pass it as a parameter: it is looked at first."
    )
