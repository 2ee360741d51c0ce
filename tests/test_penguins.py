"""BigQuery's tutorial on the Palmer penguins, its statement as written: R2 is 0.872."""

import csv
from importlib.resources import files

import pytest

import sqlml

TUTORIAL = """
CREATE OR REPLACE MODEL `bqml_tutorial.penguins_model`
OPTIONS
  (model_type='linear_reg',
  input_label_cols=['body_mass_g']) AS
SELECT
  *
FROM
  `bigquery-public-data.ml_datasets.penguins`
WHERE
  body_mass_g IS NOT NULL
"""
# The columns of BigQuery's table; palmerpenguins calls culmen bill and adds the year.
COLUMNS = {
    "species": "VARCHAR",
    "island": "VARCHAR",
    "culmen_length_mm": "DOUBLE",
    "culmen_depth_mm": "DOUBLE",
    "flipper_length_mm": "DOUBLE",
    "body_mass_g": "DOUBLE",
    "sex": "VARCHAR",
}


@pytest.fixture
def con():
    connection = sqlml.connect()
    connection.execute(
        """ATTACH ':memory:' AS "bigquery-public-data"; CREATE SCHEMA "bigquery-public-data".ml_datasets"""
    )
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    connection.execute(f'CREATE TABLE "bigquery-public-data".ml_datasets.penguins ({columns})')
    text = files("palmerpenguins").joinpath("data/penguins.csv").read_text()
    for row in csv.DictReader(text.splitlines()):
        values = [row[name.replace("culmen", "bill")] for name in COLUMNS]
        connection.execute(
            'INSERT INTO "bigquery-public-data".ml_datasets.penguins VALUES (?, ?, ?, ?, ?, ?, ?)',
            [None if v in ("", "NA") else v for v in values],
        )
    connection.execute("CREATE SCHEMA bqml_tutorial")
    yield connection
    connection.close()


def test_the_tutorial_gives_the_published_r2(con):
    model, version, metrics, seconds = con.execute(TUTORIAL).fetchone()
    assert (model, version) == ("penguins_model", 1)
    assert seconds > 0
    assert round(metrics["r2_score"], 3) == 0.872
    evaluated = con.execute(
        """SELECT * FROM ML.EVALUATE(MODEL `bqml_tutorial.penguins_model`,
           (SELECT * FROM `bigquery-public-data.ml_datasets.penguins` WHERE body_mass_g IS NOT NULL))"""
    ).df()
    assert round(evaluated.r2_score[0], 3) == 0.872
    # The tutorial prints a mean absolute error of 227.01 and a mean squared error of 81838.16.
    assert abs(evaluated.mean_absolute_error[0] - 227.01) < 1
    assert abs(evaluated.mean_squared_error[0] - 81838.16) < 500


def test_the_tutorial_predicts(con):
    con.execute(TUTORIAL)
    rows = con.execute(
        """SELECT * FROM ML.PREDICT(MODEL `bqml_tutorial.penguins_model`,
           (SELECT * FROM `bigquery-public-data.ml_datasets.penguins` WHERE island = 'Biscoe'))"""
    ).df()
    assert list(rows.columns) == ["predicted_body_mass_g", *COLUMNS]
    assert len(rows) == 168
    known = rows[rows.body_mass_g.notna()]
    assert (known.predicted_body_mass_g - known.body_mass_g).abs().mean() < 260
