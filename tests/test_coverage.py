"""One thing, one file, one line, one test: what is registered is documented, declared and tested."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
import sqlml_udfs

import sqlml
from sqlml.functions import FUNCTIONS
from sqlml.functions.base import Function
from sqlml.model_types import MODEL_TYPES
from sqlml.model_types.base import ModelType
from sqlml.statements import STATEMENTS
from sqlml.statements.base import Statement
from tests.sqllogictest import read

HERE = Path(__file__).parent

KINDS = {
    "statements": list(STATEMENTS),
    "functions": list(FUNCTIONS),
    "model_types": list(MODEL_TYPES),
    "udfs": list(sqlml_udfs.UDFS),
}
THINGS = [(kind, thing) for kind, things in KINDS.items() for thing in things]
IDS = [f"{kind}/{thing.name}" for kind, thing in THINGS]

_SQL = re.compile(
    r"\b(SELECT|CREATE|DROP|SHOW|DESCRIBE|EXPLAIN|EXPORT|IMPORT|VACUUM|ALTER|REFRESH|REPRODUCE|PREPARE|EXECUTE|DEALLOCATE|GRANT|REVOKE|REASSIGN|SET|UNSET|ASSERT|DIFF)\b|\w+\('"
)

# Where a plan asks for no privilege: the catalog itself filters, or nothing is touched.
NO_PRIVILEGE = {
    "create_token",
    "deallocate",
    "describe_model_type",
    "describe_user",
    "describe_volume",
    "drop_token",
    "prepare",
    "set_audit",
    "set_role",
    "show_experiments",
    "show_functions",
    "show_grants",
    "show_groups",
    "show_model_constraints",
    "show_model_functions",
    "show_model_types",
    "show_model_versions",
    "show_model_warnings",
    "show_models",
    "show_tags",
    "show_policies",
    "show_roles",
    "show_runs",
    "show_tokens",
    "show_users",
    "show_volumes",
}

# A statement of each kind, over the tables and models of `prepared_connection`.
STATEMENT_EXAMPLES = {
    "alter_model": "ALTER MODEL line SET ALIAS champion = 1",
    "alter_owner": "ALTER TABLE points OWNER TO ana",
    "alter_user": "ALTER USER bob PASSWORD 'y'",
    "assert_model": "ASSERT MODEL line",
    "copy_model": "CREATE MODEL copied COPY line",
    "create_function": "CREATE FUNCTION f(x BIGINT) RETURNS BIGINT LANGUAGE PYTHON AS 'x + 1'",
    "create_model": "CREATE MODEL m OPTIONS (model_type = 'linear_reg', input_label_cols = ['y']) AS SELECT a, y FROM points",
    "create_token": "CREATE TOKEN",
    "create_user": "CREATE USER eva",
    "create_volume": "CREATE VOLUME more LOCATION '/tmp'",
    "deallocate": "DEALLOCATE kept",
    "describe_model": "DESCRIBE MODEL line",
    "describe_model_type": "DESCRIBE MODEL TYPE linear_reg",
    "describe_user": "DESCRIBE USER ana",
    "describe_volume": "DESCRIBE VOLUME files",
    "diff_model": "DIFF MODEL line WITH line ON (SELECT * FROM points)",
    "drop_function": "DROP FUNCTION f",
    "drop_model": "DROP MODEL line",
    "drop_token": "DROP TOKEN 'a'",
    "drop_user": "DROP USER bob",
    "drop_volume": "DROP VOLUME files",
    "execute": "EXECUTE kept(1)",
    "explain": "EXPLAIN SELECT ml_predict('line', p) FROM points AS p",
    "explain_model": "EXPLAIN MODEL line",
    "export_model": "EXPORT MODEL line TO 'line.sql'",
    "grant": "GRANT SELECT ON points TO bob",
    "grant_role": "GRANT reader TO bob",
    "import_model": "IMPORT MODEL m FROM 'line.json'",
    "later": None,
    "ml_train": "SELECT ml_train('m', query => 'points', model_type => 'linear_reg', input_label_cols => ['y'])",
    "prepare": "PREPARE other AS SELECT ml_predict('line', p) FROM points AS p",
    "query": "SELECT ml_predict('line', p) FROM points AS p",
    "reassign_owned": "REASSIGN OWNED BY bob TO ana",
    "refresh_model": "REFRESH MODEL line",
    "reproduce_model": "REPRODUCE MODEL line",
    "revoke": "REVOKE SELECT ON points FROM bob",
    "revoke_role": "REVOKE reader FROM ana",
    "set_audit": "RESET sqlml_audit",
    "set_role": "RESET ROLE",
    "set_row_filter": "ALTER TABLE points SET ROW FILTER positive ON (a)",
    "drop_row_filter": "ALTER TABLE points DROP ROW FILTER",
    "set_mask": "ALTER TABLE points ALTER COLUMN a SET MASK positive",
    "drop_mask": "ALTER TABLE points ALTER COLUMN a DROP MASK",
    "set_tags": "SET TAG ON COLUMN points.a pii = 'a'",
    "unset_tags": "UNSET TAG ON TABLE points pii",
    "create_policy": "CREATE POLICY p ON CATALOG ROW FILTER positive TO PUBLIC FOR TABLES USING COLUMNS (1)",
    "drop_policy": "DROP POLICY kept ON SCHEMA main",
    "vacuum_models": "VACUUM MODELS line",
    "describe_policy": "DESCRIBE POLICY kept ON SCHEMA main",
    "show_policies": "SHOW POLICIES",
    "show_experiments": "SHOW EXPERIMENTS",
    "show_functions": "SHOW FUNCTIONS",
    "show_grants": "SHOW GRANTS",
    "show_groups": "SHOW GROUPS",
    "show_model_constraints": "SHOW MODEL CONSTRAINTS",
    "show_model_functions": "SHOW MODEL FUNCTIONS",
    "show_model_types": "SHOW MODEL TYPES",
    "show_model_versions": "SHOW MODEL VERSIONS",
    "show_model_warnings": "SHOW MODEL WARNINGS",
    "show_models": "SHOW MODELS",
    "show_models_trained_on": "SHOW MODELS TRAINED ON points",
    "show_roles": "SHOW ROLES",
    "show_runs": "SHOW RUNS",
    "show_tokens": "SHOW TOKENS",
    "show_users": "SHOW USERS",
    "show_volumes": "SHOW VOLUMES",
    "show_tags": "SHOW TAGS",
}
# What these statements stand for is what their plan is.
STANDS_FOR = {"execute": "query", "ml_train": "create_model"}


def _class(thing: object) -> type:
    return thing if isinstance(thing, type) else type(thing)


@pytest.mark.parametrize(("kind", "thing"), THINGS, ids=IDS)
def test_has_a_test_file(kind: str, thing) -> None:
    path = HERE / "sql" / kind / f"{thing.name}.test"
    assert path.is_file()
    text = path.read_text("utf-8")
    records = read(text)
    assert sum(record.kind == "query" for record in records) >= 3 or kind == "statements"
    assert sum(record.kind == "error" for record in records) >= 2 or kind == "udfs"
    # In a transaction, prepared, under quoted names, with hints.
    assert "ROLLBACK" in text
    assert "PREPARE " in text
    assert re.search(r'"\w+ \w+"', text)
    assert "Hint:" in text or kind == "udfs" or thing.name == "deallocate"


@pytest.mark.parametrize("kind", list(KINDS))
def test_no_test_file_is_left_over(kind: str) -> None:
    assert {path.stem for path in (HERE / "sql" / kind).glob("*.test")} == {thing.name for thing in KINDS[kind]}


@pytest.mark.parametrize(("kind", "thing"), THINGS, ids=IDS)
def test_is_documented_with_sql(kind: str, thing) -> None:
    own = _class(thing)
    assert own.__doc__, own
    module = inspect.getmodule(own)
    assert module is not None
    assert _SQL.search(own.__doc__) or _SQL.search(module.__doc__ or "")
    if kind in ("functions", "model_types"):
        assert re.search(r"^ *(Becomes|Is roughly)\b", own.__doc__, re.MULTILINE)
        assert _SQL.search(own.__doc__)


@pytest.mark.parametrize(("kind", "thing"), THINGS, ids=IDS)
def test_is_named_in_lower_case(kind: str, thing) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", thing.name)
    if kind in ("functions", "model_types"):
        own = _class(thing)
        assert own.__name__ == "".join(word.capitalize() for word in thing.name.split("_"))
        assert Path(inspect.getfile(own)).stem == thing.name


@pytest.mark.parametrize("statement", list(STATEMENTS), ids=lambda s: s.name)
def test_a_statement_declares(statement: Statement) -> None:
    own = type(statement)
    assert own.takes
    assert own.plan is not Statement.plan


@pytest.mark.parametrize("function", list(FUNCTIONS), ids=lambda f: f.name)
def test_a_function_declares(function: Function) -> None:
    own = type(function)
    assert own.signature.startswith(("ml_", "ML."))
    assert own.privilege == "EXECUTE"
    assert own.scalar is not Function.scalar or own.table is not Function.table


@pytest.mark.parametrize("model_type", list(MODEL_TYPES), ids=lambda t: t.name)
def test_a_model_type_declares(model_type) -> None:
    own = type(model_type)
    is_by_option = own.task_of is not ModelType.task_of or own.is_imported
    assert own.task in ("regression", "classification", "transform") or is_by_option
    assert own.encoding in (("raw",) if own.is_imported else ("one_hot", "label"))
    assert is_dataclass(own.Options)
    assert own.Options.__dataclass_params__.frozen
    for option in fields(own.Options):
        assert option.metadata.get("doc", "").endswith("."), f"{option.name} says what it does"
        assert option.name == option.name.lower()
    own.Options()  # every option has a default


@pytest.mark.parametrize("udf", sqlml_udfs.UDFS, ids=lambda u: u.name)
def test_a_udf_declares(udf) -> None:
    """As read_folder asks of a user's own."""
    assert Path(inspect.getfile(udf)).stem == udf.name
    assert udf.parameters is None or all(isinstance(kind, str) for kind in udf.parameters)
    assert udf.returns
    assert isinstance(udf.has_side_effects, bool)


