"""The shell's own commands: `\\d`, `\\dm`, `\\timing`, ... and DuckDB's names for the same, `.tables`, `.read`, ..."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from sqlml import nodes
from sqlml.catalog.snapshot import read_snapshot
from sqlml.dialect import to_sql
from sqlml.errors import InvalidOption, InvalidSql, NotFound, nearest_hint
from sqlml.output import FORMATS
from sqlml.shell.shell import Shell
from sqlml.types import ObjectName

_RELATIONS = """
SELECT database_name AS catalog, schema_name AS schema, table_name AS name, 'table' AS kind,
       estimated_size AS rows, column_count AS columns, comment
FROM duckdb_tables() WHERE NOT internal AND schema_name <> 'sqlml'
UNION ALL
SELECT database_name, schema_name, view_name, 'view', NULL, column_count, comment FROM duckdb_views() WHERE NOT internal
ORDER BY catalog, schema, name
"""
_DATABASES = """
SELECT database_name AS name, path, type, readonly AS read_only FROM duckdb_databases() WHERE NOT internal ORDER BY name
"""
_DEFINITIONS = """
SELECT sql FROM (
    SELECT database_name, schema_name, table_name AS name, sql FROM duckdb_tables()
    WHERE NOT internal AND schema_name <> 'sqlml'
    UNION ALL
    SELECT database_name, schema_name, view_name, sql FROM duckdb_views() WHERE NOT internal
) ORDER BY database_name, schema_name, name
"""
_COLUMNS = """
SELECT count(*) FROM duckdb_columns() AS c WHERE lower(c.table_name) = lower(?)
  AND (? IS NULL OR lower(c.schema_name) = lower(?) OR lower(c.database_name) = lower(?))
