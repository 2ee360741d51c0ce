"""Stored models that were damaged, swapped or brought along: each is refused before a byte of it is parsed."""

from __future__ import annotations

import json
import os
import pickle
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

import sqlml
from sqlml import artifacts, errors, signing
from tests.road.conftest import Connect, at_10, catalog_state, train

MARK = "executed"


class Bomb:
    """Leaves a file behind when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (MARK,)


def rewritten(con: sqlml.Connection, body: bytes, extra: str = "") -> None:
    con.execute(
        f"UPDATE sqlml.artifacts SET body = $body, sha256 = $sha {extra} WHERE model_id = {_ID}",
        {"body": body, "sha": artifacts.sha256(body)},
    )


_ID = "(SELECT model_id FROM sqlml.models WHERE model_name = 'line')"
_OTHER = "(SELECT model_id FROM sqlml.models WHERE model_name = 'other')"
_SIGN = "(SELECT model_id FROM sqlml.models WHERE model_name = 'sign')"


def body_of_line(con: sqlml.Connection) -> bytes:
    return bytes(con.execute(f"SELECT body FROM sqlml.artifacts WHERE model_id = {_ID}").fetchall()[0][0])


def byte(at: int) -> Callable[[sqlml.Connection], None]:
    def change(con: sqlml.Connection) -> None:
        body = bytearray(body_of_line(con))
        body[at] ^= 1
        con.execute(f"UPDATE sqlml.artifacts SET body = ? WHERE model_id = {_ID}", [bytes(body)])

    change.__name__ = f"byte {at}"
    return change


def digit(con: sqlml.Connection) -> None:
    """A coefficient changed: still a document that parses."""
    document = json.loads(body_of_line(con))
    document["estimator"]["intercept"] = [1e6]
    con.execute(f"UPDATE sqlml.artifacts SET body = ? WHERE model_id = {_ID}", [artifacts.to_bytes(document)])


def hashed_anew(con: sqlml.Connection) -> None:
    """A changed coefficient, and the hash of the changed bytes."""
    document = json.loads(body_of_line(con))
    document["estimator"]["intercept"] = [1e6]
    rewritten(con, artifacts.to_bytes(document))


def truncated(con: sqlml.Connection) -> None:
    con.execute(f"UPDATE sqlml.artifacts SET body = body[:40]::BLOB WHERE model_id = {_ID}")


def emptied(con: sqlml.Connection) -> None:
    con.execute(f"UPDATE sqlml.artifacts SET body = ''::BLOB WHERE model_id = {_ID}")


def no_document(con: sqlml.Connection) -> None:
    """Bytes that would raise if they were parsed, under their right hash."""
    rewritten(con, b"\x80\x04 this is no document")


def bomb(con: sqlml.Connection) -> None:
    """Bytes that would run code if they were unpickled."""
    rewritten(con, pickle.dumps(Bomb()), ", format = 'skops'")


def bodies_swapped(con: sqlml.Connection) -> None:
    con.execute(
        "UPDATE sqlml.artifacts AS t SET body = s.body FROM sqlml.artifacts AS s"
        f" WHERE s.model_id <> t.model_id AND t.model_id IN ({_ID}, {_OTHER}) AND s.model_id IN ({_ID}, {_OTHER})"
    )


def rows_swapped(con: sqlml.Connection) -> None:
    con.execute(
        f"UPDATE sqlml.artifacts SET model_id = CASE WHEN model_id = {_ID} THEN {_OTHER} ELSE {_ID} END"
        f" WHERE model_id IN ({_ID}, {_OTHER})"
    )


def row_deleted(con: sqlml.Connection) -> None:
    con.execute(f"DELETE FROM sqlml.artifacts WHERE model_id = {_ID}")


def update(table: str, assignment: str, model: str = _ID) -> Callable[[sqlml.Connection], None]:
    def change(con: sqlml.Connection) -> None:
        con.execute(f"UPDATE sqlml.{table} SET {assignment} WHERE model_id = {model}")

    change.__name__ = f"{table}: {assignment}"
    return change


def features_deleted(con: sqlml.Connection) -> None:
    con.execute(f"DELETE FROM sqlml.features WHERE model_id = {_ID}")


def features_added(con: sqlml.Connection) -> None:
    con.execute(f"INSERT INTO sqlml.features SELECT {_ID}, 1, 2, 'z', 'DOUBLE', 'numeric'")


LINE_CHANGES = [
    byte(0),
    byte(200),
    byte(-1),
    digit,
    hashed_anew,
    truncated,
    emptied,
    no_document,
    bomb,
    bodies_swapped,
    rows_swapped,
    row_deleted,
    features_deleted,
    features_added,
    update("features", "name = 'y'"),
    update("features", "type = 'INTEGER'"),
    update("features", "family = 'text'"),
    update("artifacts", "signature = reverse(signature)"),
    update("artifacts", "signature = ''"),
    update("artifacts", "signature = 'é'"),
    update("artifacts", "library_versions = 'lightgbm=9'"),
    update("artifacts", "format = 'lightgbm'"),
    update("artifacts", "sha256 = repeat('0', 64)"),
    update("artifacts", "feature_signature = repeat('0', 64)"),
    update("artifacts", "version = 2"),
    update("model_versions", "label_type = 'VARCHAR'"),
    update("model_versions", "label_type = 'no such type('"),
    update("model_versions", "label_name = 'x'"),
    update("model_versions", "task = 'classification'"),
    update("model_versions", "classes = ['a', 'b']"),
]
SIGN_CHANGES = [
    update("model_versions", "classes = list_reverse(classes)", _SIGN),
    update("model_versions", "classes = ['false', 'maybe']", _SIGN),
    update("model_versions", "classes = []", _SIGN),
    update("model_versions", "label_type = 'VARCHAR'", _SIGN),
]
# Those of `line` first: a view over it loads what is whole, and what is loaded stays loaded.
CHANGES = [*[(c, "line") for c in LINE_CHANGES], *[(c, "sign") for c in SIGN_CHANGES]]


@pytest.fixture(scope="module")
def original(own_config: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file with two models of the same shape, a classifier, and a view over the first."""
    file = tmp_path_factory.mktemp("original") / "road.duckdb"
    con = sqlml.connect(file)
    con.execute("CREATE TABLE points AS SELECT i::DOUBLE AS x, 2.0 * i + 1 AS y FROM range(60) AS r(i)")
    train(con)
    train(con, "other", slope=3)
    con.execute(
        "CREATE MODEL sign OPTIONS (model_type = 'logistic_reg', input_label_cols = ['y'])"
        " AS SELECT x, x > 30 AS y FROM points"
    )
    con.execute("CREATE VIEW predicted AS SELECT x, ml_predict('line', p) AS y FROM points AS p")
    con.close()
    return file.read_bytes()


