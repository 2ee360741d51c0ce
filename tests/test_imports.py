"""What is loaded when: `import sqlml` is light, planning knows no engine, no test touches the user's key."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
HEAVY = ("sklearn", "lightgbm", "pandas", "polars", "scipy", "skops", "cloudpickle", "rich", "onnx", "onnxruntime")
PLANNING = (
    "sqlml.planner",
    "sqlml.rewriter",
    "sqlml.functions",
    "sqlml.functions.later",
    "sqlml.dialect",
    "sqlml.features",
    "sqlml.catalog.snapshot",
    "sqlml.parameters",
    "sqlml.splice",
)


def _loaded(program: str) -> set[str]:
    """The top-level modules that a new Python has loaded after a program."""
    script = f"{program}\nimport sys\nprint(*sorted(m for m in sys.modules if '.' not in m))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_import_is_light() -> None:
    assert not _loaded("import sqlml") & {"duckdb", "sqlglot", "asyncio", "numpy", "pyarrow", *HEAVY}


def test_every_public_name_is_there_when_asked_for() -> None:
    program = """
import sqlml
assert set(sqlml.__all__) <= set(dir(sqlml))
missing = [name for name in sqlml.__all__ if getattr(sqlml, name, None) is None]
assert not missing, missing
assert callable(sqlml.load) and sqlml.connect is sqlml.connect
assert not hasattr(sqlml, "conect")
from sqlml import *
connect().close()
"""
    assert "duckdb" in _loaded(program)


def test_connecting_and_plain_sql_are_light() -> None:
    program = "import sqlml\ncon = sqlml.connect()\nassert con.execute('SELECT 42').fetchall() == [(42,)]\ncon.close()"
    assert not _loaded(program) & set(HEAVY)


def test_planning_imports_no_engine() -> None:
    # The package's own __init__ opens the door to everything: it is replaced by an empty one.
    program = f"""
import sys, types
package = types.ModuleType("sqlml")
package.__path__ = ["sqlml"]
sys.modules["sqlml"] = package
import {", ".join(PLANNING)}
"""
    loaded = _loaded(program)
    assert "sqlglot" in loaded
    assert not loaded & {"duckdb", "sqlml_udfs", "pyarrow", *HEAVY}


def test_statements_import_no_training_library() -> None:
    program = """
import sys, types
package = types.ModuleType("sqlml")
package.__path__ = ["sqlml"]
sys.modules["sqlml"] = package
from sqlml.statements.create_model import CreateModel
from sqlml.statements.drop_model import DropModel
"""
    assert not _loaded(program) & set(HEAVY)


def test_udfs_import_nothing_of_ours() -> None:
    program = "import sys, types\nsys.path.insert(0, 'udfs')\nimport sqlml_predict"
    loaded = _loaded(program)
    assert not loaded & {"sqlml", "duckdb", "sqlglot", *HEAVY}


def test_a_run_of_tests_has_a_key_of_its_own(own_config: Path) -> None:
    import sqlml
    from sqlml.signing import key_path

    assert os.environ["SQLML_CONFIG_DIR"] == str(own_config)
    assert key_path().parent == own_config
    connection = sqlml.connect()
    connection.execute("CREATE TABLE t AS SELECT a, a AS y FROM range(3) AS r(a)")
    connection.execute("CREATE MODEL m OPTIONS (model_type = 'linear_reg', input_label_cols = ['y']) AS FROM t")
    connection.close()
    assert key_path().stat().st_mode & 0o777 == 0o600
