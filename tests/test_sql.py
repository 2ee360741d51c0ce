"""Every .test file, through every door."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sqllogictest import DOORS, Door, Run, read

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("sql/**/*.test"))


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(HERE / "sql").with_suffix("").as_posix())
def test_file(path: Path, door: Door, tmp_path: Path) -> None:
    Run(door, tmp_path).file(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(HERE / "sql").with_suffix("").as_posix())
def test_file_has_a_head_and_asserts(path: Path) -> None:
    text = path.read_text("utf-8")
    name, description, group, *_ = text.splitlines()
    assert name == f"# name: {path.relative_to(HERE.parent).as_posix()}"
    assert description.startswith("# description: ")
    assert group == f"# group: [{path.parent.name}]"
    assert any(record.kind in ("query", "error") for record in read(text))