@pytest.fixture
def trained(original: bytes, path: Path, connect: Connect) -> sqlml.Connection:
    """A connection to a copy of that file."""
    path.write_bytes(original)
    return connect()


def uses(model: str) -> list[str]:
    return [
        f"SELECT ml_predict('{model}', x := 10)",
        f"SELECT * FROM ML.PREDICT(MODEL {model}, TABLE points)",
        f"SELECT * FROM ML.EVALUATE(MODEL {model}, TABLE points)",
        f"CREATE OR REPLACE VIEW later AS SELECT ml_predict('{model}', p) AS y FROM points AS p",
    ]


@pytest.mark.parametrize(("change", "model"), CHANGES, ids=[c.__name__ for c, _ in CHANGES])
def test_refused_where_the_model_was_used_before(
    trained: sqlml.Connection,
    change: Callable[[sqlml.Connection], None],
    model: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    expected = trained.execute("SELECT round(y, 6) FROM predicted WHERE x = 10").fetchall()
    for use in uses(model):
        trained.execute(use).fetchall()
    change(trained)
    for use in uses(model):
        with pytest.raises(errors.ArtifactRefused) as caught:
            trained.execute(use).fetchall()
        assert caught.value.hint, use
        assert caught.value.sqlstate == "58030"
        assert model in caught.value.message
    assert not Path(MARK).exists()
    # What was loaded and verified before goes on; what was changed is never seen.
    assert trained.execute("SELECT round(y, 6) FROM predicted WHERE x = 10").fetchall() == expected
    assert trained.execute("SELECT 42").fetchall() == [(42,)]


READER = """
import json, sys
import sqlml
found = {}
for path, model in json.load(sys.stdin):
    con = sqlml.connect(path)
    answers = []
    for sql in (f"SELECT ml_predict('{model}', x := 10.0)", "SELECT max(y) FROM predicted"):
        try:
            answers.append(["answer", con.execute(sql).fetchall()[0][0]])
        except sqlml.SqlmlError as error:
            answers.append([type(error).__name__, error.sqlstate, error.hint])
        except BaseException as error:
            answers.append(["raw", repr(error)])
    answers.append(con.execute("SELECT 42").fetchall()[0][0])
    found[path] = answers
    con.close()
print(json.dumps(found))
"""


def test_refused_in_a_new_process(original: bytes, connect: Connect, tmp_path: Path) -> None:
    asked = []
    for number, (change, model) in enumerate(CHANGES):
        copy = tmp_path / f"copy{number}.duckdb"
        copy.write_bytes(original)
        con = connect(copy)
        change(con)
        con.close()
        asked.append((str(copy), model))
    output = subprocess.run(
        [sys.executable, "-c", READER],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    found = json.loads(output.stdout)
    for (change, _), (copy, _) in zip(CHANGES, asked, strict=True):
        direct, view, alive = found[copy]
        assert alive == 42
        assert direct[:2] == ["ArtifactRefused", "58030"], (change.__name__, direct)
        assert direct[2], change.__name__
        # A view over a model with a SQL form is plain SQL of the file: it answers as before the change.
        assert view == ["answer", pytest.approx(119)], (change.__name__, view)
    assert not (tmp_path / MARK).exists()


def test_a_view_over_the_kernel_is_refused_in_a_new_process(own_config: Path, connect: Connect, tmp_path: Path) -> None:
    file = tmp_path / "kernel.duckdb"
    con = connect(file)
    con.execute("CREATE TABLE points AS SELECT i::DOUBLE AS x, 2.0 * (hash(i) % 97) AS y FROM range(900) AS r(i)")
    con.execute(
        "CREATE MODEL line OPTIONS (model_type = 'boosted_tree_regressor', input_label_cols = ['y'], early_stop = false,"
        " max_iterations = 300) AS FROM points"
    )
    con.execute("CREATE VIEW predicted AS SELECT x, ml_predict('line', p) AS y FROM points AS p")
    assert con.plan("SELECT ml_predict('line', p) FROM points AS p").models[0].form == "kernel"
    con.close()
    # The one that may be loaded comes last: what a process has loaded it does not read again.
    changes = (byte(200), hashed_anew_text, row_deleted, None)
    copies = []
    for number, change in enumerate(changes):
        copy = tmp_path / f"copy{number}.duckdb"
        copy.write_bytes(file.read_bytes())
        if change:
            changed = connect(copy)
            change(changed)
            changed.close()
        copies.append(str(copy))
    output = subprocess.run(
        [sys.executable, "-c", READER],
        input=json.dumps([(copy, "line") for copy in copies]),
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    found = json.loads(output.stdout)
    for change, copy in zip(changes, copies, strict=True):
        direct, view, alive = found[copy]
        assert alive == 42
        expected = "ArtifactRefused" if change else "answer"
        assert (direct[0], view[0]) == (expected, expected), change


def hashed_anew_text(con: sqlml.Connection) -> None:
    """A changed model text, and the hash of the changed bytes."""
    rewritten(con, body_of_line(con).replace(b"leaf_value=", b"leaf_value=9"))


def test_a_damaged_model_can_be_replaced_and_dropped(trained: sqlml.Connection) -> None:
    row_deleted(trained)
    bodies_swapped(trained)
    assert train(trained, slope=4, words="CREATE OR REPLACE")[1] == 2
    assert at_10(trained) == 41
    trained.execute("DROP MODEL other")
    trained.execute("DROP MODEL line CASCADE")
    assert [row[2] for row in trained.execute("SHOW MODELS").fetchall()] == ["sign"]


def test_an_older_version_does_not_step_in_for_a_deleted_artifact(trained: sqlml.Connection) -> None:
    train(trained, slope=4, words="CREATE OR REPLACE")
    trained.execute("DELETE FROM sqlml.artifacts WHERE version = 2")
    with pytest.raises(errors.ArtifactRefused):
        at_10(trained)
    assert trained.execute(
        "SELECT round(predicted_y) FROM ML.PREDICT(MODEL line VERSION 1, (SELECT 10.0 AS x))"
    ).fetchall() == [(21.0,)]


class TestKey:
    @pytest.fixture
    def key(self, own_config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A key of this test's own."""
        monkeypatch.setenv("SQLML_CONFIG_DIR", str(tmp_path / "config"))
        return signing.key_path()

    def refusal(self, con: sqlml.Connection) -> errors.ArtifactRefused:
        with pytest.raises(errors.ArtifactRefused) as caught:
            at_10(con)
        assert caught.value.hint
        assert con.execute("SELECT 42").fetchall() == [(42,)]
        return caught.value

    def test_is_the_owners_alone(self, key: Path, a: sqlml.Connection) -> None:
        assert not key.exists()
        train(a)
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert [p.name for p in key.parent.iterdir()] == ["signing.key"]

    def test_missing(self, key: Path, a: sqlml.Connection) -> None:
        train(a)
        key.unlink()
        assert "not signed with your key" in self.refusal(a).message
        assert not key.exists(), "reading makes no key"

    @pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o602])
    def test_readable_by_others(self, key: Path, a: sqlml.Connection, mode: int) -> None:
        train(a)
        before = catalog_state(a)
        key.chmod(mode)
        assert "chmod 600" in str(self.refusal(a).hint)
        with pytest.raises(errors.ArtifactRefused):
            train(a, "second")
        assert catalog_state(a) == before
        key.chmod(0o600)
        assert at_10(a) == 21

    @pytest.mark.parametrize("text", [b"", b"abc", b"zz" * 32, b"00" * 31, b"\xff\xfe" * 32])
    def test_no_key(self, key: Path, a: sqlml.Connection, text: bytes) -> None:
        train(a)
        key.write_bytes(text)
        assert "not a signing key" in self.refusal(a).message

    def test_a_folder(self, key: Path, a: sqlml.Connection) -> None:
        train(a)
        key.unlink()
        key.mkdir()
        self.refusal(a)

    def test_of_someone_else(self, key: Path, a: sqlml.Connection, connect: Connect, path: Path) -> None:
        """A file from elsewhere is refused; `sqlml trust` is named; then one's own models stand beside it."""
        train(a)
        a.close()
        key.unlink()
        elsewhere = connect()
        error = self.refusal(elsewhere)
        assert "sqlml trust" in str(error.hint)
        train(elsewhere, "own", slope=3)
        assert at_10(elsewhere, "own") == 31
        self.refusal(elsewhere)

    def test_cannot_be_made(self, a: sqlml.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("SQLML_CONFIG_DIR", str(tmp_path / "file" / "below"))
        before = catalog_state(a)
        with pytest.raises(errors.ArtifactRefused) as caught:
            train(a)
        assert caught.value.hint
        assert catalog_state(a) == before


class TestFile:
    def test_written_by_a_newer_version(self, a: sqlml.Connection, connect: Connect, path: Path) -> None:
        train(a)
        a.execute("INSERT INTO sqlml.migrations VALUES (999, 'later', now()::TIMESTAMP)")
        a.close()
        with pytest.raises(errors.NewerFile) as caught:
            connect()
        assert caught.value.sqlstate == "58P01"
        assert "Upgrade" in str(caught.value.hint)
        with pytest.raises(errors.NewerFile):
            connect(read_only=True)
        duckdb.connect(path).close()  # nobody holds the file

    def test_written_by_a_newer_version_and_attached(self, a: sqlml.Connection, connect: Connect, path: Path) -> None:
        train(a)
        a.execute("INSERT INTO sqlml.migrations VALUES (999, 'later', now()::TIMESTAMP)")
        a.close()
        memory = connect(":memory:")
        memory.execute(f"ATTACH '{path}' AS later (READ_ONLY)")
        with pytest.raises(errors.NewerFile) as caught:
            memory.execute("SELECT ml_predict('later.line', x := 1)")
        assert "later" in caught.value.message
        assert memory.execute("SELECT count(*) FROM later.points").fetchall() == [(60,)]

    @pytest.mark.parametrize(
        "sql",
        [
            "CREATE SCHEMA sqlml",
            "CREATE SCHEMA SQLML",
            "CREATE SCHEMA sqlml; CREATE TABLE sqlml.migrations (a INTEGER)",
            "CREATE SCHEMA sqlml; CREATE TABLE sqlml.models (a INTEGER)",
        ],
    )
    def test_with_a_schema_sqlml_of_the_users_own(self, connect: Connect, path: Path, sql: str) -> None:
        plain = duckdb.connect(path)
        plain.execute(sql)
        before = plain.execute("SELECT count(*) FROM duckdb_tables()").fetchall()
        plain.close()
        for read_only in (False, True):
            with pytest.raises(errors.AlreadyExists) as caught:
                connect(read_only=read_only)
            assert "not ours" in caught.value.message
            assert "rename" in str(caught.value.hint)
        plain = duckdb.connect(path)
        assert plain.execute("SELECT count(*) FROM duckdb_tables()").fetchall() == before
        plain.close()

    def test_read_only(self, a: sqlml.Connection, connect: Connect) -> None:
        train(a)
        a.execute("CREATE VIEW predicted AS SELECT x, ml_predict('line', p) AS y FROM points AS p")
        a.close()
        frozen = connect(read_only=True)
        assert at_10(frozen) == 21
        assert frozen.execute("SELECT round(y, 6) FROM predicted WHERE x = 10").fetchall() == [(21.0,)]
        assert len(frozen.execute("SHOW MODELS").fetchall()) == 1
        stages: list[str] = []
        frozen.on_progress(lambda progress: stages.append(progress.stage))
        for sql in (
            "CREATE MODEL second OPTIONS (model_type = 'linear_reg', input_label_cols = ['y']) AS FROM points",
            "CREATE OR REPLACE MODEL line OPTIONS (model_type = 'linear_reg', input_label_cols = ['y']) AS FROM points",
            "DROP MODEL line",
            "INSERT INTO points VALUES (1, 2)",
        ):
            with pytest.raises(errors.ReadOnly) as caught:
                frozen.execute(sql)
            assert caught.value.sqlstate == "25006"
            assert caught.value.hint
        assert stages == [], "nothing is trained that cannot be kept"
        assert frozen.execute("SELECT 42").fetchall() == [(42,)]

    def test_read_only_without_models(self, connect: Connect, path: Path) -> None:
        duckdb.connect(path).close()
        frozen = connect(read_only=True)
        assert frozen.execute("SHOW MODELS").fetchall() == []
        with pytest.raises(errors.NotFound):
            at_10(frozen)

    def test_that_is_no_database(self, connect: Connect, path: Path) -> None:
        path.write_bytes(b"this is no database" * 1000)
        with pytest.raises(errors.SqlmlError) as caught:
            connect()
        assert str(path) in caught.value.message or path.name in caught.value.message
        assert caught.value.hint