@pytest.fixture
def prepared_connection(con: sqlml.Connection) -> sqlml.Connection:
    con.execute("CREATE TABLE points AS SELECT a, 2 * a AS y FROM range(5) AS r(a)")
    con.execute("CREATE MODEL line OPTIONS (model_type = 'linear_reg', input_label_cols = ['y']) AS FROM points")
    con.execute("PREPARE kept AS SELECT ml_predict('line', a := $1)")
    con.execute("CREATE MACRO positive(n) AS n > 0")
    con.execute("CREATE USER ana; CREATE USER bob; CREATE ROLE reader; GRANT reader TO ana")
    con.execute("CREATE POLICY kept ON SCHEMA main ROW FILTER positive TO ana FOR TABLES USING COLUMNS (1)")
    con.execute("CREATE VOLUME files LOCATION '/usr'")
    return con


def test_every_statement_has_an_example() -> None:
    assert set(STATEMENT_EXAMPLES) == set(STATEMENTS.names())


def test_plans_declare(prepared_connection: sqlml.Connection) -> None:
    """Every statement's plan says what is read and which privilege is needed; planning writes nothing."""
    before = prepared_connection.execute("SELECT count(*) FROM sqlml.model_versions").fetchall()
    for name, text in STATEMENT_EXAMPLES.items():
        if text is None:
            continue
        plan = prepared_connection.plan(text)
        assert plan.statement == STANDS_FOR.get(name, name)
        assert bool(plan.privileges) == (name not in NO_PRIVILEGE), name
        assert plan.reads is not None, name
        if name in ("create_model", "ml_train"):
            assert [str(w.name) for w in plan.writes] == ["memory.main.m"]
        if plan.calls:
            assert {p.kind for p in plan.privileges} >= {"MODEL"}
    assert prepared_connection.execute("SELECT count(*) FROM sqlml.model_versions").fetchall() == before


def test_every_model_of_a_call_needs_its_privilege(prepared_connection: sqlml.Connection) -> None:
    plan = prepared_connection.plan("SELECT ml_predict('line', p) + ml_predict('line@1', p) FROM points AS p")
    assert [(p.action, p.on) for p in plan.privileges if p.kind == "MODEL"] == [("EXECUTE", "memory.main.line")]


def test_files_stay_small() -> None:
    """ARCHITECTURE.md: a file has at most 400 lines, a function at most 70."""
    for path in [*(HERE.parent / "sqlml").rglob("*.py"), *(HERE.parent / "udfs").glob("*.py")]:
        assert len(path.read_text("utf-8").splitlines()) <= 400, path
