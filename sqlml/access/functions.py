"""The functions of DuckDB that a governed statement may call by name; all others are refused."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

# Functions in FROM that read nothing but their arguments.
TABLE_FUNCTIONS = frozenset(
    {"generate_series", "json_each", "json_tree", "range", "regexp_split_to_table", "repeat", "repeat_row", "unnest"}
)
# What DuckDB's parser makes of syntax: operators, casts, subscripts, star expressions.
_SYNTAX = frozenset(
    [
        "+",
        "-",
        "*",
        "/",
        "//",
        "%",
        "^",
        "**",
        "&",
        "|",
        "~",
        "!",
        "!~~",
        "~~",
        "~~*",
        "!~~*",
        "~~~",
        "<<",
        ">>",
        "||",
        "&&",
        "@>",
        "<@",
        "->",
        "->>",
        "<->",
        "<=>",
        "<@>",
        "^@",
        "@",
        "!__postfix",
        "array_extract",
        "struct_extract",
        "list_value",
        "struct_pack",
        "row",
        "unnest",
        "columns",
        "coalesce",
        "nullif",
        "ifnull",
        "try",
        "count_star",
        "get_current_timestamp",
        "current_date",
        "current_time",
        "current_timestamp",
        "localtime",
        "localtimestamp",
        "grouping",
        "grouping_id",
        "lambda",
        "like_escape",
        "ilike_escape",
        "not_like_escape",
        "not_ilike_escape",
        "array",
        "construct_array",
        "construct_list",
        "list_filter",
        "list_transform",
        "list_apply",
    ]
)

# What PostgreSQL's catalog and those who ask it call: constants, and names of types.
_POSTGRES = frozenset(
    {
        *("col_description", "format_pg_type", "map_to_pg_oid", "map_type_id_to_pg_oid"),
        *("obj_description", "pg_function_is_visible"),
        *("pg_get_expr", "pg_my_temp_schema", "pg_table_is_visible", "pg_type_is_visible", "shobj_description"),
    }
)


@cache
def allowed_functions() -> frozenset[str]:
    """Names, folded, of scalar, aggregate and window functions."""
    lines = files("sqlml.access").joinpath("allowed_functions.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#")) | _SYNTAX | _POSTGRES
