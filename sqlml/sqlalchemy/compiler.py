"""SQLAlchemy's expressions as DuckDB's SQL, which is PostgreSQL's but for what stands here."""

from __future__ import annotations

from typing import Any

from sqlalchemy import cast, exc, types
from sqlalchemy.dialects.postgresql.base import PGCompiler, PGIdentifierPreparer, PGTypeCompiler
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.sql.elements import quoted_name

from sqlml.dialect import read_name
from sqlml.errors import InvalidOption
from sqlml.sqlalchemy.keywords import KEYWORDS

# Every float64 keeps its digits only in a DOUBLE; a FLOAT of DuckDB's has 24 bits.
_SINGLE = 24


def split_schema(schema: str) -> tuple[str | None, str]:
    """The catalog, if one is named, and the schema of `catalog.schema`; a part that has a dot stands in quotes."""
    if getattr(schema, "quote", None):
        return None, schema
    table = read_name(schema)
    if table is None or table.args.get("catalog") is not None:
        raise InvalidOption(
            f"{schema!r} is not the name of a schema.", hint="Write schema or catalog.schema, with quotes around dots."
        )
    return table.db or None, table.name


class IdentifierPreparer(PGIdentifierPreparer):
    """Quotes names; `schema="catalog.schema"` names a schema of an attached database."""

    reserved_words = set(KEYWORDS)

    def quote_schema(self, schema: str, force: Any = None) -> str:
        catalog, name = split_schema(schema)
        return self.quote(name) if catalog is None else f"{self.quote(catalog)}.{self.quote(name)}"

    def join_schema(self, catalog: str, schema: str) -> str:
        """The text that `split_schema` reads as these two."""
        return f"{self._part(catalog)}.{self._part(schema)}"

    def _part(self, name: str) -> str:
        return str(self.quote(quoted_name(name, quote=True))) if not name.isidentifier() else name


class ExecutionContext(DefaultExecutionContext):
    """Runs a Sequence that is the default of a column in Python."""

    def fire_sequence(self, seq: Any, type_: Any) -> Any:
        text = self.identifier_preparer.format_sequence(seq).replace("'", "''")  # type: ignore[no-untyped-call]
        return self._execute_scalar(f"SELECT nextval('{text}')", type_)


class Compiler(PGCompiler):
    """Queries and changes."""

    def visit_sequence(self, seq: Any, **kw: Any) -> str:
        text = self.preparer.format_sequence(seq).replace("'", "''")
        return f"nextval('{text}')"

    def for_update_clause(self, select: Any, **kw: Any) -> str:
        raise exc.CompileError(
            "DuckDB has no FOR UPDATE: writers of one row meet at COMMIT, and the later one fails. Leave it out."
        )

    def visit_json_getitem_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._json(binary, **kw)

    def visit_json_path_getitem_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._json(binary, **kw)

    def _json(self, binary: Any, *, _is_cast: bool = False, **kw: Any) -> str:
        affinity = binary.type._type_affinity
        if affinity is not types.JSON and not _is_cast:
            return str(self.process(cast(binary, binary.type), _is_cast=True, **kw))
        name = "json_extract" if affinity is types.JSON else "json_extract_string"
        left, right = (self.process(side, **kw) for side in (binary.left, binary.right))
        return f"{name}({left}, {right})"

    def visit_regexp_match_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._regexp("regexp_matches", binary, **kw)

    def visit_not_regexp_match_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return f"NOT {self._regexp('regexp_matches', binary, **kw)}"

    def visit_regexp_replace_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._regexp("regexp_replace", binary, **kw)

    def _regexp(self, name: str, binary: Any, **kw: Any) -> str:
        parts = [self.process(binary.left, **kw), self.process(binary.right, **kw)]
        if binary.modifiers["flags"] is not None:
            parts.append(self.render_literal_value(binary.modifiers["flags"], types.STRINGTYPE))
        return f"{name}({', '.join(parts)})"

    def visit_match_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        raise exc.CompileError("DuckDB has no MATCH: use its extension fts, or regexp_match().")

    def visit_bitwise_xor_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return f"xor({self.process(binary.left, **kw)}, {self.process(binary.right, **kw)})"


class TypeCompiler(PGTypeCompiler):
    """Types in CREATE TABLE and CAST."""

    def visit_float(self, type_: Any, **kw: Any) -> str:
        return "DOUBLE" if type_.precision is None or type_.precision > _SINGLE else "FLOAT"

    def visit_FLOAT(self, type_: Any, **kw: Any) -> str:  # noqa: N802 - SQLAlchemy's names
        return self.visit_float(type_, **kw)

    def visit_DOUBLE(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        return "DOUBLE"

    def visit_double(self, type_: Any, **kw: Any) -> str:
        return "DOUBLE"

    def visit_large_binary(self, type_: Any, **kw: Any) -> str:
        return "BLOB"

    def visit_BLOB(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        return "BLOB"

    def visit_CLOB(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        return "VARCHAR"

    def visit_BIT(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        return "BIT"

    def visit_INTERVAL(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        return "INTERVAL"

    def visit_interval(self, type_: Any, **kw: Any) -> str:
        return "INTERVAL"

    def visit_ENUM(self, type_: Any, identifier_preparer: Any = None, **kw: Any) -> str:  # noqa: N802
        # In place: DuckDB compares enums by their values, so it needs no type of its own.
        values = ", ".join("'" + value.replace("'", "''") + "'" for value in type_.enums)
        return f"ENUM({values})"

    def visit_SIZED_ARRAY(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        return f"{self.process(type_.item_type, **kw)}[{type_.length}]"

    def visit_STRUCT(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        return f"STRUCT({self._fields(type_, **kw)})"

    def visit_UNION(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        return f"UNION({self._fields(type_, **kw)})"

    def _fields(self, type_: Any, **kw: Any) -> str:
        quote = self.dialect.identifier_preparer.quote
        return ", ".join(f"{quote(name)} {self.process(kind, **kw)}" for name, kind in type_.fields.items())

    def visit_MAP(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        return f"MAP({self.process(type_.key_type, **kw)}, {self.process(type_.value_type, **kw)})"

    def visit_OTHER(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        return str(type_.name)

    def _by_name(self, type_: Any, **kw: Any) -> str:
        return str(type_.__visit_name__)

    visit_TINYINT = visit_HUGEINT = visit_UHUGEINT = visit_BIGNUM = _by_name  # noqa: N815
    visit_UTINYINT = visit_USMALLINT = visit_UINTEGER = visit_UBIGINT = _by_name  # noqa: N815
    visit_TIMESTAMP_S = visit_TIMESTAMP_MS = visit_TIMESTAMP_NS = _by_name  # noqa: N815
