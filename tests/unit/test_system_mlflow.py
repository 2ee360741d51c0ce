"""`system.mlflow.*`: experiments, runs and the metrics of each step, with Databricks' columns."""

from __future__ import annotations

from pathlib import Path

import pytest

import sqlml

_COLUMNS = {
    "experiments_latest": {"account_id", "update_time", "delete_time", "experiment_id", "workspace_id", "name"},
    "runs_latest": {"run_id", "experiment_id", "run_name", "status", "start_time", "end_time", "params", "tags"},
    "run_metrics_history": {"run_id", "metric_name", "metric_time", "metric_value", "metric_step", "insert_time"},
}


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory):
    with sqlml.connect(tmp_path_factory.mktemp("mlflow") / "two words.duckdb") as found:
        found.execute("CREATE TABLE s AS SELECT i AS x, i % 3 AS g FROM range(40) AS r(i)")
        found.execute(
            "CREATE MODEL m OPTIONS (model_type='boosted_tree_regressor', input_label_cols=['x'], experiment='weekly',"
            " max_iterations=3) AS SELECT x, g FROM s"
        )
        yield found


@pytest.mark.parametrize("table", _COLUMNS)
def test_columns_are_there(con: sqlml.Connection, table: str) -> None:
    found = con.execute(f"DESCRIBE SELECT * FROM system.mlflow.{table}").fetchall()
    assert _COLUMNS[table] <= {row[0] for row in found}
    assert con.execute(f"SELECT count(*) > 0 FROM system.mlflow.{table} AS t").fetchall() == [(True,)]


def test_a_run_has_its_parameters_metrics_and_model(con: sqlml.Connection) -> None:
    con.execute("BEGIN")
    asked = """
        SELECT e.name, r.run_name, r.status, r.params['max_iterations'], r.tags['version'],
               list_filter(r.aggregated_metrics, lambda m: m.metric_name = 'loss')[1].latest
        FROM system.mlflow.runs_latest AS r JOIN "system".mlflow.experiments_latest AS e USING (experiment_id)
        WHERE e.name = $1
    """
    [row] = con.execute(asked, ["weekly"]).fetchall()
    steps = con.execute(
        "SELECT metric_value FROM system.mlflow.run_metrics_history WHERE metric_name = 'loss' ORDER BY metric_step"
    ).fetchall()
    con.execute("ROLLBACK")
    assert row == ("weekly", "m@1", "FINISHED", "3", "1", steps[-1][0])
    assert len(steps) in (2, 3)


def test_only_superusers_see_them(tmp_path: Path) -> None:
    con = sqlml.connect(tmp_path / "a.duckdb")
    con.execute("CREATE USER boss SUPERUSER; CREATE USER ana")
    assert con.execute("SELECT count(*) FROM system.mlflow.runs_latest").fetchall() == [(0,)]
    con.execute("SET SESSION AUTHORIZATION ana")
    with pytest.raises(sqlml.SqlmlError, match="names what may be hidden from you"):
        con.execute("SELECT * FROM system.mlflow.runs_latest")
    con.close()
