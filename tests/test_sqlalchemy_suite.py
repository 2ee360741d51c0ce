"""SQLAlchemy's own test suite for dialects, in a process of its own: its plugin changes how tests are collected.

Each run takes the classes below; `SQLML_SQLALCHEMY_SUITE=all` the whole, which takes minutes.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
# The classes that would show first that a statement, a type or a reflection went wrong.
SHORT = (
    "InsertBehaviorTest or ReturningTest or RowCountTest or HasTableTest or HasIndexTest or CTETest or JoinTest"
    " or IntegerTest or NumericTest or JSONTest or UuidTest or IntervalTest or ComputedReflectionTest or ArrayTest"
)


def test_the_suite_passes(tmp_path):
    (tmp_path / "setup.cfg").write_text(
        "[sqla_testing]\n"
        "requirement_cls=tests.sqlalchemy_suite.requirements:Requirements\n"
        f"profile_file={tmp_path / 'profiles.txt'}\n"
    )
    command = [
        *(sys.executable, "-m", "pytest", str(ROOT / "tests/sqlalchemy_suite/suite.py")),
        *("--rootdir", str(tmp_path), "-c", str(tmp_path / "setup.cfg"), "-q", "-W", "default", "--tb", "short"),
        *("-p", "tests.sqlalchemy_suite.provision", "-p", "sqlalchemy.testing.plugin.pytestplugin"),
        *("-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider"),
        *("--dburi", f"sqlml:///{tmp_path / 'suite.duckdb'}"),
    ]
    is_whole = os.environ.get("SQLML_SQLALCHEMY_SUITE") == "all"
    if not is_whole:
        command += ["-k", SHORT]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    [passed] = re.findall(r"(\d+) passed", done.stdout)
    assert int(passed) > (1400 if is_whole else 60)
