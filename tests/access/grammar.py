"""Random statements over what ana may read, what she may not, and what she may read in part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

# Every relation of shop.sql with its columns; of some ana sees nothing, of some a part.
RELATIONS: dict[str, tuple[str, ...]] = {
    "secret": ("id", "name", "code", "amount"),
    "orders": ("id", "region", "note", "amount"),
    "people": ("id", "name", "ssn"),
    "staff": ("id", "name"),
    "staff ": ("id", "name", "hidden"),
    "notes": ("id", "body"),
    "regions": ("region",),
    "v_rows": ("id", "name", "code", "amount"),
    "v_nested": ("id", "name", "code", "amount"),
    "v_cte": ("id", "name", "code"),
    "v_columns": ("id", "name"),
    "v_joined": ("id", "code"),
    "v_closed": ("id", "name", "code", "amount"),
    "vault.gold": ("id", "code"),
    "vault.half": ("id", "code"),
    "rows_of(1)": ("id", "name"),
    "closed_rows()": ("id", "name", "code", "amount"),
    "query('FROM secret')": ("id", "name", "code", "amount"),
    "query('FROM orders')": ("id", "region", "note", "amount"),
    "query_table('v_rows')": ("id", "name", "code", "amount"),
    "range(3) AS r(id)": ("id",),
    "duckdb_tables()": ("table_name", "estimated_size", "column_count"),
    "duckdb_columns()": ("table_name", "column_name", "column_default"),
    "information_schema.tables": ("table_name", "table_type"),
    "information_schema.columns": ("table_name", "column_name", "column_default"),
    "pg_catalog.pg_class": ("relname", "reltuples"),
}
_NUMBERS = ("id", "amount", "estimated_size", "column_count", "reltuples")
_QUERIES = ("plain", "plain", "plain", "join", "group", "union", "cte", "shadow", "within", "window", "recursive")
_KINDS = ("query",) * 12 + (
    *("insert", "update", "update from", "delete", "merge", "temporary", "view", "macro", "prepare", "explain"),
    *("describe", "summarize", "pivot", "variable", "score", "copy"),
)


@dataclass(frozen=True)
class Source:
    """Something in FROM: its text, the name it goes by, its columns."""

    text: str
    alias: str
    columns: tuple[str, ...]


@st.composite
def statements(draw: st.DrawFn) -> tuple[str, ...]:
    """The statements of one attempt, each of which may be refused."""
    kind = draw(st.sampled_from(_KINDS))
    query = draw(queries(3))
    written: dict[str, tuple[str, ...]] = {
        "query": (query,),
        "insert": (f"INSERT INTO notes SELECT 9, q::VARCHAR FROM ({query}) q", "FROM notes ORDER BY ALL"),
        "temporary": (f"CREATE TEMP TABLE kept AS {query}", "FROM kept ORDER BY ALL"),
        "view": (f"CREATE TEMP VIEW kept AS {query}", "FROM kept ORDER BY ALL"),
        "macro": (
            f"CREATE TEMP MACRO kept(p) AS TABLE SELECT * FROM ({query}) WHERE p",
            "FROM kept(true) ORDER BY ALL",
        ),
        "prepare": (f"PREPARE kept AS {query}", "EXECUTE kept", "DEALLOCATE kept"),
        "explain": (f"EXPLAIN {query}",),
        "describe": (f"DESCRIBE {query}",),
        "summarize": (f"SELECT column_name, min, max, count FROM (SUMMARIZE {query}) ORDER BY ALL",),
        "variable": (f"SET VARIABLE kept = ({query})", "SELECT getvariable('kept')"),
        "copy": (f"COPY ({query}) TO 'kept.csv'",),
    }
    if kind in written:
        return written[kind]
    source = draw(sources(2))
    value, condition = draw(values(source, 2)), draw(conditions(source, 2))
    rest: dict[str, tuple[str, ...]] = {
        "update": (f"UPDATE {source.text} SET {draw(st.sampled_from(source.columns))} = {value} WHERE {condition}",),
        "update from": (
            f"UPDATE notes SET body = ({value})::VARCHAR FROM {source.text} WHERE {condition}",
            "FROM notes ORDER BY ALL",
        ),
        "delete": (f"DELETE FROM {source.text} WHERE {condition}",),
        "merge": (
            f"MERGE INTO notes USING (SELECT 1 AS k, ({value})::VARCHAR AS v FROM {source.text}) s ON notes.id = s.k "
            "WHEN MATCHED THEN UPDATE SET body = s.v WHEN NOT MATCHED THEN INSERT VALUES (8, s.v)",
            "FROM notes ORDER BY ALL",
        ),
        "pivot": (f"FROM (PIVOT {source.text} ON {source.columns[0]} IN (1, 2) USING count(*)) ORDER BY ALL",),
        "score": (
            f"SELECT ml_predict('{draw(st.sampled_from(['m_open', 'm_secret']))}', {{'x': 1.0, 'code': 'a'}}), {value} "
            f"FROM {source.text} WHERE {condition} ORDER BY ALL",
        ),
    }
    return rest[kind]


@st.composite
def queries(draw: st.DrawFn, depth: int) -> str:
    """A query whose rows come in an order of their own."""
    kind = draw(st.sampled_from(_QUERIES if depth else ("plain",)))
    source = draw(sources(depth))
    value, condition = draw(values(source, depth)), draw(conditions(source, depth))
    select = f"SELECT {value} AS a, {draw(values(source, 1))} AS b FROM {source.text} WHERE {condition}"
    if kind == "join":
        other = draw(sources(depth - 1))
        how = draw(
            st.sampled_from(["JOIN", "LEFT JOIN", "FULL JOIN", "CROSS JOIN", "SEMI JOIN", "ANTI JOIN", ", LATERAL"])
        )
        on = "" if how in ("CROSS JOIN", ", LATERAL") else f" ON {draw(conditions(source, 1))}"
        return f"SELECT {value} AS a FROM {source.text} {how} {other.text}{on} WHERE {condition} ORDER BY ALL"
    if kind == "group":
        made = draw(st.sampled_from(["count(*)", "max", "min", "sum", "count(DISTINCT", "bool_or"]))
        column = draw(st.sampled_from(source.columns))
        aggregate = {"count(*)": "count(*)", "count(DISTINCT": f"count(DISTINCT {column})"}.get(
            made, f"{made}({column})"
        )
        return f"SELECT {aggregate}, {value} FROM {source.text} GROUP BY ALL HAVING {condition} ORDER BY ALL"
    if kind == "union":
        how = draw(st.sampled_from(["UNION", "UNION ALL", "EXCEPT", "INTERSECT", "UNION ALL BY NAME"]))
        return f"({select}) {how} ({draw(queries(depth - 1))}) ORDER BY ALL"
    if kind == "cte":
        return f"WITH c AS ({draw(queries(depth - 1))}) SELECT c.*, {value} AS v FROM c, {source.text} ORDER BY ALL"
    if kind == "shadow":
        return (
            f"WITH secret AS ({draw(queries(depth - 1))}) {select.replace('WHERE', ', secret WHERE', 1)} ORDER BY ALL"
        )
    if kind == "within":
        return f"SELECT * FROM ({draw(queries(depth - 1))}) w WHERE EXISTS ({select}) ORDER BY ALL"
    if kind == "window":
        over = f"OVER (PARTITION BY {draw(st.sampled_from(source.columns))} ORDER BY {value})"
        return f"SELECT {value} AS a, count(*) {over} AS n FROM {source.text} QUALIFY {condition} ORDER BY ALL"
    if kind == "recursive":
        return f"WITH RECURSIVE c(n, v) AS (SELECT 1, {value}::VARCHAR FROM {source.text} WHERE {condition} UNION ALL SELECT n + 1, v FROM c WHERE n < 3) FROM c ORDER BY ALL"
    return f"{select} ORDER BY ALL"


@st.composite
def sources(draw: st.DrawFn, depth: int) -> Source:
    """A relation by one of its names, or a query in its place."""
    name = draw(st.sampled_from(sorted(RELATIONS)))
    columns = RELATIONS[name]
    alias = draw(st.sampled_from(["x", "y", "secret", "orders", "t"]))
    if " AS " in name:
        return Source(name, "r", columns)
    if depth and draw(st.integers(0, 5)) == 0:
        return Source(f"({draw(queries(depth - 1))}) AS {alias}(a)", alias, ("a",))
    text = draw(spelled(name.strip()))
    return Source(f"{text} AS {alias}", alias, columns)


def spelled(name: str) -> st.SearchStrategy[str]:
    """A name in other letters, in quotes, with its schema or its database."""
    if "(" in name or "." in name:
        return st.sampled_from([name, name.upper() if "'" not in name else name])
    return st.sampled_from(
        [name, name.upper(), f'"{name}"', f"main.{name}", f'shop."main".{name}', f'"{name.title()}"']
    )


@st.composite
def values(draw: st.DrawFn, source: Source, depth: int) -> str:
    """An expression over a source: some fail on values, which is another way to tell."""
    column = f"{source.alias}.{draw(st.sampled_from(source.columns))}"
    shapes: Sequence[str] = (
        *("{c}", "{c}", "{c}", "upper({c}::VARCHAR)", "length({c}::VARCHAR)", "{c} || ''", "md5({c}::VARCHAR)"),
        *("try_cast({c} AS INTEGER)", "{c}::INTEGER", "1 / ({c}::INTEGER - 20)", "error({c}::VARCHAR)", "typeof({c})"),
        *(
            "CASE WHEN {c} IS NULL THEN 0 ELSE 1 END",
            "{a}",
            "to_json({a})",
            "struct_pack(v := {c})",
            "hash({a}::VARCHAR)",
        ),
        *(
            "(SELECT max(code) FROM secret)",
            "how_many('two')",
            "how_many({c}::VARCHAR)",
            "closed()",
            "hide({c}::VARCHAR)",
        ),
        *(
            "(SELECT count(*) FROM orders WHERE note = {c}::VARCHAR)",
            "columns(*)",
            "coalesce({c}::VARCHAR, current_user)",
        ),
        *("list_transform([{c}], x -> x)", "(SELECT string_agg(note, ',' ORDER BY id) FROM orders)", "rowid"),
        "(SELECT ssn FROM people ORDER BY id LIMIT 1)",
    )
    shape = draw(st.sampled_from(shapes))
    if depth and draw(st.integers(0, 7)) == 0:
        return f"({draw(queries(0))} LIMIT 1)"
    return shape.format(c=column, a=source.alias)


@st.composite
def conditions(draw: st.DrawFn, source: Source, depth: int) -> str:
    """A predicate over a source: what a caller's own filter tells apart."""
    column = f"{source.alias}.{draw(st.sampled_from(source.columns))}"
    shapes = [
        *(
            "true",
            "true",
            "true",
            "{c} IS NOT NULL",
            "{c}::VARCHAR LIKE '%can%'",
            "{c}::VARCHAR > 'm'",
            "NOT {c} IS NULL",
        ),
        *(
            "1 / (length({c}::VARCHAR) - 11) IS NOT NULL",
            "error({c}::VARCHAR) IS NULL",
            "{c} IN (SELECT id FROM secret)",
        ),
        *(
            "{c}::VARCHAR IN (SELECT note FROM orders)",
            "EXISTS (FROM people p WHERE p.ssn = {c}::VARCHAR)",
            "rowid > 1",
        ),
        *(
            "{c}::INTEGER > 50000",
            "contains({a}::VARCHAR, 'can')",
            "how_many({c}::VARCHAR) > 0",
            "({c} = 1) IS NOT FALSE",
        ),
    ]
    shape = draw(st.sampled_from(shapes))
    if depth and draw(st.integers(0, 9)) == 0:
        return f"EXISTS ({draw(queries(0))})"
    return shape.format(c=column, a=source.alias)
