"""CREATE and DROP as DuckDB has them; an autoincrement column takes its numbers from a sequence beside the table."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc, schema
from sqlalchemy.dialects.postgresql.base import PGDDLCompiler
from sqlalchemy.sql.compiler import DDLCompiler


def _numbered(table: Any, preparer: Any) -> dict[Any, schema.Sequence]:
    """The columns whose numbers come from a sequence `<table>_<column>_seq`, and that sequence.

    They are the autoincrement column and those with Identity; a reflected table has it as the default of its column.
    """
    found = {}
    for column in table.columns:
        start = increment = None
        if column.identity is not None:
            start, increment = column.identity.start, column.identity.increment
        name = f"{table.name}_{column.name}_seq"
        sequence = schema.Sequence(name, start=start, increment=increment, schema=table.schema)
        text = getattr(getattr(column.server_default, "arg", None), "text", None)
        is_reflected = text is not None and text == next_value(sequence, preparer)
        if is_reflected or column.identity is not None or _is_autoincrement(column):
            found[column] = sequence
    return found


def _is_autoincrement(column: Any) -> bool:
    default = column.default
    return (
        column is column.table._autoincrement_column
        and column.server_default is None
        and (default is None or (default.is_sequence and default.optional))
    )


def next_value(sequence: Any, preparer: Any) -> str:
    """The call that gives the next number of a sequence."""
    name = preparer.format_sequence(sequence).replace("'", "''")
    return f"nextval('{name}')"


class DdlCompiler(PGDDLCompiler):
    """Tables, indexes, sequences, comments."""

    def visit_create_table(self, create: Any, **kw: Any) -> str:
        table = create.element
        temporary = "TEMPORARY " if "TEMPORARY" in (prefix.upper() for prefix in table._prefixes) else ""
        # One left over from a table that was dropped by hand goes on from its last number.
        texts = [
            f"CREATE {temporary}SEQUENCE IF NOT EXISTS {self.preparer.format_sequence(sequence)}"
            f"{self._sequence_options(sequence)}"
            for sequence in _numbered(table, self.preparer).values()
        ]
        return ";\n".join([*texts, str(super().visit_create_table(create, **kw))])

    def visit_drop_table(self, drop: Any, **kw: Any) -> str:
        sequences = _numbered(drop.element, self.preparer).values()
        texts = [f"DROP SEQUENCE IF EXISTS {self.preparer.format_sequence(sequence)}" for sequence in sequences]
        return ";\n".join([str(super().visit_drop_table(drop, **kw)), *texts])

    def _sequence_options(self, sequence: schema.Sequence) -> str:
        options = str(self.get_identity_options(sequence))
        return f" {options}" if options else ""

    def get_column_specification(self, column: Any, **kw: Any) -> str:
        text = f"{self.preparer.format_column(column)} {self._type(column)}"
        sequence = _numbered(column.table, self.preparer).get(column)
        default = self.get_column_default_string(column)
        if sequence is not None:
            text += f" DEFAULT {next_value(sequence, self.preparer)}"
        elif default is not None:
            text += f" DEFAULT {default}"
        if column.computed is not None:
            text += f" {self.process(column.computed)}"
        return text if column.nullable else f"{text} NOT NULL"

    def _type(self, column: Any) -> str:
        return str(
            self.dialect.type_compiler_instance.process(
                column.type, type_expression=column, identifier_preparer=self.preparer
            )
        )

    def visit_computed_column(self, generated: Any, **kw: Any) -> str:
        if generated.persisted:
            raise exc.CompileError("DuckDB computes generated columns when they are read: leave persisted=True out.")
        text = self.sql_compiler.process(generated.sqltext, include_table=False, literal_binds=True)
        return f"GENERATED ALWAYS AS ({text})"

    def visit_create_sequence(self, create: Any, **kw: Any) -> str:
        # Sequences of DuckDB's are BIGINT, whatever SQLAlchemy was told.
        return str(DDLCompiler.visit_create_sequence(self, create, prefix=None, **kw))

    def visit_set_constraint_comment(self, create: Any, **kw: Any) -> str:
        raise exc.CompileError("DuckDB has no comments on constraints.")

    visit_drop_constraint_comment = visit_set_constraint_comment
