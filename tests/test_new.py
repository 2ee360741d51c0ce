"""`sqlml new NAME`: the lesson runs as it is, and nothing of the user's is written over."""

from __future__ import annotations

import subprocess
import sys

from sqlml.cli import main

SQLML = [sys.executable, "-m", "sqlml.cli"]


def run(*arguments, cwd):
    return subprocess.run([*SQLML, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


def test_the_lesson_runs(tmp_path):
    made = run("new", "my shop", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert "cd 'my shop' && sqlml run lesson.sql" in made.stdout
    folder = tmp_path / "my shop"
    assert sorted(p.name for p in folder.iterdir()) == [".gitignore", "README.md", "lesson.sql"]
    assert (folder / "README.md").read_text().startswith("# my shop\n")
    assert len((folder / "lesson.sql").read_text().splitlines()) < 40
    done = run("run", "lesson.sql", "--db", "lesson.duckdb", "--format", "csv", cwd=folder)
    assert done.returncode == 0, done.stderr
    blocks = done.stdout.splitlines()
    accuracy = float(blocks[blocks.index("accuracy,roc_auc") + 1].split(",")[0])
    assert accuracy > 0.85
    assert "true" in blocks
    assert done.stderr == ""


def test_only_an_empty_folder(tmp_path, monkeypatch, capsys):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    for name, said in (("full", "not empty"), ("file", "is a file"), ("", "needs a name")):
        assert main(["new", name]) == 2
        assert said in capsys.readouterr().err
    assert main(["new", "empty"]) == 0
    assert main(["new", "empty"]) == 2
    assert main(["new", "file/below"]) == 1
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["x"]
