"""`create_engine("sqlml:///shop.duckdb")`: SQLAlchemy over sqlml's own PEP 249 module."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from types import ModuleType
from typing import Any

from sqlalchemy import pool, types
from sqlalchemy.engine import URL

from sqlml.errors import InvalidOption, NotSupported, nearest_hint
from sqlml.sqlalchemy.compiler import Compiler, ExecutionContext, IdentifierPreparer, TypeCompiler
from sqlml.sqlalchemy.ddl import DdlCompiler
from sqlml.sqlalchemy.json_types import JSONIndex, JSONPath
from sqlml.sqlalchemy.reflection import Reflection
from sqlml.sqlalchemy.types import INTERVAL, Decimals

_FLAGS = ("read_only", "allow_pickle", "allow_python")
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_MEMORY = ":memory:"


class SqlmlDialect(Reflection):
    """DuckDB's SQL and ours through `sqlml.connect`.

    `sqlml:///shop.duckdb`, `sqlml:////tmp/shop.duckdb` or `sqlml:///:memory:`, with `read_only`, `allow_pickle`,
    `allow_python`, `udfs` and `config.NAME` (a setting of DuckDB's) after the question mark. The connections of one
    engine to `:memory:` share one database, which nobody else sees.
    """

    name = "sqlml"
    driver = "sqlml"
    supports_statement_cache = True

    statement_compiler = Compiler
    ddl_compiler = DdlCompiler
    type_compiler_cls = TypeCompiler
    preparer = IdentifierPreparer
    execution_ctx_cls = ExecutionContext

    supports_native_boolean = True
    supports_native_decimal = True
    supports_native_enum = True
    supports_native_uuid = True
    supports_alter = False
    supports_comments = True
    inline_comments = False
    supports_default_values = True
    supports_default_metavalue = True
    supports_empty_insert = False
    supports_multivalues_insert = True
    supports_sequences = True
    sequences_optional = True
    supports_is_distinct_from = True
    supports_sane_rowcount = True
    supports_sane_multi_rowcount = True
    supports_sane_rowcount_returning = False
    supports_identity_columns = False
    supports_virtual_generated_columns = True
    supports_schemas = True
    supports_views = True
    div_is_floordiv = False
    postfetch_lastrowid = False
    preexecute_autoincrement_sequences = False
    insert_returning = True
    update_returning = True
    delete_returning = True
    update_returning_multifrom = True
    delete_returning_multifrom = True
    use_insertmanyvalues = True
    use_insertmanyvalues_wo_returning = False
    tuple_in_values = False
    returns_native_bytes = True

    default_isolation_level = "SNAPSHOT"
    # Ours is a DatabaseError before it is an InterfaceError; SQLAlchemy takes the first.
    dbapi_exception_translation_map = {"ConnectionClosed": "InterfaceError"}

    colspecs = {
        types.Interval: INTERVAL,
        types.Numeric: Decimals,
        types.Float: types.Float,
        types.JSON.JSONIndexType: JSONIndex,
        types.JSON.JSONPathType: JSONPath,
    }
    # PostgreSQL's compiler asks its dialect for these.
    _backslash_escapes = False
    _supports_create_index_concurrently = False
    _supports_drop_index_concurrently = False
    _supports_jsonb_subscripting = False
    supports_smallserial = False

    construct_arguments = []

    def __init__(
        self,
        # Not by keyword alone: create_engine looks for its arguments among the others.
        paramstyle: Any = "numeric_dollar",
        json_serializer: Callable[[Any], str] | None = None,
        json_deserializer: Callable[[str], Any] | None = None,
        **kw: Any,
    ) -> None:
        # By number, a parameter that is used twice is sent once, and DuckDB sees that both are the same.
        super().__init__(paramstyle=paramstyle, **kw)
        self._json_serializer = json_serializer
        self._json_deserializer = json_deserializer
        # DuckDB shares a database in memory by its name, in one process.
        self._memory = f"{_MEMORY}sqlalchemy-{uuid.uuid4().hex}"

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        import sqlml

        return sqlml

    @classmethod
    def get_pool_class(cls, url: URL) -> type[pool.Pool]:  # noqa: ARG003
        return pool.QueuePool

    def create_connect_args(self, url: URL) -> Any:
        if url.host or url.username or url.password or url.port:
            raise InvalidOption(
                f"{url.render_as_string()} names a host.", hint="A file has three slashes: sqlml:///shop.duckdb"
            )
        path = self._memory if url.database in (None, "", _MEMORY) else url.database
        options: dict[str, Any] = {}
        config: dict[str, Any] = {}
        for name, value in url.query.items():
            if not isinstance(value, str):
                raise InvalidOption(f"{name} is given twice.", hint="Give it once.")
            if name.startswith("config."):
                config[name.removeprefix("config.")] = value
            elif name in _FLAGS:
                options[name] = _boolean(name, value)
            elif name == "udfs":
                options[name] = value
            else:
                known = [*_FLAGS, "udfs"]
                hint = nearest_hint(name, known, otherwise=f"Known are {', '.join(known)} and config.NAME.")
                raise InvalidOption(f"sqlml:// has no {name!r}.", hint=hint)
        if config:
            options["config"] = config
        return [path], options

    def connect(self, *args: Any, **options: Any) -> Any:
        connection = self.loaded_dbapi.connect(*args, **{"autocommit": False, **options})
        connection.name_door("sqlalchemy")
        return connection

    def _get_server_version_info(self, connection: Any) -> tuple[int, ...]:
        version = str(connection.exec_driver_sql("SELECT version()").scalar())
        return tuple(int(part) for part in version.lstrip("v").split("-")[0].split("."))

    def get_isolation_level_values(self, dbapi_conn: Any) -> list[Any]:
        return ["SNAPSHOT", "AUTOCOMMIT"]

    def get_default_isolation_level(self, dbapi_conn: Any) -> Any:
        return "SNAPSHOT"

    def get_isolation_level(self, dbapi_connection: Any) -> Any:
        return "AUTOCOMMIT" if dbapi_connection.autocommit else "SNAPSHOT"

    def set_isolation_level(self, dbapi_connection: Any, level: Any) -> None:
        dbapi_connection.autocommit = level == "AUTOCOMMIT"

    def detect_autocommit_setting(self, dbapi_conn: Any) -> bool:
        return bool(dbapi_conn.autocommit)

    def do_savepoint(self, connection: Any, name: str) -> None:
        raise NotSupported(
            "DuckDB has no savepoints.", hint="Leave begin_nested() out, or use a connection of its own."
        )

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:
        return connection is not None and bool(getattr(connection, "closed", False))


def _boolean(name: str, value: str) -> bool:
    if value.lower() not in _BOOLEANS:
        raise InvalidOption(f"{name}={value} is neither true nor false.", hint=f"Write {name}=true.")
    return _BOOLEANS[value.lower()]
