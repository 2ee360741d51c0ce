"""The documentation is true: its SQL and Python run, its links lead somewhere, the reference is up to date."""

import html
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sqlml

ROOT = Path(__file__).parent.parent
PAGES = sorted(p for p in (ROOT / "docs").glob("*.md") if p.name not in ("reference.md", "matrix.md"))


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", page.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_sql_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    con = sqlml.connect()
    ran = 0
    for block in blocks(page, "sql"):
        for _, result in con.session.run_script(block):
            result.fetchall()
            ran += 1
    con.close()
    assert ran or page.stem in ("doors", "dbapi", "shell", "sqlalchemy")


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=lambda p: p.stem)
def test_python_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for block in blocks(page, "python"):
        exec(compile(block, page.name, "exec"), {})


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda p: p.stem)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_every_page_is_linked_from_the_readme():
    readme = (ROOT / "README.md").read_text("utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert f"docs/{page.name}" in readme


def test_the_picture_of_the_shell_is_that_of_its_session():
    from docs.shell_picture import PICTURE, SESSION

    # Between two colours the picture has a place instead of a space.
    shown = "".join(html.unescape(re.sub("<[^>]+>", "", PICTURE.read_text("utf-8"))).split())
    for line in "\r".join(SESSION).split("\r"):
        assert "".join(line.split()) in shown


def test_the_reference_is_up_to_date():
    done = subprocess.run(
        [sys.executable, "-m", "docs.reference", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_matrix_is_up_to_date():
    """Three of its rows are asked for again, and every model type and function stands in it."""
    from docs import matrix
    from sqlml.model_types import MODEL_TYPES

    written = (ROOT / "docs" / "matrix.md").read_text("utf-8").splitlines()
    for row in matrix.rows(MODEL_TYPES.find(n) for n in ("linear_reg", "boosted_tree_classifier", "transform_only")):
        assert row in written
    assert not matrix.missing()
    assert [line.split("]")[0] for line in written if line.startswith("| [")] == [
        f"| [{n}" for n in MODEL_TYPES.names()
    ]
