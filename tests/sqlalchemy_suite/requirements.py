"""What DuckDB has and has not, for SQLAlchemy's own test suite. docs/sqlalchemy.md lists the same exclusions."""

from __future__ import annotations

from sqlalchemy.testing import exclusions
from sqlalchemy.testing.requirements import SuiteRequirements

# Off in SQLAlchemy unless a dialect says that it has them.
HAS = (
    *("create_table_as", "create_temp_table_as", "table_ddl_if_exists", "index_ddl_if_exists", "uuid_data_type"),
    *("table_value_constructor", "boolean_col_expressions", "nullsordering", "intersect", "except_"),
    *("window_functions", "window_range_non_numeric"),
    *(
        "ctes",
        "ctes_with_update_delete",
        "ctes_with_values",
        "ctes_on_dml",
        "tuple_in",
        "views",
        "schema_create_delete",
    ),
    *("implicit_default_schema", "comment_reflection", "comment_reflection_full_unicode"),
    *("temp_table_comment_reflection", "temp_table_names", "has_temp_table", "temporary_views"),
    *("create_or_replace_view", "indexes_with_expressions", "reflect_indexes_with_expressions"),
    *("indexes_check_column_order", "check_constraint_reflection", "inline_check_constraint_reflection"),
    *("nvarchar_types", "unicode_ddl", "datetime_interval", "datetime_timezone", "timestamp_microseconds"),
    *("time_timezone", "datetime_historic", "datetime_timezone_historic", "date_historic", "autocommit"),
    *("skip_autocommit_rollback", "isolation_level", "array_type", "json_type", "precision_numerics_enotation_small"),
    *("precision_numerics_many_significant_digits", "server_defaults", "expression_server_defaults"),
    *("aggregate_order_by", "precision_numerics_retains_significant_digits", "infinity_floats"),
    *("float_or_double_precision_behaves_generically", "update_from", "delete_from", "mod_operator_as_percent_sign"),
    *("percent_schema_names", "order_by_label_with_expression", "computed_columns", "computed_columns_virtual"),
    *("computed_columns_reflect_persisted", "supports_distinct_on", "regexp_match", "regexp_replace", "fetch_first"),
    *("fetch_no_order_by", "fetch_expression", "supports_bitwise_or", "supports_bitwise_and", "supports_bitwise_not"),
    *("supports_bitwise_xor", "supports_bitwise_shift"),
    *("default_schema_name_switch"),
    *("literal_float_coercion", "datetime_literals"),
)
# On in SQLAlchemy, or a feature that some database has: DuckDB has it not, and why that shows in these tests.
HAS_NOT: dict[str, str] = {
    "implements_get_lastrowid": "a table need not have a key: RETURNING gives it",
    "named_constraints": "DuckDB does not keep the names of constraints",
}


class Requirements(SuiteRequirements):
    """HAS is open, HAS_NOT closed, the rest as SQLAlchemy has it."""

    def get_isolation_levels(self, config):
        return {"default": "SNAPSHOT", "supported": ["SNAPSHOT", "AUTOCOMMIT"]}

    def get_order_by_collation(self, config):
        return "nocase"


for _name in HAS:
    setattr(Requirements, _name, property(lambda self: exclusions.open()))
for _name, _reason in HAS_NOT.items():
    setattr(Requirements, _name, property(lambda self, reason=_reason: exclusions.skip_if(lambda config: True, reason)))
