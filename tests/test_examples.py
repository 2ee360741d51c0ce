"""The lessons run, answer what they say they answer, and stay lessons."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.example_runner import EXAMPLES, refreshed, run

LESSONS = sorted(EXAMPLES.glob("*.sql"))

_LESSON = """CREATE TABLE t AS SELECT 1 AS a, 'x' AS b;
SELECT a, b, NULL AS c FROM t;
-- => 1 | x | NULL
SELECT a + 1 FROM t; -- two

INSERT INTO t VALUES (2, 'y');
SELECT * FROM t WHERE a > 5;
"""


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_lesson(path: Path) -> None:
    steps = run(path.read_text("utf-8"))
    assert any(step.expected for step in steps), "a lesson has answers: python -m tests.example_runner --refresh"
    for step in steps:
        assert step.found == step.expected, f"{path.name}:{step.line}: {step.sql}"


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_is_short_and_begins_with_its_name(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") < 40
    number = int(path.stem[:2])
    assert re.match(rf"-- Lesson {number}: \S", text)


def test_lessons_are_numbered() -> None:
    assert [int(path.stem[:2]) for path in LESSONS] == list(range(1, len(LESSONS) + 1))


def test_the_runner_sees_a_wrong_answer() -> None:
    found = {step.line: (step.found, step.expected) for step in run(_LESSON)}
    assert found[2] == (["1 | x | NULL"], ["1 | x | NULL"])
    assert found[3] == (["2"], [])
    assert found[5] == ([], [])
    assert run(_LESSON.replace("=> 1 |", "=> 7 |"))[1].expected == ["7 | x | NULL"]


def test_refresh_writes_the_answers() -> None:
    expected = _LESSON.replace("-- two\n", "-- two\n-- => 2\n")
    assert refreshed(_LESSON) == expected
    assert refreshed(expected) == expected
    assert refreshed(_LESSON.replace("=> 1 |", "=> 7 |")) == expected