"""


@dataclass(frozen=True)
class Command:
    """A command: its names, the first of which is shown, what follows it, what it does."""

    names: tuple[str, ...]
    takes: str
    does: str
    run: Callable[[Shell, str], None]


def run_command(shell: Shell, line: str) -> None:
    """Run a line that is a command.

    Raises InvalidOption with the nearest known name.
    """
    name, _, rest = line.rstrip(";").partition(" ")
    command = BY_NAME.get(name)
    if command is None:
        hint = nearest_hint(name, BY_NAME, otherwise="\\? lists the commands.")
        raise InvalidOption(f"There is no command {name}.", hint=hint)
    given = rest.strip()
    if given and not command.takes:
        raise InvalidOption(f"{name} takes nothing.", hint=f"Write {name} alone.")
    command.run(shell, given)


def _describe(shell: Shell, given: str) -> None:
    if not given:
        shell.show_rows(_RELATIONS)
        return
    name = _name(given)
    has_model, has_relation = _is_model(shell, name), _is_relation(shell, name)
    if has_relation or not has_model:
        shell.show_rows(to_sql(exp.Describe(this=_table(name))))
    if has_model:
        shell.show_rows(to_sql(nodes.DescribeModel(this=nodes.ModelRef(this=_table(name)))))


def _models(shell: Shell, given: str) -> None:
    if not given:
        shell.show_rows("SHOW MODELS")
    elif "*" in given or "%" in given:
        shell.show_rows(_listing("MODELS", given))
    else:
        shell.show_rows(to_sql(nodes.DescribeModel(this=nodes.ModelRef(this=_table(_name(given))))))


def _functions(shell: Shell, given: str) -> None:
    shell.show_rows(_listing("FUNCTIONS", given) if given else "SHOW FUNCTIONS")


def _listing(what: str, pattern: str) -> str:
    like = exp.Literal.string(pattern.strip("'\"").replace("*", "%"))
    return to_sql(nodes.ShowObjects(this=what, like=like))


def _databases(shell: Shell, _: str) -> None:
    shell.show_rows(_DATABASES)


def _definitions(shell: Shell, _: str) -> None:
    for (sql,) in shell.session.execute(_DEFINITIONS).fetchall():
        print(sql, file=shell.out)


def _timing(shell: Shell, given: str) -> None:
    shell.settings.timing = _switched("timing", given, now=shell.settings.timing)


def _expanded(shell: Shell, given: str) -> None:
    shell.settings.expanded = _switched("expanded display", given, now=shell.settings.expanded)


def _chart(shell: Shell, given: str) -> None:
    shell.settings.chart = _switched("charts", given, now=shell.settings.chart)


def _pager(shell: Shell, given: str) -> None:
    shell.settings.pager = _switched("pager", given, now=shell.settings.pager)


def _switched(what: str, given: str, *, now: bool) -> bool:
    wanted = {"on": True, "off": False, "": not now}.get(given.lower())
    if wanted is None:
        raise InvalidOption(f"{given!r} is not on or off.", hint="Say on, off, or nothing to change it.")
    print(f"{what} {'on' if wanted else 'off'}")
    return wanted


def _format(shell: Shell, given: str) -> None:
    # DuckDB's names of the same.
    wanted = {"duckbox": "table", "box": "table"}.get(given.lower(), given.lower())
    if given and wanted not in FORMATS:
        known = ", ".join(FORMATS)
        raise InvalidOption(f"There is no format {given!r}.", hint=nearest_hint(given, FORMATS, otherwise=known))
    if given:
        shell.settings.format = wanted
    print(f"format {shell.settings.format}")


def _rows(shell: Shell, given: str) -> None:
    if given and (not given.isdecimal() or not int(given)):
        raise InvalidOption(
            f"{given!r} is not a number of rows.", hint="Say how many rows a table may show, or nothing."
        )
    shell.settings.rows = int(given) if given else None


def _output(shell: Shell, given: str) -> None:
    shell.write_to(_unquoted(given) or None)


def _read(shell: Shell, given: str) -> None:
    if not given:
        raise InvalidOption("\\i takes a file.", hint="\\i lesson.sql")
    shell.run_file(_unquoted(given))


def _help(_shell: Shell, _: str) -> None:
    width = max(len(f"{c.names[0]} {c.takes}") for c in COMMANDS)
    for command in COMMANDS:
        aliases = f"  ({', '.join(command.names[1:])})" if command.names[1:] else ""
        print(f"{command.names[0] + ' ' + command.takes:<{width}}  {command.does}{aliases}")
    print("Statements end with ; and may have many lines. Tab completes, Ctrl-C cancels, Ctrl-D leaves.")


def _quit(shell: Shell, _: str) -> None:
    shell.is_left = True


def _unquoted(given: str) -> str:
    is_quoted = len(given) > 1 and given[0] == given[-1] and given[0] in "'\""
    return given[1:-1] if is_quoted else given


def _name(given: str) -> ObjectName:
    try:
        table = exp.to_table(given, dialect="duckdb")
    except (ParseError, TokenError):
        raise InvalidSql(
            f"{given} is not a name.", hint='Write it as in SQL: orders, shop.orders, "my orders".'
        ) from None
    if not table.name or isinstance(table.this, exp.Dot):
        raise InvalidSql(f"{given} is not a name.", hint='Write it as in SQL: orders, shop.orders, "my orders".')
    return ObjectName(table.name, table.db or None, table.catalog or None)


def _table(name: ObjectName) -> exp.Table:
    parts = [None if p is None else exp.to_identifier(p, quoted=True) for p in (name.name, name.schema, name.catalog)]
    return exp.Table(this=parts[0], db=parts[1], catalog=parts[2])


def _is_model(shell: Shell, name: ObjectName) -> bool:
    try:
        read_snapshot(shell.session.database, [name.name]).resolve(name)
    except NotFound:
        return False
    return True


def _is_relation(shell: Shell, name: ObjectName) -> bool:
    values = [name.name, name.schema, name.schema, name.schema]
    return bool(shell.session.database.rows(_COLUMNS, values)[0][0])


COMMANDS = (
    Command(("\\d", ".tables", "\\dt"), "[NAME]", "list tables and views; describe one, or a model", _describe),
    Command(("\\dm", ".models"), "[NAME]", "list models; describe one; a * stands for anything", _models),
    Command(("\\df", ".functions"), "[PATTERN]", "list the functions of sqlml and your own", _functions),
    Command(("\\l", ".databases"), "", "list the attached databases", _databases),
    Command((".schema",), "", "the statements that make the tables and views", _definitions),
    Command(("\\timing", ".timer"), "[on|off]", "show how long statements take", _timing),
    Command(("\\x",), "[on|off]", "show rows one below the other", _expanded),
    Command(("\\format", ".mode"), "[FORMAT]", "table, csv, json or markdown", _format),
    Command(("\\rows", ".maxrows"), "[N]", "how many rows a table shows", _rows),
    Command(("\\chart",), "[on|off]", "charts below ML.ROC_CURVE and ML.FEATURE_IMPORTANCE", _chart),
    Command(("\\pager",), "[on|off]", "use $SQLML_PAGER, $PAGER or less for long and wide results", _pager),
    Command(("\\o", ".output"), "[FILE]", "write results to a file; without one to the terminal again", _output),
    Command(("\\i", ".read"), "FILE", "run a file", _read),
    Command(("\\?", ".help", "\\h"), "", "this list", _help),
    Command(("\\q", ".quit", ".exit"), "", "leave (so does Ctrl-D)", _quit),
)
BY_NAME = {name: command for command in COMMANDS for name in command.names}
