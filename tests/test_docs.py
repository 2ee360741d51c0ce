"""The documentation is true: its SQL and Python run, its links lead somewhere, the reference is up to date."""

import html
import os
import re
import subprocess
import sys

import pytest

from sqlml.dialect import parse
from sqlml.errors import SqlmlError
from tests.fences import ROOT, blocks, pages
from tests.pages import LANGUAGES, Page

# What stands in docstrings has tables of its own: it is read, not run.
READ = ("reference.md", "api.md")
PAGES = [page for page in pages() if page.name not in READ]
# How many blocks of all pages may say why they are not run.
NOT_RUN = 7


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p)], ids=lambda p: p.stem)
def test_every_block_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = Page(tmp_path)
    try:
        for block in blocks(page):
            shown.run(block)
    finally:
        shown.close()


def test_few_blocks_do_not_run():
    marked = [block for page in pages() for block in blocks(page) if block.mark == "not run"]
    assert all(len(block.about) > 10 or block.about == "the grammar" for block in marked)
    assert len(marked) <= NOT_RUN, marked


def test_what_is_written_to_a_file_is_run_from_it():
    for page in PAGES:
        found = blocks(page)
        for number, block in enumerate(found):
            if block.mark == "file":
                assert any(block.about in later.text for later in found[number + 1 :] if not later.mark), block


def test_a_block_that_is_not_run_is_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```mermaid\nx\n```\n")
    with pytest.raises(AssertionError, match="mermaid is not run"):
        Page(tmp_path).run(*blocks(page))
    page.write_text("    ```sql\n    SELECT 1\n    ```\n")
    with pytest.raises(AssertionError, match="2 fences, 0 blocks"):
        blocks(page)
    page.write_text("```shell\necho one; false; true\n```\n```sql\nSELECT nothing\n```\n```python\nassert False\n```\n")
    assert {b.language for b in blocks(page)} < LANGUAGES
    for block in blocks(page):
        with pytest.raises(Exception, match=r"page.md:1: 1|nothing|assert False|^$"):
            Page(tmp_path).run(block)


@pytest.mark.parametrize("page", pages(), ids=lambda p: p.stem)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_every_page_is_linked_from_the_first():
    first = ROOT / "docs" / "index.md"
    linked = re.findall(r"\]\(([^)#]+)\)", first.read_text("utf-8"))
    for page in pages():
        assert page == first or os.path.relpath(page, first.parent) in linked


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


def test_the_examples_of_the_reference_can_be_read(con):
    """Their tables are not there, so they do not run; what a call becomes, and the clause of a warning, are no examples."""
    read = 0
    lines = (ROOT / "docs" / "reference.md").read_text("utf-8").splitlines()
    first_of_lint_rules = lines.index("## Lint rules")
    for block in blocks(ROOT / "docs" / "reference.md"):
        before = next(line for line in reversed(lines[: block.line - 1]) if line)
        if block.language != "sql" or before.startswith(("Becomes", "Is roughly")) or block.line > first_of_lint_rules:
            continue
        for piece in con.session._scripts.read(block.text):
            text = block.text[piece.start : piece.end]
            try:
                parse(text) if piece.is_ours else con.session.database.check_syntax(text)
            except SqlmlError as error:
                raise AssertionError(f"{block}: {error}") from None
            read += 1
    assert read > 100
